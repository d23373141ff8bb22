import { join } from 'node:path';
import { beginsAlike, lastPartOf, openSource, partBefore } from '../../source/open-source.js';
import type { Source } from '../../source/source.js';

/**
 * The image that a file belongs to, when both lie in one folder: the saved state beside a .vmem, the later segments of
 * an .E01, the raw parts beside an .afm, the later files of an .afd folder, the later parts of a split file. Such files are opened along with the image and are not images of their own.
 *
 * @param names every name in the folder, lower case
 */
export function companionOf(name: string, names: ReadonlySet<string>): string | null {
  const lower = name.toLowerCase();
  const dot = lower.lastIndexOf('.');
  if (dot < 0) return null;
  const stem = lower.slice(0, dot);
  const ending = lower.slice(dot + 1);
  const image =
    ending === 'vmss' || ending === 'vmsn'
      ? `${stem}.vmem`
      : /^e[0-9a-z]{2}$/.test(ending) && ending !== 'e01'
        ? `${stem}.e01`
        : /^\d{3}$/.test(ending) && names.has(`${stem}.afm`)
          ? `${stem}.afm`
          : ending === 'aff' && /^file_\d{3}$/.test(stem) && stem !== 'file_000'
            ? 'file_000.aff'
            : null;
  if (image !== null) return names.has(image) ? image : null;
  return lastPartOf(lower, names) ?? partBefore(lower, names);
}

/** Whether a file is opened along with another one. Numbered images that begin alike are images of their own. */
export async function belongsToOther(folder: string, name: string, names: ReadonlySet<string>): Promise<boolean> {
  const other = companionOf(name, names);
  if (other === null || partBefore(name.toLowerCase(), names) === null) return other !== null;
  const sources: Source[] = [];
  try {
    // Names are compared in small letters, as file systems may.
    const before = partBefore(name, names) ?? other;
    for (const one of [before, name]) sources.push(await openSource(join(folder, one)));
    return !(await beginsAlike(sources[0]!, sources[1]!));
  } catch {
    return false;
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}
