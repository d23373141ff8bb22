/** Pages told apart by one set of bits. */
const GROUP = 1 << 16;

/** Which physical pages were seen, for formats that may store one twice. Takes a bit for each page near one seen. */
export class PageSet {
  private readonly groups = new Map<number, Uint8Array>();

  /** Whether `page` was new. */
  add(page: number): boolean {
    const key = Math.floor(page / GROUP);
    let group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, (group = new Uint8Array(GROUP / 8)));
    const index = (page % GROUP) >> 3;
    const bit = 1 << (page & 7);
    if (group[index]! & bit) return false;
    group[index]! |= bit;
    return true;
  }
}
