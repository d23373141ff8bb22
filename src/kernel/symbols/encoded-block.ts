/** `KDBG`, as a little-endian number. */
export const TAG = 0x4742444b;
/** Offsets in KDDEBUGGER_DATA64 of its tag and size (two 32-bit numbers), and of the kernel's base. */
export const TAG_AT = 0x10;
export const KERN_BASE_AT = 0x18;

/** The block's size in bytes: 0x340 in Windows 7, 0x388 in Windows 11. */
export const MIN_SIZE = 0x1c0;
export const MAX_SIZE = 0x1000;

/** How one encoded block is decoded. */
export interface Decoding {
  /** Where the block begins in the bytes that were searched. */
  readonly at: number;
  /** Its claimed size in bytes, from MIN_SIZE to MAX_SIZE. */
  readonly size: number;
  /** Bits by which each word was turned to the right. */
  readonly turn: number;
}

function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

/**
 * Finds encoded debugger blocks without their keys. A running Windows 8 or later keeps each 64-bit word of the block as
 *
 *     turn right(swap bytes(word ^ KiWaitAlways) ^ address of KdpDataBlockEncoded) ^ KiWaitNever
 *
 * turned by the lowest bits of KiWaitNever. All three keys vanish from the XOR of two encoded words, which is the XOR of
 * the plain ones with swapped bytes, turned. Tag, size and the kernel's base are known, so at the block's place, and in
 * practice only there, one of 64 turns makes their XOR that of two neighbouring words.
 * @param bytes of the kernel's data
 * @param step blocks begin at multiples of this
 * @param kernelBase in 64 bits
 */
export function* encodedBlocks(bytes: Buffer, kernelBase: bigint, step: number): Generator<Decoding> {
  const base = { low: Number(kernelBase & 0xffffffffn), high: Number(kernelBase >> 32n) };
  const wanted = swapped((TAG ^ base.low) >>> 0);
  for (let at = 0; at + MIN_SIZE <= bytes.length; at += step) {
    const low = bytes.readInt32LE(at + TAG_AT) ^ bytes.readInt32LE(at + KERN_BASE_AT);
    const high = bytes.readInt32LE(at + TAG_AT + 4) ^ bytes.readInt32LE(at + KERN_BASE_AT + 4);
    if (low === 0 && high === 0) continue;
    for (let turn = 0; turn < 64; turn++) {
      const bits = turn & 31;
      const [upper, lower] = turn < 32 ? [high, low] : [low, high];
      const turnedHigh = bits === 0 ? upper : (upper << bits) | (lower >>> (32 - bits));
      if (turnedHigh >>> 0 !== wanted) continue;
      const turnedLow = bits === 0 ? lower : (lower << bits) | (upper >>> (32 - bits));
      const size = (swapped(turnedLow >>> 0) ^ base.high) >>> 0;
      if (size >= MIN_SIZE && size <= MAX_SIZE) yield { at, size, turn };
    }
  }
}

/** Decodes the words of an encoded block by the one whose plain text is known, the kernel's base. */
export function decodeBlock(encoded: Buffer, turn: number, kernelBase: bigint): Buffer {
  const known = encoded.readBigUInt64LE(KERN_BASE_AT);
  const plain = Buffer.alloc(encoded.length);
  const swap = Buffer.alloc(8);
  for (let at = 0; at + 8 <= encoded.length; at += 8) {
    const mixed = encoded.readBigUInt64LE(at) ^ known;
    swap.writeBigUInt64LE(BigInt.asUintN(64, (mixed << BigInt(turn)) | (mixed >> BigInt(64 - turn))));
    plain.writeBigUInt64LE(swap.readBigUInt64BE() ^ kernelBase, at);
  }
  return plain;
}
