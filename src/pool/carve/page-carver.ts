import { PAGE_SIZE, physicalAddress } from '../../address.js';
import type { PageStretch } from '../../image/pages.js';
import { KernelTraces } from '../../kernel/version.js';
import { ExpansionPages } from './fit/expansion-pages.js';
import { PageCollection } from './fit/page-collection.js';
import {
  BUILD_LAB_SIGN,
  CHANNEL_SIGNS,
  EXPANSION_SIGN,
  NOT_ZERO_SIGN,
  OVERFLOW_SIGN,
  RSDS_SIGN,
  SHARED_DATA_SIGN,
  SPARSE_SIGN,
  type PageScanner,
} from './scan/page-signs.js';

const TABLE_SIGNS = CHANNEL_SIGNS | OVERFLOW_SIGN | SPARSE_SIGN;
const TELLING_SIGNS = TABLE_SIGNS | EXPANSION_SIGN | RSDS_SIGN | SHARED_DATA_SIGN | BUILD_LAB_SIGN;

/** Page counts of a carving pass. */
export interface PassCounts {
  readonly pages: number;
  /** Pages with a known physical address, except page 0, which belongs to the firmware. */
  readonly addressed: number;
  /** Pages that are not all zeros. */
  readonly used: number;
  /** Pages with a sign of a table, which were examined closely. */
  readonly looked: number;
}

/** Takes pages with their signs, in stream order, and collects traces of tables and kernels. */
export class PageCarver {
  readonly collection = new PageCollection();
  readonly expansions = new ExpansionPages();
  readonly traces = new KernelTraces();
  private pages = 0;
  private addressed = 0;
  private used = 0;
  private looked = 0;

  get counts(): PassCounts {
    return { pages: this.pages, addressed: this.addressed, used: this.used, looked: this.looked };
  }

  /** @param signs signs of the stretch's whole pages; bytes after the last whole page are ignored */
  take({ bytes, physicalAddress: start }: PageStretch, signs: Uint16Array): void {
    for (let index = 0; index < signs.length; index++) {
      const sign = signs[index]!;
      if ((sign & NOT_ZERO_SIGN) === 0) continue;
      this.used++;
      if ((sign & TELLING_SIGNS) === 0) continue;
      const page = bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE);
      if ((sign & TABLE_SIGNS) !== 0) {
        this.looked++;
        this.collection.offer(
          page,
          sign,
          start === null ? null : physicalAddress(start + index * PAGE_SIZE),
          this.pages + index,
        );
      }
      if ((sign & EXPANSION_SIGN) !== 0) this.expansions.offer(page, this.pages + index);
      this.offerTraces(page, sign);
    }
    this.pages += signs.length;
    if (start !== null) this.addressed += signs.length - (start === 0 ? 1 : 0);
  }

  private offerTraces(page: Uint8Array, sign: number): void {
    if ((sign & (RSDS_SIGN | SHARED_DATA_SIGN | BUILD_LAB_SIGN)) === 0) return;
    const bytes = Buffer.from(page.buffer, page.byteOffset, page.length);
    if ((sign & RSDS_SIGN) !== 0) this.traces.offerPdbs(bytes);
    if ((sign & SHARED_DATA_SIGN) !== 0) this.traces.offerSharedData(bytes);
    if ((sign & BUILD_LAB_SIGN) !== 0) this.traces.offerBuildLabs(bytes);
  }
}

/** Signs of a stretch's whole pages. */
export function signsOf(scanner: PageScanner, bytes: Uint8Array): Uint16Array {
  const signs = new Uint16Array(Math.floor(bytes.length / PAGE_SIZE));
  scanner.scan(bytes.subarray(0, signs.length * PAGE_SIZE), signs);
  return signs;
}
