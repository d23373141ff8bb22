import { hex } from '../../address.js';
import type { Warning } from '../../errors.js';
import { doubtful } from '../image.js';
import type { Container, Fields } from '../../source/reading/container.js';
import { StorageChecksums } from './checksums.js';

const SIGNATURE = 0x01282014;
const SECOND_HEADER = 0x1000;
/** Signature, checksum, sequence u16, version u32, ..., offset of the replay log u64 @26. */
const HEADER = 0x2e;
const CHECKSUM = { header: 4, object: 1, keyTable: 6, key: 12 };
const REPLAY_LOG_SIGNATURE = 0x01110003;
const FIRST_OBJECT_TABLE = 0x2000;
const OBJECT_TABLE_SIGNATURE = 0x01110001;
const OBJECT = 18;
const KEY_TABLE_SIGNATURE = 0x0002;
const KEY_TABLE_HEADER = 10;
const KEY_HEADER = 21;

const OBJECT_TYPE = { empty: 0, table: 1, keys: 2 };
const KEY_TYPE = { free: 1, array: 7 };

/** The value is in a file object {size u32, offset u64}, not in the entry. */
const POINTS_TO_FILE = 0x01;

const MAX_OBJECT_TABLES = 4096;
const MAX_OBJECTS = 1 << 22;
const MAX_KEY_TABLE = 16 << 20;

/** Location of an array value in a Hyper-V storage file. */
export interface StoredValue {
  readonly offset: number;
  readonly size: number;
}

export function isHyperVStorage(head: Buffer): boolean {
  return [0, SECOND_HEADER].some((at) => head.length >= at + 4 && head.readUInt32LE(at) === SIGNATURE);
}

/** What is read of a storage file. */
export interface StoredArrays {
  readonly values: ReadonlyMap<string, StoredValue>;
  readonly warnings: readonly Warning[];
}

/** The header that counts: of the two, an intact one, and of these the newer one. Null where neither is there. */
async function readHeader(container: Container): Promise<Fields | null> {
  let newest: Fields | null = null;
  for (const at of [0, SECOND_HEADER]) {
    if (at + HEADER > container.source.byteLength) continue;
    const header = await container.fields(at, HEADER, 'the header');
    if (header.u32(0) !== SIGNATURE) continue;
    const checksums = new StorageChecksums(header.u32(10));
    checksums.check(header.bytes, CHECKSUM.header, 'the header', at);
    if (checksums.warnings.length > 0) continue;
    if (newest === null || header.u16(8) > newest.u16(8)) newest = header;
  }
  return newest;
}

/** Changes that stand in the replay log were not made yet; the tables are as they were before. */
async function replayWarnings(container: Container, header: Fields): Promise<Warning[]> {
  const offset = Number(header.u64(26));
  if (offset === 0 || offset + 12 > container.source.byteLength) return [];
  const log = await container.fields(offset, 12, 'the replay log');
  if (log.u32(0) !== REPLAY_LOG_SIGNATURE || log.u32(8) === 0) return [];
  const message = `its replay log holds ${log.u32(8)} changes that were not made: it is read as it was before them`;
  return [{ code: 'image-damaged', message }];
}

/**
 * The arrays of a HyperVStorage file (.vmrs, .vmcx) whose name matches, by name: the format keeps names and values in
 * key tables, which object tables list. Of two copies of a table, the one with the higher sequence number is valid.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function readStoredArrays(container: Container, wanted: RegExp): Promise<StoredArrays> {
  const header = await readHeader(container);
  const checksums = new StorageChecksums(header?.u32(10) ?? 0);
  const tables = new Map<number, { readonly sequence: number; readonly values: ReadonlyMap<string, StoredValue> }>();
  for await (const { offset, size } of keyTables(container, checksums)) {
    if (size > MAX_KEY_TABLE)
      throw container.damaged(`its key table at ${hex(offset)} has ${size} bytes; expected at most ${MAX_KEY_TABLE}`);
    const table = await container.fields(offset, size, `the key table at ${hex(offset)}`);
    if (size < KEY_TABLE_HEADER || table.u16(0) !== KEY_TABLE_SIGNATURE)
      throw container.damaged(`no key table at file offset ${hex(offset)}`);
    checksums.check(table.bytes.subarray(0, KEY_TABLE_HEADER), CHECKSUM.keyTable, 'a key table', offset);
    const sequence = table.u16(4);
    const known = tables.get(table.u16(2));
    if (known === undefined || known.sequence < sequence)
      tables.set(table.u16(2), { sequence, values: readKeys(table, offset, wanted, checksums) });
  }
  const warnings = [...checksums.warnings];
  if (header === null)
    warnings.unshift({ code: 'image-damaged', message: 'neither of its two headers is intact; its tables are read' });
  else warnings.push(...(await replayWarnings(container, header)));
  const values = new Map([...tables.values()].flatMap((table) => [...table.values]));
  // Any of these is about the tables, which tell where each block of memory lies.
  const [first] = warnings;
  if (first !== undefined) warnings.push(doubtful(`${first.message}; any block of memory may be another`));
  return { values, warnings };
}

async function* keyTables(container: Container, checksums: StorageChecksums): AsyncGenerator<StoredValue> {
  const pending = [FIRST_OBJECT_TABLE];
  const seen = new Set(pending);
  for (let offset = pending.pop(); offset !== undefined; offset = pending.pop()) {
    const header = await container.fields(offset, 8, 'an object table');
    const count = header.u32(4);
    if (header.u32(0) !== OBJECT_TABLE_SIGNATURE || count > MAX_OBJECTS) {
      throw container.damaged(`no object table at file offset ${hex(offset)}`);
    }
    const table = await container.fields(offset + 8, count * OBJECT, 'an object table');
    for (let at = 0; at < count * OBJECT; at += OBJECT) {
      const type = table.u8(at);
      if (type !== OBJECT_TYPE.empty)
        checksums.check(table.bytes.subarray(at, at + OBJECT), CHECKSUM.object, 'an object', offset + 8 + at);
      const object = { offset: table.size(at + 5, "an object's offset"), size: table.u32(at + 13) };
      if (type === OBJECT_TYPE.keys) yield object;
      if (type !== OBJECT_TYPE.table || seen.has(object.offset)) continue;
      if (seen.size === MAX_OBJECT_TABLES)
        throw container.damaged(`it has more than ${MAX_OBJECT_TABLES} object tables`);
      seen.add(object.offset);
      pending.push(object.offset);
    }
  }
}

/** Entries {type, flags, size, …, name size}, then the name, then the value; entries fill their table. */
function readKeys(
  table: Fields,
  tableOffset: number,
  wanted: RegExp,
  checksums: StorageChecksums,
): Map<string, StoredValue> {
  const values = new Map<string, StoredValue>();
  const end = table.bytes.length;
  for (let at = KEY_TABLE_HEADER; at + KEY_HEADER <= end;) {
    const type = table.u8(at);
    const size = table.u32(at + 2);
    if (size < KEY_HEADER || at + size > end) break;
    const dataAt = at + KEY_HEADER + table.u8(at + 20);
    const name = table.text(at + KEY_HEADER, table.u8(at + 20));
    if (type === KEY_TYPE.array && dataAt + 4 <= at + size && wanted.test(name)) {
      const inFile = (table.u8(at + 1) & POINTS_TO_FILE) !== 0 && dataAt + 12 <= at + size;
      const offset = inFile ? table.size(dataAt + 4, `the offset of '${name}'`) : tableOffset + dataAt + 4;
      values.set(name, { offset, size: table.u32(dataAt) });
      // An entry may be longer than what it holds, to fill its table.
      const held = dataAt + (inFile ? 12 : 4 + table.u32(dataAt));
      if (held <= at + size)
        checksums.check(table.bytes.subarray(at, held), CHECKSUM.key, `the key ${name}`, tableOffset + at);
    }
    at += size;
  }
  return values;
}
