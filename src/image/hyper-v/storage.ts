import { hex } from '../../address.js';
import type { Container, Fields } from '../../source/reading/container.js';

const SIGNATURE = 0x01282014;
const SECOND_HEADER = 0x1000;
const FIRST_OBJECT_TABLE = 0x2000;
const OBJECT_TABLE_SIGNATURE = 0x01110001;
const OBJECT = 18;
const KEY_TABLE_SIGNATURE = 0x0002;
const KEY_TABLE_HEADER = 10;
const KEY_HEADER = 21;

const OBJECT_TYPE = { table: 1, keys: 2 };
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

/**
 * The arrays of a HyperVStorage file (.vmrs, .vmcx) whose name matches, by name: the format keeps names and values in
 * key tables, which object tables list. Of two copies of a table, the one with the higher sequence number is valid.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function readStoredArrays(container: Container, wanted: RegExp): Promise<Map<string, StoredValue>> {
  const tables = new Map<number, { readonly sequence: number; readonly values: ReadonlyMap<string, StoredValue> }>();
  for await (const { offset, size } of keyTables(container)) {
    if (size > MAX_KEY_TABLE)
      throw container.damaged(`its key table at ${hex(offset)} has ${size} bytes; expected at most ${MAX_KEY_TABLE}`);
    const table = await container.fields(offset, size, `the key table at ${hex(offset)}`);
    if (size < KEY_TABLE_HEADER || table.u16(0) !== KEY_TABLE_SIGNATURE)
      throw container.damaged(`no key table at file offset ${hex(offset)}`);
    const sequence = table.u16(4);
    const known = tables.get(table.u16(2));
    if (known === undefined || known.sequence < sequence)
      tables.set(table.u16(2), { sequence, values: readKeys(table, offset, wanted) });
  }
  return new Map([...tables.values()].flatMap(({ values }) => [...values]));
}

async function* keyTables(container: Container): AsyncGenerator<StoredValue> {
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
function readKeys(table: Fields, tableOffset: number, wanted: RegExp): Map<string, StoredValue> {
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
    }
    at += size;
  }
  return values;
}
