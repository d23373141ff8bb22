import { join } from 'node:path';
import { PoolTrackerError } from '../../../errors.js';
import { openLocation } from '../../../source/open-source.js';
import { locationName, type Source } from '../../../source/source.js';
import { ByteStream } from '../../../source/stream/byte-stream.js';
import type { PdbIdentity } from '../../pe.js';
import { writeWhole } from '../../../cached-file.js';
import { MAX_POINTER, packedName, pointerIn, storePath } from './store-layout.js';

/** No kernel's PDB is larger. */
const MAX_FILE = 1 << 29;
const CHUNK = 1 << 20;

/** What a web store answered. */
export type Fetched = { readonly path: string } | { readonly missing: string };

function urlOf(store: string, parts: readonly string[]): string {
  return `${store.replace(/\/+$/, '')}/${parts.map(encodeURIComponent).join('/')}`;
}

/** Opens a file of a web store; null when it has none. */
async function openRemote(url: string): Promise<Source | ByteStream | null> {
  try {
    // The large servers keep their files elsewhere; what comes is held against the GUID that was asked for.
    return await openLocation(url, { allowRedirects: true });
  } catch (error) {
    if (error instanceof PoolTrackerError && error.code === 'SOURCE_NOT_FOUND') return null;
    throw error;
  }
}

/** The bytes of a remote file, in order. A range that fails is asked for again, so that a cut transfer goes on. */
async function* bytesOf(remote: Source | ByteStream): AsyncGenerator<Uint8Array> {
  if (remote instanceof ByteStream) {
    for await (const chunk of remote.reader.rest()) {
      if (remote.reader.offset > MAX_FILE) throw tooLarge(remote.name);
      yield chunk;
    }
    return;
  }
  if (remote.byteLength > MAX_FILE) throw tooLarge(remote.name);
  for (let at = 0; at < remote.byteLength; at += CHUNK) {
    const chunk = Buffer.alloc(Math.min(CHUNK, remote.byteLength - at));
    await remote.read(chunk, at);
    yield chunk;
  }
}

function tooLarge(name: string): PoolTrackerError {
  return new PoolTrackerError('SOURCE_UNREADABLE', `${name} has more than ${MAX_FILE} bytes: it is no PDB of a kernel`);
}

/**
 * Fetches a PDB from a web store into a local one, plain or packed; a file that only points elsewhere is told of.
 * @throws PoolTrackerError SOURCE_UNREADABLE, SOURCE_NOT_PERMITTED when the server cannot be asked
 */
export async function fetchFromServer(store: string, pdb: PdbIdentity, near: string): Promise<Fetched> {
  for (const name of [pdb.name, packedName(pdb.name)]) {
    const remote = await openRemote(urlOf(store, storePath(pdb, name)));
    if (remote === null) continue;
    const path = join(near, ...storePath(pdb, name));
    await writeWhole(path, bytesOf(remote)).finally(() => void remote.close());
    return { path };
  }
  const pointer = await openRemote(urlOf(store, storePath(pdb, 'file.ptr')));
  if (pointer === null) return { missing: `${locationName(store)} does not have it` };
  const target = await pointerTarget(pointer).finally(() => void pointer.close());
  return { missing: `${locationName(store)} only points to ${target ?? 'nothing'}, which is not fetched` };
}

async function pointerTarget(remote: Source | ByteStream): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytesOf(remote)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_POINTER) return null;
  }
  return pointerIn(Buffer.concat(chunks).toString('utf8'));
}
