import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { cachePath, readCachedValue, writeCachedValue } from '../../cached-file.js';
import type { DriverFacts } from './driver-images.js';
import type { FolderFile } from './driver-folder.js';
import type { TagHits } from './tag-search.js';

/** Bumped when what is kept changes, so that older entries are ignored. */
const VERSION = 1;
/** Tags that are remembered as searched for; beyond them only those of the last search are. */
const MAX_TAGS = 1 << 14;

/** What is remembered of a file as long as its size and its time are the same. */
interface CachedFile {
  readonly size: number;
  readonly modified: number;
  readonly facts: DriverFacts;
  /** Tags without PROTECTED_POOL, and whether each was seen as an operand. */
  readonly hits: readonly (readonly [bits: number, isOperand: boolean])[];
}

interface CacheEntry {
  /** Tags, without PROTECTED_POOL, that every file was searched for. */
  readonly tags: readonly number[];
  readonly files: Readonly<Record<string, CachedFile>>;
}

const NOTHING: CacheEntry = { tags: [], files: {} };

/** Whether a value has the shape of an entry; the checksum has told that this program wrote it. */
function isEntry(value: unknown): value is CacheEntry {
  const { tags, files } = (value ?? {}) as Partial<CacheEntry>;
  return Array.isArray(tags) && typeof files === 'object';
}

/** What earlier runs found in the files of one folder, and for which tags. */
export class DriverCache {
  /** What files are to be searched for: the tags asked for, and those remembered, unless that became too much. */
  readonly tags: ReadonlySet<number>;
  /** Whether what is remembered of drivers answers for all that is asked. */
  private readonly isCovered: boolean;
  private readonly kept = new Map<string, CachedFile>();

  private constructor(
    private readonly path: string | null,
    private readonly entry: CacheEntry,
    asked: ReadonlySet<number>,
  ) {
    const remembered = new Set(entry.tags);
    const all = new Set([...remembered, ...asked]);
    this.isCovered = all.size === remembered.size;
    this.tags = all.size > MAX_TAGS && !this.isCovered ? asked : all;
  }

  /**
   * @param asked tags without PROTECTED_POOL
   * @param isUsed whether a cache is read and written at all
   */
  static async of(folder: string, asked: ReadonlySet<number>, isUsed: boolean): Promise<DriverCache> {
    if (!isUsed) return new DriverCache(null, NOTHING, asked);
    const name = createHash('sha256')
      .update(await realpath(folder))
      .digest('hex')
      .slice(0, 32);
    const path = cachePath('drivers', `v${VERSION}`, `${name}.json`);
    const value = await readCachedValue(path);
    return new DriverCache(path, isEntry(value) ? value : NOTHING, asked);
  }

  /** What is known of a file; null when it has changed, or was not searched for all tags. */
  find({ path, size, modified }: FolderFile): { facts: DriverFacts; hits: TagHits } | null {
    const file = Object.hasOwn(this.entry.files, path) ? this.entry.files[path]! : null;
    if (file === null || file.size !== size || file.modified !== modified) return null;
    // What is no driver is none whatever the tags are.
    if (file.facts.kind === 'driver' && !this.isCovered) return null;
    return { facts: file.facts, hits: new Map(file.hits) };
  }

  keep({ path, size, modified }: FolderFile, facts: DriverFacts, hits: TagHits): void {
    this.kept.set(path, { size, modified, facts, hits: [...hits] });
  }

  /** Writes what was kept; files that are gone are forgotten. */
  async write(): Promise<void> {
    if (this.path === null) return;
    await writeCachedValue(this.path, { tags: [...this.tags], files: Object.fromEntries(this.kept) });
  }
}
