/*
 * Parquet's hybrid of run-length encoding and bit packing (parquet-format, Encodings.md): runs of a value that is
 * repeated, and groups of eight values of a fixed number of bits, least significant bit first.
 */

/** Values of a run that is shorter are packed. */
const MIN_RUN = 8;

/** Bits that hold every index below `count`. */
export function bitWidthOf(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1);
}

/** @returns the position behind it */
function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  for (; rest > 0x7f; rest >>>= 7) bytes[end++] = (rest & 0x7f) | 0x80;
  bytes[end++] = rest;
  return end;
}

function putRun(bytes: Uint8Array, at: number, value: number, count: number, bitWidth: number): number {
  let end = putVarint(bytes, at, count << 1);
  for (let shift = 0; shift < bitWidth; shift += 8) bytes[end++] = (value >>> shift) & 0xff;
  return end;
}

function putPacked(
  bytes: Uint8Array,
  at: number,
  values: Int32Array,
  start: number,
  end: number,
  bitWidth: number,
): number {
  const groups = Math.ceil((end - start) / 8);
  const from = putVarint(bytes, at, (groups << 1) | 1);
  let out = from;
  let held = 0;
  let bits = 0;
  for (let index = start; index < end; index++) {
    held |= values[index]! << bits;
    bits += bitWidth;
    while (bits >= 8) {
      bytes[out++] = held & 0xff;
      held >>>= 8;
      bits -= 8;
    }
  }
  if (bits > 0) bytes[out++] = held;
  // The last group is filled up with zeros.
  bytes.fill(0, out, from + groups * bitWidth);
  return from + groups * bitWidth;
}

/** Room for a page before its size is known, the same again and again. */
let scratch = new Uint8Array(0);

/**
 * Indices into a dictionary as a data page has them: the width in bits, then the hybrid.
 * @param bitWidth at most 24: with up to seven bits of the one before, a value must fit into 32
 */
export function packedIndices(values: Int32Array, bitWidth: number): Uint8Array {
  const count = values.length;
  // Each group of eight at most begins a run or a stretch of packed groups, with a header of five bytes.
  const most = 1 + (Math.ceil(count / 8) + 1) * (bitWidth + 5 + 4);
  if (scratch.length < most) scratch = new Uint8Array(most);
  const bytes = scratch;
  bytes[0] = bitWidth;
  let at = 1;
  let packedFrom = 0;
  let index = 0;
  while (index < count) {
    const value = values[index]!;
    let next = index + 1;
    while (next < count && values[next] === value) next++;
    if (next - index < MIN_RUN) {
      index = Math.min(index + 8, count);
      continue;
    }
    if (index > packedFrom) at = putPacked(bytes, at, values, packedFrom, index, bitWidth);
    at = putRun(bytes, at, value, next - index, bitWidth);
    index = next;
    packedFrom = next;
  }
  if (count > packedFrom) at = putPacked(bytes, at, values, packedFrom, count, bitWidth);
  return bytes.slice(0, at);
}

/**
 * Definition levels of a column that may be null, as a data page (version 1) has them: length in bytes, then the hybrid.
 *
 * @param bits one a row, as validity bitmaps have them, which is how Parquet packs levels of one bit; null where all
 *   rows are alike
 * @param rows of the page
 * @param level of all rows, where they are alike
 */
export function definitionLevels(bits: Uint8Array | null, rows: number, level: 0 | 1): Uint8Array {
  const packed = bits === null ? 1 : Math.ceil(rows / 8);
  const bytes = new Uint8Array(4 + 5 + packed);
  const end =
    bits === null
      ? putRun(bytes, 4, level, rows, 1)
      : putVarint(bytes, 4, (Math.ceil(rows / 8) << 1) | 1) + Math.ceil(rows / 8);
  if (bits !== null) bytes.set(bits.subarray(0, packed), end - packed);
  new DataView(bytes.buffer).setUint32(0, end - 4, true);
  return bytes.subarray(0, end);
}
