import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string | undefined;

/**
 * The bytes as a file, for what takes the name of one: the same file each time.
 * @param name with an ending where that tells the kind
 */
export function atPath(bytes: Buffer, name: string): string {
  if (folder === undefined) {
    const own = (folder = mkdtempSync(join(tmpdir(), 'pool-tracker-fuzz-')));
    process.once('exit', () => rmSync(own, { recursive: true, force: true }));
  }
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
