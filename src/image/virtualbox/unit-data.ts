import { RunningCrc32 } from '../../codec/crc32.js';
import type { ByteReader } from '../../source/reading/byte-reader.js';
import { dataLength, END_RECORD, MAX_RECORD_HEADER, type RecordHead, recordHead, unpackRecord } from './records.js';
import type { UnitHeader } from './units.js';

/** Where the unpacked bytes of a unit lie. */
export interface DataPlace {
  /** File offset of the record that holds the first of them. */
  readonly record: number;
  /** How many bytes of that record come before. */
  readonly skip: number;
}

interface OpenRecord {
  readonly at: number;
  readonly head: RecordHead;
  readonly stored: Buffer;
  readonly length: number;
  data: Buffer | null;
}

const CRC_IS_SET = 1;

/** The data of one unit, in order, out of their records; where a record is only passed it is not unpacked. */
export class UnitData {
  /** Set where the file ends before the unit does. */
  isCut = false;
  /** Set where the checksum at the end of the unit is of other bytes. */
  isChanged = false;
  private ended = false;
  /** Bytes that were only looked at. */
  private returned: Buffer = Buffer.alloc(0);
  private record: OpenRecord | null = null;
  private used = 0;
  private readonly crc = new RunningCrc32();

  /** @param input at the first record of the unit */
  constructor(
    private readonly input: ByteReader,
    unit: UnitHeader,
    private readonly byteLength: number,
  ) {
    this.crc.value = ~unit.streamCrc >>> 0;
    this.crc.add(unit.bytes);
  }

  /** The next `count` bytes; null where the unit ends first. @throws PoolTrackerError FORMAT_DAMAGED */
  async take(count: number): Promise<Buffer | null> {
    const bytes = await this.upTo(count);
    return bytes.length === count ? bytes : null;
  }

  /** The next `count` bytes without taking them; null where the unit ends first. */
  async peek(count: number): Promise<Buffer | null> {
    this.returned = await this.upTo(count);
    return this.returned.length === count ? this.returned : null;
  }

  /** The next `count` bytes, or as many as there are. @throws PoolTrackerError FORMAT_DAMAGED */
  async upTo(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let left = count;
    if (this.returned.length > 0) {
      parts.push(this.returned.subarray(0, count));
      this.returned = this.returned.subarray(count);
      left -= parts[0]!.length;
    }
    while (left > 0) {
      const record = this.here() ?? (await this.next());
      if (record === null) break;
      record.data ??= unpackRecord(record.head, record.stored, record.length, this.input);
      const part = record.data.subarray(this.used, this.used + left);
      this.used += part.length;
      left -= part.length;
      parts.push(part);
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** Passes `count` bytes. @returns where they lie; null where the unit ends first, or after a `peek` beyond them */
  async pass(count: number): Promise<DataPlace | null> {
    if (this.returned.length > 0) return null;
    let place: DataPlace | null = null;
    for (let left = count; left > 0;) {
      const record = this.here() ?? (await this.next());
      if (record === null) return null;
      place ??= { record: record.at, skip: this.used };
      const part = Math.min(left, record.length - this.used);
      this.used += part;
      left -= part;
    }
    return place;
  }

  /** Reads to the end of the unit, so that its checksum is verified. */
  async finish(): Promise<void> {
    while (!this.ended) await this.next();
  }

  private here(): OpenRecord | null {
    return this.record !== null && this.used < this.record.length ? this.record : null;
  }

  /** The next record of data; null at the end of the unit. */
  private async next(): Promise<OpenRecord | null> {
    if (this.ended) return null;
    const { input, crc } = this;
    const at = input.offset;
    const start = await input.peek(MAX_RECORD_HEADER + 1);
    const head = recordHead(start, at, input);
    const length = head === null ? Infinity : head.headerLength + head.storedLength;
    if (head === null || at + length > this.byteLength) {
      this.isCut = this.ended = true;
      return null;
    }
    if (head.kind === 'end') {
      const end = await input.take(END_RECORD, 'the end of a unit');
      crc.add(end.subarray(0, 2));
      this.isChanged = (end.readUInt16LE(2) & CRC_IS_SET) !== 0 && end.readUInt32LE(4) !== crc.value;
      this.ended = true;
      return null;
    }
    // Its bound is checked before its bytes are taken.
    const dataSize = dataLength(head, start[head.headerLength] ?? 0, at, input);
    const bytes = await input.take(length, 'a record');
    crc.add(bytes);
    this.used = 0;
    return (this.record = { at, head, stored: bytes.subarray(head.headerLength), length: dataSize, data: null });
  }
}
