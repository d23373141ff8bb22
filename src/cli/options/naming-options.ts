import { PoolTrackerError } from '../../errors.js';
import { KnownTags, type PooltagFile, readPooltagFile } from '../../pool/tag-names/tag-names.js';
import type { TagNaming } from '../../record/rows/rows.js';
import type { ScanResult } from '../../scan/scan-result.js';
import { driverCandidates } from '../../scan/driver-candidates.js';
import { ProgressLine, say, warn } from '../display/say.js';
import type { OptionSpecs, OptionValues } from './command.js';
import { scanOptions } from './scan-options.js';

/** Warnings of files that cannot be read, before they are only counted. */
const SHOWN = 5;

/** The options for the sources of tag descriptions. */
export const NAMING_OPTION_SPECS: OptionSpecs = {
  pooltag: {
    multiple: true,
    value: 'FILE',
    help: 'names of tags: a file like pooltag.txt or localtag.txt, asked before the built-in list',
  },
  'third-party': { help: 'only tags that neither the built-in list nor --pooltag names' },
  drivers: {
    value: 'PATH',
    help: 'search drivers for the tags on no list: a directory with all below it, a driver, or a memory image for its loaded modules; drivers that the image has loaded come first',
  },
};

/** Reads the given lists; lines that are not entries are reported and skipped. */
export async function knownTags(options: OptionValues): Promise<KnownTags> {
  const files: PooltagFile[] = [];
  for (const location of options.texts('pooltag')) {
    const file = await readPooltagFile(location);
    files.push(file);
    const { malformed, entries } = file;
    if (malformed.length === 0 || options.flag('quiet')) continue;
    warn(
      `${location}: ${malformed.length} of its lines are malformed, the first is line ${malformed[0]}; ${entries.length} entries were read`,
    );
  }
  return new KnownTags(files);
}

/** What is known about an image's tags; with --drivers, unlisted tags are searched for. */
export async function tagNaming(known: KnownTags, result: ScanResult, options: OptionValues): Promise<TagNaming> {
  const drivers = options.text('drivers');
  if (drivers === undefined) return { known };
  const unknown = result.totals.filter(({ key }) => known.find(key) === null).map(({ key }) => key);
  const { imageFormat, ...scan } = scanOptions(options);
  // The format option applies only to the scanned images.
  const isScanned = drivers === result.path && imageFormat !== undefined;
  const isQuiet = options.flag('quiet');
  const progress = new ProgressLine();
  const { candidates, searched, programs, unreadable, notes } = await driverCandidates(drivers, unknown, {
    ...scan,
    ...(isScanned ? { imageFormat } : {}),
    ...(isQuiet ? {} : { onProgress: progress.show }),
    scanned: result,
  }).finally(() => progress.end());
  if (unreadable.length > 0 && unreadable.length === searched) {
    throw new PoolTrackerError(
      'SOURCE_UNREADABLE',
      `${drivers}: none of its ${searched} drivers could be read; the first: ${unreadable[0]!}`,
    );
  }
  if (!isQuiet) {
    const faults = [...notes, ...unreadable];
    for (const reason of faults.slice(0, SHOWN)) warn(reason);
    if (faults.length > SHOWN) warn(`${drivers}: ${faults.length - SHOWN} more could not be read`);
    const others = programs === 0 ? '' : `, ${programs} programs of user mode passed over`;
    say(
      `${drivers}: ${searched} drivers searched${others}; ${candidates.size} of ${unknown.length} tags on no list have candidates`,
    );
  }
  return { known, candidates };
}
