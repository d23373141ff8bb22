import { PAGE_SIZE, virtualAddress } from '../address.js';
import { MAX_PAGES_AHEAD, type VirtualMemory, type VirtualStretch } from './virtual-memory.js';

/** Pages after which the next are fetched; fewer than are fetched at a time, so that all that lies near comes together. */
const PAGES_BETWEEN = 256;

/** Fetches stretches that are read from the first to the last ahead of their reads, where the image is remote. */
export class ReadAhead {
  private next = 0;

  constructor(
    private readonly memory: VirtualMemory,
    private readonly stretches: readonly VirtualStretch[],
  ) {}

  /** To be awaited before that page is read, counted from 0 through all stretches. */
  async before(page: number): Promise<void> {
    if (!this.memory.isRemote || page < this.next) return;
    this.next = page + PAGES_BETWEEN;
    await this.memory.prefetch([...this.from(page)]);
  }

  private *from(page: number): Generator<VirtualStretch> {
    let before = 0;
    for (const { address, length } of this.stretches) {
      if (before >= page + MAX_PAGES_AHEAD) return;
      const skipped = Math.max(0, page - before) * PAGE_SIZE;
      before += pagesIn({ address, length });
      const start = skipped === 0 ? address : virtualAddress((address & ~0xfffn) + BigInt(skipped));
      const left = length - Number(start - address);
      if (left > 0) yield { address: start, length: left };
    }
  }
}

/** Number of pages that a stretch touches. */
export function pagesIn({ address, length }: VirtualStretch): number {
  return Math.ceil((Number(address & 0xfffn) + length) / PAGE_SIZE);
}

/** Items that are fetched together at first and at most: a search may end with any of them. */
const FIRST_WINDOW = 8;
const MAX_WINDOW = 64;

/** Memory that may be told what is read next. */
interface Prefetching<Stretch> {
  readonly isRemote: boolean;
  prefetch(stretches: readonly Stretch[]): Promise<void>;
}

/**
 * The items of a search, in order. Where the image is remote, what is looked at for the next of them is fetched before
 * the first of these is given: few at first, then more.
 * @param stretchesOf what is looked at for an item
 */
export function fetchedAhead<Item, Stretch>(
  memory: Prefetching<Stretch>,
  items: Iterable<Item> | AsyncIterable<Item>,
  stretchesOf: (item: Item) => readonly Stretch[],
): Iterable<Item> | AsyncIterable<Item> {
  return memory.isRemote ? inWindows(memory, items, stretchesOf) : items;
}

async function* inWindows<Item, Stretch>(
  memory: Prefetching<Stretch>,
  items: Iterable<Item> | AsyncIterable<Item>,
  stretchesOf: (item: Item) => readonly Stretch[],
): AsyncGenerator<Item> {
  let most = FIRST_WINDOW;
  let window: Item[] = [];
  for await (const item of items) {
    window.push(item);
    if (window.length < most) continue;
    await memory.prefetch(window.flatMap(stretchesOf));
    yield* window;
    window = [];
    most = Math.min(MAX_WINDOW, most * 2);
  }
  if (window.length > 0) await memory.prefetch(window.flatMap(stretchesOf));
  yield* window;
}
