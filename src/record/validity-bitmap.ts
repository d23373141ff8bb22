/** Which rows of a column are not null, one bit a row, least significant bit first, as Arrow lays it out. */
export class ValidityBitmap {
  private readonly bits: Uint8Array;
  nullCount = 0;

  /** @param capacity in rows */
  constructor(capacity: number) {
    this.bits = new Uint8Array(Math.ceil(capacity / 8));
  }

  setValid(row: number): void {
    this.bits[row >> 3]! |= 1 << (row & 7);
  }

  setNull(): void {
    this.nullCount++;
  }

  /** A copy of the first rows' bits, null when no row is null; empties the bitmap. */
  take(rows: number): Uint8Array | null {
    const taken = this.nullCount === 0 ? null : this.bits.slice(0, Math.ceil(rows / 8));
    this.bits.fill(0);
    this.nullCount = 0;
    return taken;
  }
}
