import { createHash } from 'node:crypto';
import { PAGE_SIZE, type PhysicalAddress } from '../../../address.js';
import { fitPage, type PageFit } from './page-fit.js';
import { CHANNEL_SIGNS, OVERFLOW_SIGN } from '../scan/page-signs.js';

/** A page kept because it may be part of a table. */
export interface CarvedPage {
  readonly bytes: Buffer;
  readonly fit: PageFit;
  /** Where it was first seen; null when the stream does not tell. */
  readonly physicalAddress: PhysicalAddress | null;
  /** Its number in the stream. */
  readonly order: number;
  /** How many times the very same bytes were seen. */
  copies: number;
}

/** A page that begins with the key `Ovfl`: the place of the overflow slot of most tables. */
export type OverflowPage = Omit<CarvedPage, 'fit'>;

/** Evidence from which a page is kept whatever comes; below it, only as long as there is room. */
const SURE_SCORE = 30;
/** 64 MiB of pages: the tables of more than 200 processors with N = 4096 and 80-byte entries. */
const MAX_SURE = 16384;
const MAX_WEAK = 4096;
const MAX_OVERFLOW = 1024;

/** Keeps what may be pages of tables, each once, and no more than memory is set aside for. */
export class PageCollection {
  readonly pages: CarvedPage[] = [];
  readonly overflow: OverflowPage[] = [];
  /** Pages that there was no room for. */
  dropped = 0;
  /** Pages with enough evidence in themselves. */
  sure = 0;
  private weak = 0;
  private readonly seen = new Map<string, { copies: number }>();

  /** Looks closer at a page that bears a sign, and keeps a copy of it when it fits. */
  offer(bytes: Uint8Array, signs: number, physicalAddress: PhysicalAddress | null, order: number): void {
    const isOverflow = (signs & OVERFLOW_SIGN) !== 0;
    const fit = (signs & CHANNEL_SIGNS) === 0 ? null : fitPage(bytes, signs);
    if (fit === null && !isOverflow) return;
    const digest = createHash('sha1').update(bytes).digest('base64');
    const known = this.seen.get(digest);
    if (known !== undefined) {
      known.copies++;
      return;
    }
    if (fit === null ? this.overflow.length >= MAX_OVERFLOW : !this.hasRoom(fit)) {
      this.dropped++;
      return;
    }
    const copy = Buffer.alloc(PAGE_SIZE);
    copy.set(bytes);
    const kept = { bytes: copy, physicalAddress, order, copies: 1 };
    this.seen.set(digest, fit === null ? this.keepOverflow(kept) : this.keep({ ...kept, fit }));
  }

  private hasRoom({ score }: PageFit): boolean {
    if (score < SURE_SCORE) return this.weak < MAX_WEAK;
    return this.sure < MAX_SURE;
  }

  private keep(page: CarvedPage): CarvedPage {
    this.pages.push(page);
    if (page.fit.score < SURE_SCORE) this.weak++;
    else this.sure++;
    return page;
  }

  private keepOverflow(page: OverflowPage): OverflowPage {
    this.overflow.push(page);
    return page;
  }
}

/** The words of a page. */
export function wordsOf({ bytes }: { readonly bytes: Buffer }): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_SIZE / 4);
}
