import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { detectWrapper, unwrap, WRAPPER_HEAD } from '../../source/wrapper/wrappers.js';
import type { PdbIdentity } from '../pe.js';
import {
  type FieldOffsets,
  KERNEL_STRUCTURES,
  KERNEL_VARIABLES,
  type KernelSymbols,
  type KernelVariable,
  MAX_TAG_TABLES,
  type StructureName,
} from './kernel-symbols.js';

/** Larger documents are streamed, which takes about twenty times as long as JSON.parse but little memory. */
const PARSED_WHOLE = 256 * 2 ** 20;

/** A JSON document of sections (`symbols`, `user_types`, `metadata`), read whole or as it streams by. */
export interface SymbolDocument {
  /** The members of a top-level object, one by one. */
  entries(section: string): AsyncIterable<readonly [string, unknown]> | Iterable<readonly [string, unknown]>;
}

export function damagedSymbolFile(path: string, why: string, cause?: unknown): PoolTrackerError {
  return new PoolTrackerError('SYMBOL_FILE_DAMAGED', `cannot use symbol file ${path}: ${why}`, {
    hint: 'expected a Volatility 3 symbol file (ISF): .json, .json.xz or .json.gz',
    cause,
  });
}

/** The document's text, decompressed; the compression is detected by magic number, not by name. */
async function unpacked(path: string): Promise<Readable> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw damagedSymbolFile(path, messageOf(error), error);
  });
  const head = Buffer.alloc(WRAPPER_HEAD);
  await handle.read(head, 0, head.length, 0).finally(() => handle.close());
  const file = createReadStream(path);
  const wrapper = detectWrapper(head);
  return wrapper === null ? file : Readable.from(unwrap(wrapper, file, path), { objectMode: false });
}

/** All of the document's bytes, or null when there are more than are parsed whole. */
async function wholeText(path: string, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of (await unpacked(path)) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > limit) return null;
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

class ParsedDocument implements SymbolDocument {
  constructor(private readonly root: Record<string, unknown>) {}

  entries(section: string): Iterable<readonly [string, unknown]> {
    const members = this.root[section];
    return isObject(members) ? Object.entries(members) : [];
  }
}

class StreamedDocument implements SymbolDocument {
  constructor(private readonly path: string) {}

  async *entries(section: string): AsyncGenerator<readonly [string, unknown]> {
    const [{ parser }, { pick }, { streamObject }, { default: chain }] = await Promise.all([
      import('stream-json'),
      import('stream-json/filters/pick.js'),
      import('stream-json/streamers/stream-object.js'),
      import('stream-chain'),
    ]);
    const members = chain([await unpacked(this.path), parser(), pick({ filter: section }), streamObject()]);
    try {
      for await (const member of members as AsyncIterable<{ key: string; value: unknown }>)
        yield [member.key, member.value];
    } catch (error) {
      throw damagedSymbolFile(this.path, messageOf(error), error);
    }
  }
}

/**
 * Opens a symbol file, compressed or not.
 * @param wholeLimit bytes up to which the document is parsed whole
 * @throws PoolTrackerError SYMBOL_FILE_DAMAGED
 */
export async function openSymbolDocument(path: string, wholeLimit = PARSED_WHOLE): Promise<SymbolDocument> {
  let root: unknown;
  try {
    const text = await wholeText(path, wholeLimit);
    if (text === null) return new StreamedDocument(path);
    root = JSON.parse(text.toString('utf8'));
  } catch (error) {
    throw error instanceof PoolTrackerError && error.code === 'SYMBOL_FILE_DAMAGED'
      ? error
      : damagedSymbolFile(path, messageOf(error), error);
  }
  if (!isObject(root)) throw damagedSymbolFile(path, 'expected a JSON object');
  return new ParsedDocument(root);
}

/** A symbol's address is relative to the image's base; no kernel image is larger than this. */
const MAX_RVA = 2 ** 31;

function numberIn(value: unknown, name: string): number | null {
  if (typeof value !== 'object' || value === null) return null;
  const number = (value as Record<string, unknown>)[name];
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < MAX_RVA ? number : null;
}

function fieldOffsets(type: unknown, wanted: readonly string[]): FieldOffsets {
  const size = numberIn(type, 'size');
  const offsets: Record<string, number> = size === null ? {} : { size };
  const fields = (type as { fields?: unknown }).fields;
  if (typeof fields !== 'object' || fields === null) return offsets;
  for (const name of wanted) {
    const field = (fields as Record<string, unknown>)[name];
    const offset = numberIn(field, 'offset');
    if (offset === null) continue;
    offsets[name] = offset;
    const fieldType = (field as { type?: unknown }).type;
    const bit = numberIn(fieldType, 'bit_position');
    const bits = numberIn(fieldType, 'bit_length');
    if (bit !== null && bits !== null) Object.assign(offsets, { [`${name}.bit`]: bit, [`${name}.bits`]: bits });
  }
  return offsets;
}

/** Which PDB a symbol document was made from; null when it does not say. */
export async function pdbOfDocument(document: SymbolDocument): Promise<PdbIdentity | null> {
  for await (const [name, value] of document.entries('metadata')) {
    const pdb = name === 'windows' ? (value as { pdb?: unknown } | null)?.pdb : undefined;
    if (typeof pdb !== 'object' || pdb === null) continue;
    const { GUID, age, database } = pdb as Record<string, unknown>;
    if (typeof GUID !== 'string' || typeof age !== 'number') continue;
    return { guid: GUID.toUpperCase(), age, name: typeof database === 'string' ? database : '' };
  }
  return null;
}

/**
 * Extracts from a Volatility 3 symbol document what is needed to find the tables and to read kernel objects.
 * @throws PoolTrackerError SYMBOL_FILE_DAMAGED when it lacks PoolTrackTable or the entry's type
 */
export async function resolveSymbols(document: SymbolDocument, path: string): Promise<KernelSymbols> {
  const wanted = new Set<string>(KERNEL_VARIABLES);
  const rva: Partial<Record<KernelVariable, number>> = {};
  const addresses: number[] = [];
  for await (const [name, symbol] of document.entries('symbols')) {
    const address = numberIn(symbol, 'address');
    if (address === null) continue;
    addresses.push(address);
    if (wanted.has(name)) rva[name as KernelVariable] = address;
  }
  const structures: Partial<Record<StructureName, FieldOffsets>> = {};
  for await (const [name, type] of document.entries('user_types')) {
    const known = Object.hasOwn(KERNEL_STRUCTURES, name) ? KERNEL_STRUCTURES[name] : undefined;
    if (known !== undefined && typeof type === 'object' && type !== null)
      structures[known.name] = fieldOffsets(type, known.fields);
  }
  const entrySize = structures.trackerEntry?.size;
  if (rva.PoolTrackTable === undefined) throw damagedSymbolFile(path, 'it has no symbol PoolTrackTable');
  if (entrySize === undefined) throw damagedSymbolFile(path, 'it has no type _POOL_TRACKER_TABLE');
  return {
    origin: 'symbols',
    source: path,
    version: null,
    trackerEntrySize: entrySize,
    tagTablesCapacity: capacity(rva.ExPoolTagTables, addresses, await pointerSizeOf(document)),
    rva,
    structures,
  };
}

/** Bytes of a pointer; 8 where the document does not say. */
async function pointerSizeOf(document: SymbolDocument): Promise<number> {
  for await (const [name, type] of document.entries('base_types'))
    if (name === 'pointer' && numberIn(type, 'size') === 4) return 4;
  return 8;
}

/** Pointers between a symbol and the next one. */
function capacity(start: number | undefined, addresses: readonly number[], pointerSize: number): number {
  if (start === undefined) return 0;
  let next = start + MAX_TAG_TABLES * pointerSize;
  for (const address of addresses) {
    if (address > start && address < next) next = address;
  }
  return Math.floor((next - start) / pointerSize);
}
