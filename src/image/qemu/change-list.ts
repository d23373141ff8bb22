/** A change takes 20 bytes here, and 12 of the state or more. What a machine writes has a few for each page, at most. */
const MAX_CHANGES = 2 ** 23;
/** A page is read by reading all of its changes. */
const MAX_PER_PAGE = 1024;

const FIRST_CAPACITY = 1024;

/** Which change a place names; null where it names none. */
type LastChange = (place: number) => number | null;

/** Changes of pages, each with the place of the version that it was made to: that of a change before it, or of a page. */
export class ChangeList {
  private offsets = new Float64Array(0);
  private before = new Float64Array(0);
  private lengths = new Uint16Array(0);
  /** How many there are of the same page, this one included. */
  private depths = new Uint16Array(0);
  private count = 0;
  /** Those that no page needs any more; they are used again. */
  private readonly free: number[] = [];

  /**
   * @param offset of what changed, in the file
   * @param before the version that it was made to, and the change that this is, if it is one
   * @returns its number; null where there are too many
   */
  add(offset: number, length: number, before: number, last: number | null): number | null {
    const depth = last === null ? 1 : this.depths[last]! + 1;
    const change = depth > MAX_PER_PAGE ? undefined : (this.free.pop() ?? this.next());
    if (change === undefined) return null;
    this.offsets[change] = offset;
    this.before[change] = before;
    this.lengths[change] = length;
    this.depths[change] = depth;
    return change;
  }

  /** The version that is no change, and the changes that were made to it in their order. */
  back(
    place: number,
    lastChange: LastChange,
  ): { readonly base: number; readonly changes: readonly { readonly offset: number; readonly length: number }[] } {
    const changes: { offset: number; length: number }[] = [];
    let base = place;
    for (let change = lastChange(base); change !== null; change = lastChange(base)) {
      changes.push({ offset: this.offsets[change]!, length: this.lengths[change]! });
      base = this.before[change]!;
    }
    return { base, changes: changes.reverse() };
  }

  /** Forgets a page's changes, which a whole version makes void. */
  drop(place: number, lastChange: LastChange): void {
    for (let change = lastChange(place); change !== null; change = lastChange(this.before[change]!))
      this.free.push(change);
  }

  private next(): number | undefined {
    if (this.count === MAX_CHANGES) return undefined;
    if (this.count === this.offsets.length) {
      const capacity = Math.max(FIRST_CAPACITY, this.count * 2);
      this.offsets = grown(this.offsets, new Float64Array(capacity));
      this.before = grown(this.before, new Float64Array(capacity));
      this.lengths = grown(this.lengths, new Uint16Array(capacity));
      this.depths = grown(this.depths, new Uint16Array(capacity));
    }
    return this.count++;
  }
}

function grown<T extends Float64Array | Uint16Array>(list: T, larger: T): T {
  larger.set(list);
  return larger;
}
