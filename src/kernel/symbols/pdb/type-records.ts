import { breathe } from '../../../breathe.js';
import type { FieldOffsets } from '../kernel-symbols.js';
import { MsfDamage } from './msf.js';

/** Record kinds of CodeView (Microsoft's cvinfo.h). */
const LF_FIELDLIST = 0x1203;
const LF_BITFIELD = 0x1205;
const LF_STRUCTURES = [0x1504, 0x1505];
const LF_INDEX = 0x1404;
const LF_MEMBER = 0x150d;
/** A structure that is declared here and defined elsewhere. */
const IS_DECLARATION = 0x80;

const HEADER = 56;
/** Types of a PDB; a kernel has some 10,000. */
const MAX_TYPES = 1 << 21;
/** Records that are read before events are looked at. */
export const AT_A_STRETCH = 4096;
/** Field lists that continue one another. */
const MAX_LISTS = 64;

/** Numbers up to this stand for themselves; larger ones are kinds of numbers that follow. */
const FIRST_NUMERIC_KIND = 0x8000;
/** Bytes of each kind of number, from 0x8000 on: char, short, ushort, long, ulong; 0x8009 and 0x800a have 8. */
const NUMERIC_SIZES: Readonly<Record<number, number>> = {
  0x8000: 1,
  0x8001: 2,
  0x8002: 2,
  0x8003: 4,
  0x8004: 4,
  0x8009: 8,
  0x800a: 8,
};

/** Reads on through a record; every read is bounded by its end. */
class RecordReader {
  constructor(
    private readonly bytes: Buffer,
    public at: number,
    private readonly end: number,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  private take(length: number): number {
    const from = this.at;
    if (from + length > this.end) throw new MsfDamage('a type record is cut');
    this.at += length;
    return from;
  }

  skip(length: number): void {
    this.take(length);
  }

  uint8(): number {
    return this.bytes.readUInt8(this.take(1));
  }

  uint16(): number {
    return this.bytes.readUInt16LE(this.take(2));
  }

  uint32(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }

  /** A number of variable size; NaN for one that no offset can be. */
  numeric(): number {
    const first = this.uint16();
    if (first < FIRST_NUMERIC_KIND) return first;
    const size = NUMERIC_SIZES[first];
    if (size === undefined) throw new MsfDamage(`a number of kind 0x${first.toString(16)} is not known`);
    const from = this.take(size);
    return size === 8 ? Number(this.bytes.readBigUInt64LE(from)) : this.bytes.readUIntLE(from, size);
  }

  name(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0 || end >= this.end) throw new MsfDamage('a name in a type record has no end');
    const name = this.bytes.toString('latin1', this.at, end);
    this.at = end + 1;
    return name;
  }

  /** Bytes of 0xF0 and above fill up to a multiple of 4. */
  padding(): void {
    while (!this.isAtEnd && this.bytes[this.at]! >= 0xf0) this.at++;
  }
}

interface Definition {
  readonly size: number;
  readonly fieldList: number;
}

/** The type stream of a PDB (TPI): records, numbered from `first` on. */
export class TypeRecords {
  private readonly starts: number[] = [];
  private readonly definitions = new Map<string, Definition>();
  private readonly first: number;

  private constructor(private readonly bytes: Buffer) {
    if (bytes.length < HEADER) throw new MsfDamage('its type stream is cut');
    this.first = bytes.readUInt32LE(8);
  }

  /** @param wanted names of structures. @throws MsfDamage */
  static async of(bytes: Buffer, wanted: ReadonlySet<string>): Promise<TypeRecords> {
    const types = new TypeRecords(bytes);
    await types.read(wanted);
    return types;
  }

  private async read(wanted: ReadonlySet<string>): Promise<void> {
    const { bytes } = this;
    const headerSize = bytes.readUInt32LE(4);
    const end = headerSize + bytes.readUInt32LE(16);
    if (headerSize < HEADER || end > bytes.length) throw new MsfDamage('its type stream is cut');
    for (let at = headerSize; at + 4 <= end;) {
      if (this.starts.length % AT_A_STRETCH === 0) await breathe();
      const next = at + 2 + bytes.readUInt16LE(at);
      if (next > end || next < at + 4) throw new MsfDamage(`its type record at ${at} is cut`);
      if (this.starts.length >= MAX_TYPES) throw new MsfDamage(`it has more than ${MAX_TYPES} types`);
      this.starts.push(at);
      if (LF_STRUCTURES.includes(bytes.readUInt16LE(at + 2)))
        this.define(new RecordReader(bytes, at + 4, next), wanted);
      at = next;
    }
  }

  private define(record: RecordReader, wanted: ReadonlySet<string>): void {
    record.skip(2);
    const properties = record.uint16();
    const fieldList = record.uint32();
    record.skip(8);
    const size = record.numeric();
    const name = record.name();
    if ((properties & IS_DECLARATION) === 0 && wanted.has(name) && !this.definitions.has(name))
      this.definitions.set(name, { size, fieldList });
  }

  /** Where a type's record begins, behind its length; null for a basic type. */
  private record(type: number): RecordReader | null {
    const start = this.starts[type - this.first];
    return start === undefined
      ? null
      : new RecordReader(this.bytes, start + 2, start + 2 + this.bytes.readUInt16LE(start));
  }

  /** Size and offsets of a structure; null when the PDB does not define it. */
  structure(name: string, fields: readonly string[]): FieldOffsets | null {
    const definition = this.definitions.get(name);
    if (definition === undefined) return null;
    const offsets: Record<string, number> = { size: definition.size };
    let list: number | null = definition.fieldList;
    for (let lists = 0; list !== null && lists < MAX_LISTS; lists++) list = this.readList(list, fields, offsets);
    return offsets;
  }

  /** @returns the list that goes on */
  private readList(type: number, fields: readonly string[], offsets: Record<string, number>): number | null {
    const record = this.record(type);
    if (record?.uint16() !== LF_FIELDLIST) return null;
    while (!record.isAtEnd) {
      const kind = record.uint16();
      if (kind === LF_INDEX) {
        record.skip(2);
        return record.uint32();
      }
      if (kind === LF_MEMBER) {
        record.skip(2);
        const memberType = record.uint32();
        const offset = record.numeric();
        const name = record.name();
        if (fields.includes(name)) Object.assign(offsets, { [name]: offset }, this.bitField(name, memberType));
      } else skipMember(record, kind);
      record.padding();
    }
    return null;
  }

  private bitField(name: string, type: number): Record<string, number> {
    const record = this.record(type);
    if (record?.uint16() !== LF_BITFIELD) return {};
    record.skip(4);
    const bits = record.uint8();
    return { [`${name}.bit`]: record.uint8(), [`${name}.bits`]: bits };
  }
}

/** What is no field of data, by its kind: a method that introduces a virtual table has four more bytes. */
function skipMember(record: RecordReader, kind: number): void {
  switch (kind) {
    case 0x1400: // LF_BCLASS
      record.skip(6);
      record.numeric();
      return;
    case 0x1401: // LF_VBCLASS
    case 0x1402:
      record.skip(10);
      record.numeric();
      record.numeric();
      return;
    case 0x1409: // LF_VFUNCTAB
      record.skip(6);
      return;
    case 0x1502: // LF_ENUMERATE
      record.skip(2);
      record.numeric();
      record.name();
      return;
    case 0x150e: // LF_STMEMBER
    case 0x150f: // LF_METHOD
    case 0x1510: // LF_NESTTYPE
      record.skip(6);
      record.name();
      return;
    case 0x1511: {
      // LF_ONEMETHOD
      const virtual = (record.uint16() >>> 2) & 7;
      record.skip(virtual === 4 || virtual === 6 ? 8 : 4);
      record.name();
      return;
    }
    default:
      throw new MsfDamage(`a member of kind 0x${kind.toString(16)} is not known`);
  }
}
