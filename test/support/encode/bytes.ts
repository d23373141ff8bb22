/** One number as bytes. */
export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function u32be(value: number): Buffer {
  return u32(value).reverse();
}

export function u64be(value: number | bigint): Buffer {
  return u64(BigInt.asUintN(64, BigInt(value))).reverse();
}

/** Text in a field of fixed width, padded with zeros. */
export function padded(text: string, width: number): Buffer {
  const bytes = Buffer.alloc(width);
  bytes.write(text, 'latin1');
  return bytes;
}

/** A file put together piece by piece, where each piece's place is known when it is added. */
export class FileBuilder {
  private readonly pieces: Uint8Array[] = [];
  length = 0;

  /** @returns where the piece begins */
  add(...pieces: readonly Uint8Array[]): number {
    const at = this.length;
    for (const piece of pieces) {
      this.pieces.push(piece);
      this.length += piece.length;
    }
    return at;
  }

  /** Zeros up to the next multiple of `unit`. */
  align(unit: number): void {
    this.add(Buffer.alloc((unit - (this.length % unit)) % unit));
  }

  result(): Buffer {
    return Buffer.concat(this.pieces);
  }
}
