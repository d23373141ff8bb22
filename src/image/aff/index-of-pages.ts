import type { Warning } from '../../errors.js';
import type { Container } from '../../source/reading/container.js';
import { type AffHash, type AffPage, loadPage, PAGE_HASHES, refusalOf } from './pages.js';
import { type AffSegment, affSegments } from './segments.js';

/** `seg0` and `segsize` are what `page0` and `pagesize` were called at first. */
const PAGE = /^(?:page|seg)(\d{1,15})$/;
const HASH = /^page(\d{1,15})_(sha1|sha256|md5)$/;

/** AFFLIB's own limit. */
const MAX_PAGE_SIZE = 16 << 20;

/** 64 GiB in pages of 64 KiB, of which nobody has seen smaller ones; an entry takes some hundred bytes. */
const MAX_PAGES = 1 << 20;

const MIN_SECTOR = 512;
const MAX_SECTOR = 4096;

/** What the segments of an image, in one file or several, say of its pages. */
export class AffIndex {
  private readonly pages = new Map<number, AffPage>();
  private readonly hashes = new Map<number, AffHash>();
  private pageSize = 0;
  private imageSize: number | null = null;
  /** The bytes that stand for a sector that could not be acquired; null where no mark was set. */
  badSector: Buffer | null = null;
  /** Whether the pages lie in raw files beside this one (.afm). */
  isMetadata = false;
  /** Of those files: the first one's extension, and how many pages each holds; 0 for all. */
  rawExtension = '';
  pagesInRaw = 0;

  constructor(readonly container: Container) {}

  /** Adds the segments of a file. @throws PoolTrackerError FORMAT_REFUSED, FORMAT_DAMAGED */
  async read(container: Container, warn: (warning: Warning) => void): Promise<void> {
    for await (const segment of affSegments(container.source, (name) => !PAGE.test(name), warn))
      this.add(segment, container);
  }

  /** The page size and the image's size, which is that of its pages where no segment says it. */
  async measure(): Promise<{ pageSize: number; byteLength: number }> {
    const { container, pageSize } = this;
    if (pageSize === 0 || pageSize > MAX_PAGE_SIZE || pageSize % MIN_SECTOR !== 0)
      throw container.damaged(`its pages have ${pageSize} bytes; expected a multiple of 512 up to ${MAX_PAGE_SIZE}`);
    let last = -1;
    for (const number of this.pages.keys()) last = Math.max(last, number);
    if (last < 0) throw container.damaged('it holds no page');
    const end = (last + 1) * pageSize;
    const byteLength =
      this.imageSize ?? end - pageSize + (await loadPage(last, this.page(last), undefined, pageSize)).length;
    if (!Number.isSafeInteger(end) || byteLength <= last * pageSize)
      throw container.damaged(`its size is ${byteLength} bytes, but it has a page ${last} of ${pageSize} bytes`);
    return { pageSize, byteLength };
  }

  get wholeSize(): number | null {
    return this.imageSize;
  }

  get sizeOfPages(): number {
    return this.pageSize;
  }

  numbers(): Iterable<number> {
    return [...this.pages.keys()].sort((a, b) => a - b);
  }

  /** @throws PoolTrackerError FORMAT_DAMAGED for one that is not there */
  page(number: number): AffPage {
    const page = this.pages.get(number);
    if (page === undefined) throw this.container.damaged(`page ${number} is not in it`);
    return page;
  }

  hash(number: number): AffHash | undefined {
    return this.hashes.get(number);
  }

  /** @throws PoolTrackerError FORMAT_REFUSED where its compression is not read, FORMAT_DAMAGED where it is there twice */
  addPage(number: number, page: AffPage): void {
    const refusal = refusalOf(page.flags);
    if (refusal !== null)
      throw this.container.refused(
        refusal,
        'write it with zlib: affconvert -o OTHER.aff, without -L; or as raw: affcat',
      );
    if (this.pages.size >= MAX_PAGES)
      throw this.container.refused(`it has more than ${MAX_PAGES} pages`, 'write it as raw: affcat');
    if (this.pages.has(number)) throw this.container.damaged(`page ${number} is there twice`);
    this.pages.set(number, page);
  }

  private add({ name, flag, offset, size, data }: AffSegment, container: Container): void {
    if (name.startsWith('affkey') || name.endsWith('/aes256'))
      throw container.refused('it is encrypted', 'decrypt it first: affcrypto -d');
    const page = PAGE.exec(name);
    if (page !== null) return this.addPage(Number(page[1]), { container, offset, stored: size, flags: flag });
    const hash = HASH.exec(name);
    if (hash !== null) return this.addHash(Number(hash[1]), hash[2]!, data);
    if (name === 'pagesize' || name === 'segsize') this.pageSize = flag;
    else if (name === 'imagesize') this.imageSize = quad(data) ?? this.imageSize;
    else if (name === 'badflag' && data !== null && isSector(data.length)) this.badSector = data;
    else if (name === 'raw_image_file_extension') {
      this.isMetadata = true;
      this.rawExtension = data?.toString('latin1') ?? '';
    } else if (name === 'pages_per_raw_image_file') this.pagesInRaw = quad(data) ?? 0;
  }

  private addHash(number: number, name: string, digest: Buffer | null): void {
    const rank = PAGE_HASHES.findIndex((kind) => kind.name === name && kind.length === digest?.length);
    const known = PAGE_HASHES.findIndex((kind) => kind.name === this.hashes.get(number)?.kind);
    if (rank < 0 || (known >= 0 && known <= rank) || this.hashes.size >= MAX_PAGES) return;
    this.hashes.set(number, { kind: PAGE_HASHES[rank]!.name, digest: digest! });
  }
}

/** A 64-bit number: its lower half, then its upper one, each big-endian; null where it is none below 2^53. */
function quad(data: Buffer | null): number | null {
  if (data?.length !== 8) return null;
  const value = data.readUInt32BE(0) + data.readUInt32BE(4) * 2 ** 32;
  return Number.isSafeInteger(value) ? value : null;
}

function isSector(length: number): boolean {
  return length >= MIN_SECTOR && length <= MAX_SECTOR && (length & (length - 1)) === 0;
}
