import type { PoolTrackerError } from '../../errors.js';

/** The magic number that begins a frame (RFC 8878, 3.1.1). */
export const ZSTD_FRAME = 0xfd2fb528;

/** With the magic number. */
export const MAX_ZSTD_HEADER = 18;

/** What zstd itself takes without being told to (ZSTD_WINDOWLOG_LIMIT_DEFAULT), and so do both decoders. */
export const MAX_ZSTD_WINDOW = 1 << 27;

/** The most that a block takes, and the most that it holds. */
export const MAX_ZSTD_BLOCK = 1 << 17;

/** A Frame_Header (RFC 8878, 3.1.1.1). */
export interface ZstdHeader {
  /** Bytes that it takes, without the magic number. */
  readonly length: number;
  readonly window: number;
  /** Decompressed bytes, where they are told. */
  readonly size: number | null;
  readonly dictionary: boolean;
  readonly checksum: boolean;
}

/** @param head begins behind the magic number; 14 bytes, filled up where the file ends before */
export function parseZstdHeader(head: Buffer): ZstdHeader {
  const descriptor = head.readUInt8();
  const single = (descriptor & 0x20) !== 0;
  const dictionaryLength = [0, 1, 2, 4][descriptor & 3]!;
  const sizeLength = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const sizeAt = 1 + (single ? 0 : 1) + dictionaryLength;
  const size =
    sizeLength === 0
      ? null
      : sizeLength === 8
        ? Number(head.readBigUInt64LE(sizeAt))
        : head.readUIntLE(sizeAt, sizeLength) + (sizeLength === 2 ? 256 : 0);
  const base = 2 ** (10 + (head.readUInt8(1) >> 3));
  return {
    length: sizeAt + sizeLength,
    window: single ? size! : base + (base / 8) * (head.readUInt8(1) & 7),
    size,
    dictionary: dictionaryLength > 0,
    checksum: (descriptor & 4) !== 0,
  };
}

/** Decodes zstd frames, one behind another, whose bytes it is given in pieces. Holds a frame's window, never a frame. */
export interface ZstdDecoder {
  /**
   * All that `piece` decodes to, ZSTD_PIECE bytes at a time, none earlier than asked for. Read it to its end before
   * the next piece is given.
   * @param piece does not reach beyond the end of a frame
   * @throws what the decoder was made with, made of what is wrong; no more can be decoded then
   */
  decode(piece: Uint8Array): AsyncIterable<Uint8Array>;
  /** Lets go of its memory, wherever it stands. */
  close(): void;
}

/** Makes the error that a decoder throws from what is wrong with the data. */
export type ZstdFailure = (problem: string, cause?: unknown) => PoolTrackerError;

/** Bytes put out at once, at most. */
export const ZSTD_PIECE = 1 << 18;

/** ZSTD_ErrorCode (zstd_errors.h), stable from zstd 1.3.1 on; the decoders' own words for them differ. */
const PROBLEMS: Readonly<Record<number, string>> = {
  10: 'no frame begins there',
  14: 'a frame header has bits that are reserved',
  16: 'a frame takes too large a window',
  20: 'a block is damaged, or repeats what is not in the frame',
  22: "a frame's content does not match its checksum",
  24: "a block's literals have a wrong header",
  30: 'a table is damaged, or one of a dictionary is missing',
  32: 'a frame was compressed with a dictionary',
  64: 'there is not memory enough for its window',
  70: 'it holds more than belongs there',
  72: 'it is cut short, or something follows it',
};

/** What an error of libzstd means. */
export function zstdProblem(code: number): string {
  return PROBLEMS[code] ?? `error ${code} of libzstd`;
}
