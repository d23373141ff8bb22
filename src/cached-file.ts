import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** A path in the user's cache (XDG Base Directory Specification), below the folder of this program. */
export function cachePath(...parts: readonly string[]): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pool-tracker', ...parts);
}

/** No entry is larger; what is was not written by this program. */
const MAX_ENTRY = 64 << 20;

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What an earlier run has cached under a path; null when there is nothing, or it is damaged. */
export async function readCachedValue(path: string): Promise<unknown> {
  try {
    if ((await stat(path)).size > MAX_ENTRY) return null;
    const [sum, text] = (await readFile(path, 'utf8')).split('\n', 2);
    return text !== undefined && sum === checksum(text) ? (JSON.parse(text) as unknown) : null;
  } catch {
    return null;
  }
}

/** Caches a value as JSON. A cache that cannot be written only costs time, so that is not an error. */
export async function writeCachedValue(path: string, value: unknown): Promise<void> {
  const text = JSON.stringify(value);
  if (text.length > MAX_ENTRY) return;
  await writeWhole(path, [`${checksum(text)}\n${text}\n`]).catch(() => undefined);
}

/**
 * Writes a file that others may look for, whole or not at all: under a name of its own first, then renamed. Writers at the
 * same time do not interfere; the last one stays.
 */
export async function writeWhole(
  path: string,
  pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    const file = await open(partial, 'wx');
    try {
      for await (const piece of pieces) await file.writeFile(piece);
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
