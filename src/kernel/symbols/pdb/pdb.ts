import { breathe } from '../../../breathe.js';
import { type PoolTrackerError } from '../../../errors.js';
import { guidAt, type PdbIdentity } from '../../pe.js';
import { fileNameOf, type Source } from '../../../source/source.js';
import type { FieldOffsets } from '../kernel-symbols.js';
import { AddressMap, sectionStarts } from './address-map.js';
import { isMsf, MSF_HEAD, MsfDamage, MsfFile } from './msf.js';
import { AT_A_STRETCH, TypeRecords } from './type-records.js';

export { isMsf, MSF_HEAD };

/** Streams with fixed numbers. */
const PDB_STREAM = 1;
const TYPE_STREAM = 2;
const DEBUG_STREAM = 3;
const DEBUG_HEADER = 64;
const NO_STREAM = 0xffff;

/** Entries of the optional debug header, each a stream's number. */
const OMAP_FROM_SOURCE = 4;
const SECTION_HEADERS = 5;
const ORIGINAL_SECTION_HEADERS = 10;

const MACHINE_X86 = 0x14c;
const S_PUB32 = 0x110e;
/** Older files: the same with the length of the name before it. */
const S_PUB32_ST = 0x1009;

/** A kernel has some 40,000. */
const MAX_PUBLICS = 1 << 20;

/** A public symbol, relative to the image's base. */
export interface PublicSymbol {
  readonly name: string;
  readonly rva: number;
}

/** A program database: what names the image that it belongs to, its public symbols and its types. */
export class PdbFile {
  private constructor(
    private readonly msf: MsfFile,
    readonly identity: PdbIdentity,
    private readonly debug: Buffer,
  ) {}

  /** @throws PoolTrackerError by `damaged`, for a file that is no PDB, or damaged */
  static async open(source: Source, damaged: (why: string) => PoolTrackerError): Promise<PdbFile> {
    return guarded(damaged, async () => {
      const msf = await MsfFile.open(source);
      const head = await msf.stream(PDB_STREAM);
      const debug = await msf.stream(DEBUG_STREAM);
      if (head.length < 28 || debug.length < DEBUG_HEADER) throw new MsfDamage('its first streams are cut');
      // The age that the image names is that of the debug stream.
      const identity = { name: fileNameOf(source), guid: guidAt(head, 12), age: debug.readUInt32LE(8) };
      return new PdbFile(msf, identity, debug);
    });
  }

  /** Bytes of a pointer of the image. */
  get pointerSize(): 4 | 8 {
    return this.debug.readUInt16LE(58) === MACHINE_X86 ? 4 : 8;
  }

  /** Every public symbol in a section. Names as C has them: without the underscore that x86 puts before. */
  async publics(): Promise<PublicSymbol[]> {
    const omap = this.optional(OMAP_FROM_SOURCE);
    const original = this.optional(ORIGINAL_SECTION_HEADERS);
    const headers = omap === null ? this.optional(SECTION_HEADERS) : original;
    if (headers === null) throw new MsfDamage('it has no section headers');
    const starts = sectionStarts(await this.msf.stream(headers));
    const map = omap === null ? null : new AddressMap(await this.msf.stream(omap));
    const records = await this.msf.stream(this.debug.readUInt16LE(20));
    const found: PublicSymbol[] = [];
    for (let at = 0, count = 0; at + 4 <= records.length; count++) {
      if (count % AT_A_STRETCH === 0) await breathe();
      const next = at + 2 + records.readUInt16LE(at);
      if (next > records.length || next < at + 4) throw new MsfDamage(`its symbol record at ${at} is cut`);
      const symbol = publicIn(records.subarray(at + 2, next));
      const start = symbol === null ? undefined : starts[symbol.segment - 1];
      if (symbol !== null && start !== undefined) {
        const rva = map === null ? start + symbol.offset : map.moved(start + symbol.offset);
        if (found.length >= MAX_PUBLICS) throw new MsfDamage(`it has more than ${MAX_PUBLICS} public symbols`);
        if (rva !== null) found.push({ name: this.plainName(symbol.name), rva });
      }
      at = next;
    }
    return found;
  }

  private plainName(name: string): string {
    return this.pointerSize === 4 && name.startsWith('_') ? name.slice(1) : name;
  }

  /** The structures of these names that the PDB defines, with the offsets of these fields. */
  async structures(wanted: Readonly<Record<string, readonly string[]>>): Promise<ReadonlyMap<string, FieldOffsets>> {
    const types = await TypeRecords.of(await this.msf.stream(TYPE_STREAM), new Set(Object.keys(wanted)));
    const found = new Map<string, FieldOffsets>();
    for (const [name, fields] of Object.entries(wanted)) {
      const structure = types.structure(name, fields);
      if (structure !== null) found.set(name, structure);
    }
    return found;
  }

  /** Number of a stream that the optional debug header names; null when it does not. */
  private optional(entry: number): number | null {
    const { debug } = this;
    // Module, contribution, map, source, type server and EC name parts stand before it.
    const before = [24, 28, 32, 36, 40, 52].reduce((sum, at) => sum + Math.max(0, debug.readInt32LE(at)), DEBUG_HEADER);
    const at = before + entry * 2;
    if (entry * 2 + 2 > debug.readInt32LE(48) || at + 2 > debug.length) return null;
    const stream = debug.readUInt16LE(at);
    return stream === NO_STREAM ? null : stream;
  }
}

interface RawPublic {
  readonly name: string;
  readonly segment: number;
  readonly offset: number;
}

/** @param record from its kind on */
function publicIn(record: Buffer): RawPublic | null {
  const kind = record.readUInt16LE(0);
  if ((kind !== S_PUB32 && kind !== S_PUB32_ST) || record.length < 13) return null;
  const offset = record.readUInt32LE(6);
  const segment = record.readUInt16LE(10);
  if (kind === S_PUB32_ST) {
    const end = 13 + record.readUInt8(12);
    return end > record.length ? null : { name: record.toString('latin1', 13, end), segment, offset };
  }
  const end = record.indexOf(0, 12);
  return end < 0 ? null : { name: record.toString('latin1', 12, end), segment, offset };
}

/** Runs a reading; damage that it finds is told as one error. */
export async function guarded<T>(damaged: (why: string) => PoolTrackerError, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof MsfDamage ? damaged(error.message) : error;
  }
}
