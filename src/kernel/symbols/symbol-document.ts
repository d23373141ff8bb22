import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { messageOf, PoolTrackerError } from '../../errors.js';
import type { Token } from 'stream-json/parser.js';
import { isWithin } from '../../source/within.js';
import { detectWrapper, unwrap, WRAPPER_HEAD } from '../../source/wrapper/wrappers.js';
import { damagedSymbolFile } from './symbol-facts.js';

/**
 * Larger documents are streamed, which takes about twenty times as long as JSON.parse but little memory; and JSON.parse
 * cannot be interrupted: of this much it takes a quarter of a second on a small machine.
 */
const PARSED_WHOLE = 12 * 2 ** 20;

/** Bounds of what a file may unpack to: symbol files of kernels have some 7 MB, eleven times what xz makes of them. */
const MAX_BYTES = 512 * 2 ** 20;
const MAX_RATIO = 100;
const SMALL = 16 * 2 ** 20;

/** Bounds of what is parsed into objects: those files are 12 deep, and have some 85,000 objects and arrays. */
const MAX_DEPTH = 64;
const MAX_CONTAINERS = 2_000_000;

/** A JSON document of sections (`symbols`, `user_types`, `metadata`), read whole or as it streams by. */
export interface SymbolDocument {
  /** The members of a top-level object, one by one. */
  entries(section: string): AsyncIterable<readonly [string, unknown]> | Iterable<readonly [string, unknown]>;
}

/** Where a document lies, and the places that links may lead to. */
interface Place {
  readonly path: string;
  readonly within: readonly string[] | undefined;
}

/** The document's text, decompressed; the compression is detected by magic number, not by name. */
async function unpacked({ path, within }: Place): Promise<Readable> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw damagedSymbolFile(path, messageOf(error), error);
  });
  const head = Buffer.alloc(WRAPPER_HEAD);
  let size: number;
  try {
    if (within !== undefined && !(await isWithin(path, within)))
      throw damagedSymbolFile(path, 'it is a link to a place that may not be read');
    ({ size } = await handle.stat());
    await handle.read(head, 0, head.length, 0);
  } catch (error) {
    await handle.close();
    throw error;
  }
  const file = handle.createReadStream({ start: 0 });
  const wrapper = detectWrapper(head);
  const bytes: AsyncIterable<Uint8Array> = wrapper === null ? file : unwrap(wrapper, file, path);
  const most = Math.min(MAX_BYTES, wrapper === null ? Infinity : Math.max(SMALL, size * MAX_RATIO));
  return Readable.from(atMost(bytes, most, path), { objectMode: false });
}

async function* atMost(bytes: AsyncIterable<Uint8Array>, most: number, path: string): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const piece of bytes) {
    length += piece.length;
    if (length > most) throw damagedSymbolFile(path, `it unpacks to more than ${most} bytes, as no symbol file does`);
    yield piece;
  }
}

/** Objects and arrays in a document, told before anything is made of them. */
class Containers {
  private depth = 0;
  private count = 0;

  constructor(private readonly path: string) {}

  open(): void {
    this.count++;
    if (++this.depth > MAX_DEPTH) throw damagedSymbolFile(this.path, `it is nested more than ${MAX_DEPTH} deep`);
    if (this.count > MAX_CONTAINERS)
      throw damagedSymbolFile(this.path, `it has more than ${MAX_CONTAINERS} objects and arrays`);
  }

  close(): void {
    this.depth--;
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** @throws PoolTrackerError SYMBOL_FILE_DAMAGED for a text from which JSON.parse would make too much */
function requireShallow(text: Buffer, path: string): void {
  const containers = new Containers(path);
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]!;
    if (isText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === 0x5b || byte === 0x7b) containers.open();
    else if (byte === 0x5d || byte === 0x7d) containers.close();
  }
}

/** All of the document's bytes, or null when there are more than are parsed whole. */
async function wholeText(place: Place, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of (await unpacked(place)) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > limit) return null;
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

export function isObject(value: unknown): value is Record<string, unknown> {
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
  constructor(private readonly place: Place) {}

  async *entries(section: string): AsyncGenerator<readonly [string, unknown]> {
    const [{ parser }, { pick }, { streamObject }, { default: chain }] = await Promise.all([
      import('stream-json'),
      import('stream-json/filters/pick.js'),
      import('stream-json/streamers/stream-object.js'),
      import('stream-chain'),
    ]);
    const containers = new Containers(this.place.path);
    const bounded = (token: Token): Token => {
      if (token.name === 'startObject' || token.name === 'startArray') containers.open();
      else if (token.name === 'endObject' || token.name === 'endArray') containers.close();
      return token;
    };
    const members = chain([await unpacked(this.place), parser(), bounded, pick({ filter: section }), streamObject()]);
    try {
      for await (const member of members as AsyncIterable<{ key: string; value: unknown }>)
        yield [member.key, member.value];
    } catch (error) {
      if (error instanceof PoolTrackerError) throw error;
      throw damagedSymbolFile(this.place.path, messageOf(error), error);
    }
  }
}

/**
 * Opens a symbol file, compressed or not.
 * @param wholeLimit bytes up to which the document is parsed whole
 * @param within where it must lie, through links as well; anywhere by default
 * @throws PoolTrackerError SYMBOL_FILE_DAMAGED
 */
export async function openSymbolDocument(
  path: string,
  wholeLimit = PARSED_WHOLE,
  within?: readonly string[],
): Promise<SymbolDocument> {
  const place = { path, within };
  let root: unknown;
  try {
    const text = await wholeText(place, wholeLimit);
    if (text === null) return new StreamedDocument(place);
    requireShallow(text, path);
    root = JSON.parse(text.toString('utf8'));
  } catch (error) {
    throw error instanceof PoolTrackerError && error.code === 'SYMBOL_FILE_DAMAGED'
      ? error
      : damagedSymbolFile(path, messageOf(error), error);
  }
  if (!isObject(root)) throw damagedSymbolFile(path, 'expected a JSON object');
  return new ParsedDocument(root);
}

/** All members of a small section; empty when the document does not have it. */
export async function membersOf(document: SymbolDocument, section: string): Promise<Readonly<Record<string, unknown>>> {
  const members: Record<string, unknown> = {};
  for await (const [name, value] of document.entries(section)) members[name] = value;
  return members;
}

/** A symbol's address is relative to the image's base; no kernel image is larger than this. */
const MAX_RVA = 2 ** 31;

/** A member of an object that is a sensible offset, size or address; else null. */
export function numberIn(value: unknown, name: string): number | null {
  return isObject(value) ? asOffset(value[name]) : null;
}

/** A number that may be an offset, size or address; else null. */
export function asOffset(number: unknown): number | null {
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < MAX_RVA ? number : null;
}
