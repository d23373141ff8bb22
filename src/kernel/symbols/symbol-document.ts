import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { detectWrapper, unwrap, WRAPPER_HEAD } from '../../source/wrapper/wrappers.js';
import { damagedSymbolFile } from './symbol-facts.js';

/** Larger documents are streamed, which takes about twenty times as long as JSON.parse but little memory. */
const PARSED_WHOLE = 256 * 2 ** 20;

/** A JSON document of sections (`symbols`, `user_types`, `metadata`), read whole or as it streams by. */
export interface SymbolDocument {
  /** The members of a top-level object, one by one. */
  entries(section: string): AsyncIterable<readonly [string, unknown]> | Iterable<readonly [string, unknown]>;
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
