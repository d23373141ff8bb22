import { hex } from '../../address.js';
import { crc32 } from '../../codec/crc32.js';
import type { ByteReader } from '../../source/reading/byte-reader.js';
import { Fields } from '../../source/reading/container.js';
import { MAX_RECORD_HEADER, recordHead } from './records.js';

const MAGIC = '\x7fVirtualBox SavedState ';
const VERSION_2 = `${MAGIC}V2.0\n`;
const HEADER = 64;
const HEADER_CRC_AT = 60;

const UNIT = '\nUnit\n';
const END = '\nTheEnd';
const UNIT_HEADER = 44;
const UNIT_CRC_AT = 20;
/** SSM_MAX_NAME_SIZE, its NUL included. */
const MAX_NAME = 48;

/** The pass of a unit that was saved with the machine standing still. */
export const FINAL_PASS = 0xffff_ffff;

/** What the header of a saved state says (SSM.cpp, SSMFILEHDR). */
export interface StateHeader {
  /** Bytes of a physical address of the guest, and of a virtual one. */
  readonly physicalWidth: number;
  readonly virtualWidth: number;
  readonly isIntact: boolean;
}

/** The header of a unit: what one part of the machine saved in one pass. */
export interface UnitHeader {
  readonly name: string;
  readonly version: number;
  readonly pass: number;
  /** The CRC register of the stream before this header. */
  readonly streamCrc: number;
  /** The header as it is in the file. */
  readonly bytes: Buffer;
  readonly isIntact: boolean;
}

export function isVirtualBoxState(head: Buffer): boolean {
  return head.toString('latin1', 0, MAGIC.length) === MAGIC;
}

/** Whether the CRC-32 of a structure is of its bytes; its own field counts as zeros. */
function isIntact(bytes: Buffer, crcAt: number): boolean {
  const zeroed = Buffer.from(bytes);
  zeroed.fill(0, crcAt, crcAt + 4);
  return crc32(zeroed) === bytes.readUInt32LE(crcAt);
}

/** @throws PoolTrackerError FORMAT_REFUSED for other versions of the format, FORMAT_DAMAGED */
export async function readStateHeader(input: ByteReader): Promise<StateHeader> {
  const bytes = await input.take(HEADER, 'the header');
  if (bytes.toString('latin1', 0, VERSION_2.length) !== VERSION_2) {
    const version = /V[\d.]*/.exec(bytes.toString('latin1', MAGIC.length, 32))?.[0] ?? 'no version';
    throw input.refused(
      `its format is ${version}; V2.0 is read, which VirtualBox writes since 3.1`,
      'load it in a newer VirtualBox and save it again, or dump the memory: VBoxManage debugvm NAME dumpvmcore',
    );
  }
  const [physicalWidth, virtualWidth] = [bytes[45]!, bytes[46]!];
  for (const width of [physicalWidth, virtualWidth])
    if (width !== 4 && width !== 8) throw input.damaged(`its header says that addresses have ${width} bytes`);
  return { physicalWidth, virtualWidth, isIntact: isIntact(bytes, HEADER_CRC_AT) };
}

/**
 * The next unit; null at the end of all, or where the file ends first.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function readUnitHeader(input: ByteReader): Promise<UnitHeader | null> {
  const at = input.offset;
  const head = new Fields(input, await input.peek(UNIT_HEADER), 'the header of a unit');
  if (head.bytes.length < UNIT_HEADER || head.text(0, 8) === END) return null;
  const nameLength = head.u32(40);
  if (head.text(0, 8) !== UNIT || nameLength < 2 || nameLength > MAX_NAME)
    throw input.damaged(`no unit at file offset ${hex(at)}`);
  const bytes = await input.peek(UNIT_HEADER + nameLength);
  if (bytes.length < UNIT_HEADER + nameLength) return null;
  await input.skip(bytes.length);
  return {
    name: bytes.toString('latin1', UNIT_HEADER, bytes.length - 1),
    version: head.u32(24),
    pass: head.u32(32),
    streamCrc: head.u32(16),
    bytes,
    isIntact: isIntact(bytes, UNIT_CRC_AT),
  };
}

/** Passes over the records of a unit. @returns whether the file holds all of them */
export async function skipUnit(input: ByteReader): Promise<boolean> {
  for (;;) {
    const head = recordHead(await input.peek(MAX_RECORD_HEADER), input.offset, input);
    if (head === null) return false;
    const length = head.headerLength + head.storedLength;
    if ((await input.skip(length)) < length) return false;
    if (head.kind === 'end') return true;
  }
}
