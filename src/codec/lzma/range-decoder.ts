/** A probability of one half, of 2048; what bits are begins with it. */
export const HALF = 1 << 10;
/** Turns unsigned numbers into signed ones of the same order. */
export const SIGN = 1 << 31;

/** The range coder of LZMA (lzma-specification.txt): bits by adaptive probabilities, alone or in trees. */
export class RangeDecoder {
  protected probabilities = new Uint16Array(0);
  protected input: Uint8Array = new Uint8Array(0);
  protected at = 0;
  protected range = -1;
  protected code = 0;

  protected bit(index: number): number {
    const { probabilities } = this;
    const probability = probabilities[index]!;
    const bound = Math.imul(this.range >>> 11, probability);
    if ((this.code ^ SIGN) < (bound ^ SIGN)) {
      this.range = bound;
      probabilities[index] = probability + ((2048 - probability) >> 5);
      this.normalize();
      return 0;
    }
    this.range = (this.range - bound) | 0;
    this.code = (this.code - bound) | 0;
    probabilities[index] = probability - (probability >> 5);
    this.normalize();
    return 1;
  }

  protected plainBit(): number {
    this.range >>>= 1;
    const isOne = (this.code ^ SIGN) >= (this.range ^ SIGN);
    if (isOne) this.code = (this.code - this.range) | 0;
    this.normalize();
    return isOne ? 1 : 0;
  }

  private normalize(): void {
    if ((this.range & 0xff000000) !== 0) return;
    this.range <<= 8;
    this.code = (this.code << 8) | this.input[this.at++]!;
  }

  /** As `bit`, again and again; by far the most of all bits are read here and of literals. */
  protected tree(base: number, bits: number): number {
    const { probabilities, input } = this;
    let { range, code, at } = this;
    let symbol = 1;
    for (let left = bits; left > 0; left--) {
      const index = base + symbol;
      const probability = probabilities[index]!;
      const bound = Math.imul(range >>> 11, probability);
      if ((code ^ SIGN) < (bound ^ SIGN)) {
        range = bound;
        probabilities[index] = probability + ((2048 - probability) >> 5);
        symbol <<= 1;
      } else {
        range = (range - bound) | 0;
        code = (code - bound) | 0;
        probabilities[index] = probability - (probability >> 5);
        symbol = (symbol << 1) | 1;
      }
      if ((range & 0xff000000) === 0) {
        range <<= 8;
        code = (code << 8) | input[at++]!;
      }
    }
    this.range = range;
    this.code = code;
    this.at = at;
    return symbol - (1 << bits);
  }

  protected reverseTree(base: number, bits: number): number {
    let symbol = 1;
    let result = 0;
    for (let bit = 0; bit < bits; bit++) {
      const value = this.bit(base + symbol);
      symbol = (symbol << 1) | value;
      result |= value << bit;
    }
    return result;
  }
}
