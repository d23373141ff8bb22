import { lstat, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { PoolTrackerError, systemErrorCode } from '../../errors.js';
import { outputFailed } from '../../sink/file/output-error.js';

/**
 * Checks a path within a dataset as it is written: names one below another, none of which leads up or elsewhere.
 * @param store the dataset's name, for messages
 * @returns the path
 * @throws PoolTrackerError OUTPUT_FAILED
 */
export function innerPath(store: string, path: string): string {
  const isInner =
    path !== '' &&
    !path.includes('\0') &&
    !path.includes('\\') &&
    path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
  if (isInner) return path;
  throw leaves(store, path, 'a path in a dataset is names with / between them');
}

function leaves(store: string, path: string, why: string): PoolTrackerError {
  return new PoolTrackerError('OUTPUT_FAILED', `${store}: refused to touch ${JSON.stringify(path)}: ${why}`, {
    hint: 'nothing outside a dataset is read, written or removed; look at who wrote this',
  });
}

/** The folders of a dataset on disk: none of them may be a link that leads out of it. */
export class InnerFolders {
  private root: Promise<string> | null = null;
  private readonly known = new Set<string>();

  /** @param path of the dataset, resolved */
  constructor(
    private readonly name: string,
    private readonly path: string,
  ) {}

  /**
   * The full path of a file of the dataset.
   * @throws PoolTrackerError OUTPUT_FAILED when the path leaves the dataset, by its names or through links, or a part of it
   *   is no folder or may not be looked into
   */
  async fullPath(path: string): Promise<string> {
    const full = join(this.path, innerPath(this.name, path));
    await this.check(dirname(full));
    return full;
  }

  /** Checks a folder, which need not exist yet: what exists of the way to it must lie within. */
  async check(folder: string): Promise<void> {
    if (this.known.has(folder)) return;
    this.root ??= realpath(this.path).catch(() => this.path);
    const root = await this.root;
    for (let at = folder; at.length >= this.path.length; at = dirname(at)) {
      const real = await realpath(at).catch((error: unknown) => {
        if (systemErrorCode(error) === 'ENOENT') return null;
        throw outputFailed(at, error);
      });
      if (real === null) {
        // A link that leads nowhere yet would be followed when the folder is made; a folder may be made meanwhile.
        if ((await lstat(at).catch(() => null))?.isSymbolicLink() === true)
          throw leaves(this.name, at, 'it is a link that leads nowhere');
        continue;
      }
      if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep))
        throw leaves(this.name, at, `it is a link to ${real}, outside the dataset`);
      this.known.add(folder);
      return;
    }
  }
}
