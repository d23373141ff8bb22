import { createHash } from 'node:crypto';
import { PAGE_SIZE, type PhysicalAddress } from '../../../address.js';
import { fitPage, type PageFit } from './page-fit.js';
import { CHANNEL_SIGNS, LAW_CHANNELS, OVERFLOW_SIGN, SPARSE_SIGN } from '../scan/page-signs.js';
import { mayBeKeyless } from './keyless-page.js';
import { mayBeSparse } from './sparse-page.js';

/** A page kept because it may be part of a table. */
export interface CarvedPage {
  readonly bytes: Buffer;
  readonly fit: PageFit;
  /** Address where it was first seen; null when the stream does not give it. */
  readonly physicalAddress: PhysicalAddress | null;
  /** Its sequence number in the stream. */
  readonly order: number;
  /** How many times identical bytes were seen. */
  copies: number;
}

/** A page kept for its first key, or because it is sparse: only the tables determine its place. */
export type UnplacedPage = Omit<CarvedPage, 'fit'>;

/** Minimum evidence for a page that is always kept; with less, it is kept while there is room. */
const SURE_SCORE = 30;
/** 64 MiB of pages: the tables of more than 200 processors with N = 4096 and 80-byte entries. */
const MAX_SURE = 16384;
const MAX_WEAK = 4096;
const MAX_OVERFLOW = 1024;
const MAX_SPARSE = 4096;
const MAX_KEYLESS = 2048;

/** Collects possible pages of tables, without duplicates, within a memory limit. */
export class PageCollection {
  readonly pages: CarvedPage[] = [];
  /** Pages that begin with the key `Ovfl`, like the page of the overflow slot in most tables. */
  readonly overflow: UnplacedPage[] = [];
  /** Sparse pages, on which no key need be at home. */
  readonly sparse: UnplacedPage[] = [];
  /** Pages like that of an overflow slot that counts without a key. */
  readonly keyless: UnplacedPage[] = [];
  /** Number of pages dropped for lack of room. */
  dropped = 0;
  /** Number of pages with sufficient evidence of their own. */
  sure = 0;
  private weak = 0;
  private readonly seen = new Map<string, { copies: number }>();

  /** Examines a page that has a sign, and keeps a copy of it when it fits. */
  offer(bytes: Uint8Array, signs: number, physicalAddress: PhysicalAddress | null, order: number): void {
    const fit = (signs & CHANNEL_SIGNS) === 0 || holdsOnlyOverflow(bytes, signs) ? null : fitPage(bytes, signs);
    const unplaced = fit === null ? this.unplaced(bytes, signs) : null;
    if (fit === null && unplaced === null) return;
    const digest = createHash('sha1').update(bytes).digest('base64');
    const known = this.seen.get(digest);
    if (known !== undefined) {
      known.copies++;
      return;
    }
    if (unplaced !== null ? unplaced.pages.length >= unplaced.most : !this.hasRoom(fit!)) {
      this.dropped++;
      return;
    }
    const copy = Buffer.alloc(PAGE_SIZE);
    copy.set(bytes);
    const kept = { bytes: copy, physicalAddress, order, copies: 1 };
    this.seen.set(digest, kept);
    if (unplaced !== null) unplaced.pages.push(kept);
    else this.seen.set(digest, this.keep({ ...kept, fit: fit! }));
  }

  /** Where a page without a fit is kept; null when it is not. */
  private unplaced(bytes: Uint8Array, signs: number): { readonly pages: UnplacedPage[]; readonly most: number } | null {
    if ((signs & OVERFLOW_SIGN) !== 0) return { pages: this.overflow, most: MAX_OVERFLOW };
    if ((signs & SPARSE_SIGN) === 0) return null;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_SIZE / 4);
    if (mayBeSparse(words)) return { pages: this.sparse, most: MAX_SPARSE };
    return mayBeKeyless(bytes) ? { pages: this.keyless, most: MAX_KEYLESS } : null;
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
}

/** Bytes of the widest entry. */
const MAX_ENTRY = Math.max(...LAW_CHANNELS.map(({ layout }) => layout.size));

/** Whether `Ovfl` is all there is on a page: the hash law, which it does not obey, says nothing of its place. */
function holdsOnlyOverflow(bytes: Uint8Array, signs: number): boolean {
  return (signs & OVERFLOW_SIGN) !== 0 && bytes.subarray(MAX_ENTRY).every((byte) => byte === 0);
}

/** The words of a page. */
export function wordsOf({ bytes }: { readonly bytes: Buffer }): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, PAGE_SIZE / 4);
}
