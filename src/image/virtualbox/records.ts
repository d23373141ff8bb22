import { hex, PAGE_SIZE } from '../../address.js';
import { decodeLzf } from '../../codec/lzf.js';
import { messageOf } from '../../errors.js';
import type { Complaints } from '../../source/reading/container.js';

/** Types of records in a unit (SSM.cpp, SSM_REC_TYPE). */
const TYPE = { end: 1, raw: 2, lzf: 3, zero: 4 };
/** Bits 7 to 5 of the first byte are 1, 0, 0. */
const FLAGS = 0xe0;
const FLAGS_SET = 0x80;

/** Length of the record that ends a unit: flags, CRC of the stream, length of the unit. */
export const END_RECORD = 16;
/** Longest header of a record: its type, then its size in six bytes. */
export const MAX_RECORD_HEADER = 7;
/** VirtualBox writes and reads no more data in a record. */
export const MAX_RECORD_DATA = PAGE_SIZE;
/** Longest record of data: a header, and data as they are; what is compressed is no longer. */
export const MAX_RECORD = MAX_RECORD_HEADER + 1 + MAX_RECORD_DATA;

/** A record of a unit as its header tells. All lengths in bytes. */
export interface RecordHead {
  readonly kind: 'end' | 'raw' | 'lzf' | 'zero';
  readonly headerLength: number;
  /** Behind the header. */
  readonly storedLength: number;
}

/**
 * The head of a record: a byte of flags and type, then the size in the manner of UTF-8, where longer forms than needed
 * are permitted.
 * @param bytes MAX_RECORD_HEADER of them, or fewer at the end of the file
 * @param at the file offset of the record, for messages
 * @returns null where the bytes end first
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export function recordHead(bytes: Uint8Array, at: number, complaints: Complaints): RecordHead | null {
  if (bytes.length < 2) return null;
  const [first, size] = [bytes[0]!, bytes[1]!];
  const type = first & 0xf;
  if ((first & FLAGS) !== FLAGS_SET || type < TYPE.end || type > TYPE.zero)
    throw complaints.damaged(`no record of a unit at file offset ${hex(at)}: it begins with ${hex(first)}`);
  if (type === TYPE.end) {
    if (size !== END_RECORD - 2)
      throw complaints.damaged(`the end of a unit at file offset ${hex(at)} is ${size} long`);
    return { kind: 'end', headerLength: 2, storedLength: size };
  }
  const kind = type === TYPE.raw ? 'raw' : type === TYPE.lzf ? 'lzf' : 'zero';
  if (size < 0x80) return { kind, headerLength: 2, storedLength: size };
  const length = Math.clz32(~(size << 24));
  if (length < 2 || length > 6) throw noSize(at, complaints);
  if (bytes.length < 1 + length) return null;
  let storedLength = size & (0x7f >> length);
  for (let index = 2; index <= length; index++) {
    const byte = bytes[index]!;
    if ((byte & 0xc0) !== 0x80) throw noSize(at, complaints);
    storedLength = storedLength * 64 + (byte & 0x3f);
  }
  return { kind, headerLength: 1 + length, storedLength };
}

function noSize(at: number, complaints: Complaints): Error {
  return complaints.damaged(`the record at file offset ${hex(at)} has no size`);
}

/**
 * How many bytes a record of data holds once it is unpacked.
 * @param stored its first stored byte, which counts KiB where the record is no raw one
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export function dataLength(head: RecordHead, stored: number, at: number, complaints: Complaints): number {
  const { kind, storedLength } = head;
  const length = kind === 'raw' ? storedLength : stored * 1024;
  const fits =
    kind === 'raw' || (kind === 'zero' ? storedLength === 1 : storedLength > 1 && storedLength - 1 <= length);
  if (!fits || length === 0 || length > MAX_RECORD_DATA)
    throw complaints.damaged(
      `the record at file offset ${hex(at)} holds ${length} bytes in ${storedLength}; expected 1 to ${MAX_RECORD_DATA}`,
    );
  return length;
}

/**
 * The data of a record.
 * @param stored what is behind the header
 * @param length what `dataLength` gives
 * @throws PoolTrackerError FORMAT_DAMAGED when they do not unpack to that
 */
export function unpackRecord({ kind }: RecordHead, stored: Buffer, length: number, complaints: Complaints): Buffer {
  if (kind === 'raw') return stored;
  if (kind === 'zero') return Buffer.alloc(length);
  let data: Buffer;
  try {
    data = decodeLzf(stored.subarray(1), length);
  } catch (error) {
    throw complaints.damaged(messageOf(error), error);
  }
  if (data.length !== length) throw complaints.damaged(`a record holds ${data.length} bytes; expected ${length}`);
  return data;
}
