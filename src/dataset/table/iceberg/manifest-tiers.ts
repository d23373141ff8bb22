import type { ManifestFile } from './manifest.js';

/** Manifests of about the same size that are merged into one: a dataset has at most some dozens of them. */
const MERGE_COUNT = 10;
/** Files of a manifest that is large enough: it is written anew only when one of its files goes. */
const MAX_FILES = 8192;

/** How many digits the number of its files has. */
function tierOf(files: number): number {
  return String(files).length;
}

export function liveFiles({ added_files_count, existing_files_count }: ManifestFile): number {
  return added_files_count + existing_files_count;
}

/**
 * Which manifests become one with the files that are added: all of a size, when there are so many, then all of the next
 * size, so that each file is written again only once for each digit that the number of files has.
 * @param manifests of files with the same folder keys
 * @param added how many files are added
 */
export function mergedWith(manifests: readonly ManifestFile[], added: number): ManifestFile[] {
  const chosen: ManifestFile[] = [];
  let files = added;
  for (let tier = 1; tier <= tierOf(MAX_FILES); tier++) {
    const own = manifests.filter((one) => tierOf(liveFiles(one)) === tier && liveFiles(one) < MAX_FILES);
    const isOwn = tierOf(files) === tier;
    if (own.length + (isOwn ? 1 : 0) < MERGE_COUNT) continue;
    chosen.push(...own);
    files += own.reduce((sum, one) => sum + liveFiles(one), 0);
  }
  return chosen;
}
