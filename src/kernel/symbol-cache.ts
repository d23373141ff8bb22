import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { PdbIdentity } from './code-view.js';
import type { KernelSymbols } from './kernel-symbols.js';

/** Bumped when KernelSymbols changes, so that older entries are passed over. */
const VERSION = 2;

function cachePath(pdb: PdbIdentity): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'pool-tracker', 'symbols', `v${VERSION}`, `${pdb.guid}-${pdb.age}.json`);
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What an earlier run resolved for this PDB; null when there is nothing, or it is damaged. */
export async function readCachedSymbols(pdb: PdbIdentity): Promise<KernelSymbols | null> {
  try {
    const [sum, text] = (await readFile(cachePath(pdb), 'utf8')).split('\n', 2);
    return text !== undefined && sum === checksum(text) ? (JSON.parse(text) as KernelSymbols) : null;
  } catch {
    return null;
  }
}

/**
 * Keeps what was resolved. Writers do not meet: each writes a file of its own and renames it. A cache that cannot be
 * written costs time only, so that is no error.
 */
export async function writeCachedSymbols(pdb: PdbIdentity, symbols: KernelSymbols): Promise<void> {
  const path = cachePath(pdb);
  const partial = `${path}.${randomUUID()}.partial`;
  const text = JSON.stringify(symbols);
  try {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(partial, `${checksum(text)}\n${text}\n`);
    await rename(partial, path);
  } catch {
    await rm(partial, { force: true }).catch(() => undefined);
  }
}
