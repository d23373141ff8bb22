import { fileURLToPath } from 'node:url';
import { PoolTrackerError } from '../../errors.js';
import { SCANNED_RECORD_TYPES } from '../../record/schema/record-types.js';
import { LOCATE_WAYS } from '../../pool/locate/locate.js';
import { PAGING_NAMES } from '../../memory/paging/paging.js';
import { SCAN_METHODS } from '../../scan/scan.js';
import { pluggedScheme } from '../../source/open-source.js';
import { locationName } from '../../source/source.js';
import { isWithin } from '../../source/within.js';
import { checkPartitionKeys } from '../store/partition.js';
import { PART_EXTENSION, TABLE_FORMATS } from '../store/dataset-settings.js';
import type { ImageJob } from './work-queue.js';

/** What a worker may touch, whatever its queue says: whoever can write to Redis can write jobs. */
export interface WorkerLimits {
  /** Datasets, exactly as jobs name them: directories or s3:// prefixes. */
  readonly outs: readonly string[];
  /** Directories, and beginnings of URLs, in which images, symbols and spool folders may lie. */
  readonly allowed: readonly string[];
  /** Whether jobs may let a server redirect to another host, to whatever it names. */
  readonly redirects: boolean;
}

/** The longest that a timer can wait. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const MAX_TEXT = 4096;
const MAX_LABELS = 256;

type Fields = Readonly<Record<string, unknown>>;

function refused(
  why: string,
  hint = 'a worker is started with what it may touch: --out DATASET, --allow PREFIX',
): PoolTrackerError {
  return new PoolTrackerError('SOURCE_NOT_PERMITTED', `job refused: ${why}`, { hint });
}

function fieldsOf(value: unknown, what: string, names: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refused(`${what}: expected an object, found ${JSON.stringify(value)?.slice(0, 40) ?? 'nothing'}`);
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw refused(`${what} has a field ${JSON.stringify(unknown.slice(0, 40))}, which is not known`);
  return value as Fields;
}

function text(value: unknown, what: string): string {
  if (typeof value === 'string' && value.length <= MAX_TEXT && !value.includes('\0')) return value;
  throw refused(`${what}: expected a text of at most ${MAX_TEXT} characters`);
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}

function oneOf(value: unknown, what: string, choices: readonly string[]): void {
  if (!choices.includes(value as string)) throw refused(`${what}: expected one of ${choices.join(', ')}`);
}

function flag(value: unknown, what: string): void {
  if (typeof value !== 'boolean') throw refused(`${what}: expected true or false`);
}

function whole(value: unknown, what: string, most: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > most)
    throw refused(`${what}: expected a whole number up to ${most}`);
}

const SCAN_FIELDS = [
  'imageFormat',
  'allowRedirects',
  'spool',
  'method',
  'root',
  'architecture',
  'threads',
  'locate',
  'knownBuilds',
  'symbols',
  'symbolPath',
  'cache',
];

const IS_URL = /^[a-z][a-z0-9+.-]*:\/\//i;

/** The local path that a location names, also as a file URL; null for one that lies elsewhere. */
function localPath(location: string): string | null {
  if (!IS_URL.test(location)) return location;
  try {
    return /^file:/i.test(location) ? fileURLToPath(location) : null;
  } catch {
    return null;
  }
}

function localPaths(locations: readonly string[]): string[] {
  return locations.map(localPath).filter((path) => path !== null);
}

/** Whether a location lies in an allowed place: links of local paths are followed, and URLs compared as they resolve. */
async function isAllowed(location: string, allowed: readonly string[]): Promise<boolean> {
  const scheme = pluggedScheme(location);
  if (scheme !== null) return isAllowedOfPlugin(scheme.name, location, allowed);
  const path = localPath(location);
  if (path !== null) return isWithin(path, localPaths(allowed));
  if (!URL.canParse(location)) return false;
  const { href } = new URL(location);
  if (/(^|\/)\.\.?(\/|$)|%2e/i.test(href.slice(href.indexOf('://') + 3))) return false;
  return allowed.some((prefix) => {
    if (!URL.canParse(prefix) || !IS_URL.test(prefix) || localPath(prefix) !== null) return false;
    const own = new URL(prefix).href;
    return href === own || href.startsWith(own.endsWith('/') ? own : `${own}/`);
  });
}

/**
 * Whether a location of a plug-in's scheme begins as one of that scheme that is allowed. What it is in, as `tar:` is in a
 * file, has to be allowed as well: that is held when the scheme opens it.
 */
function isAllowedOfPlugin(scheme: string, location: string, allowed: readonly string[]): boolean {
  if (/(^|[/\\:!])\.\.?([/\\!]|$)|%2e/i.test(location)) return false;
  return allowed.some((prefix) => {
    if (!prefix.toLowerCase().startsWith(`${scheme}:`) || !location.startsWith(prefix)) return false;
    return location === prefix || /[/!:]$/.test(prefix) || /^[/!]/.test(location.slice(prefix.length));
  });
}

/** Every place that a symbol path names: `srv*CACHE*URL;cache*DIR;DIR`. */
function placesOfSymbolPath(path: string): string[] {
  return path
    .split(';')
    .flatMap((part) => part.split('*'))
    .filter((place) => place !== '' && !/^(srv|cache|symsrv|symsrv\.dll)$/i.test(place));
}

/**
 * Checks a job as any other input, and holds it against what the worker may touch.
 * @returns the job, bound to what the worker may read: companions of its image, and links made since, are held against it
 *   as they are opened
 * @throws PoolTrackerError SOURCE_NOT_PERMITTED, in one line
 */
export async function checkJob(data: unknown, { outs, allowed, redirects }: WorkerLimits): Promise<ImageJob> {
  const job = fieldsOf(data, 'a job', ['image', 'labels', 'ingest', 'timeoutMs']);
  const image = fieldsOf(job['image'], 'image', ['location', 'source', 'found', 'version']);
  const location = text(image['location'], 'image.location');
  text(image['source'], 'image.source');
  flag(image['found'], 'image.found');
  if (image['version'] !== null) text(image['version'], 'image.version');
  const labels = fieldsOf(job['labels'], 'labels', Object.keys((job['labels'] as object | null) ?? {}));
  if (Object.keys(labels).length > MAX_LABELS) throw refused(`more than ${MAX_LABELS} labels`);
  for (const [name, value] of Object.entries(labels)) text(value, `label ${text(name, 'a label')}`);
  whole(job['timeoutMs'], 'timeoutMs', MAX_TIMEOUT_MS);

  const ingest = fieldsOf(job['ingest'], 'ingest', [
    'out',
    'partition',
    'format',
    'table',
    'records',
    'scan',
    'allSystems',
    'drivers',
    'sink',
  ]);
  const out = text(ingest['out'], 'out');
  if (!outs.includes(out)) throw refused(`its dataset ${locationName(out)} is none of this worker's`);
  optional(ingest['partition'], (keys) => checkPartitionKeys(textsOf(keys, 'partition')));
  optional(ingest['format'], (format) => oneOf(format, 'format', Object.keys(PART_EXTENSION)));
  optional(ingest['table'], (table) => oneOf(table, 'table', TABLE_FORMATS));
  for (const record of textsOf(ingest['records'], 'records'))
    oneOf(
      record,
      'records',
      SCANNED_RECORD_TYPES.map(({ name }) => name),
    );
  optional(ingest['allSystems'], (value) => flag(value, 'allSystems'));
  for (const [name, value] of Object.entries(
    fieldsOf(ingest['sink'], 'sink', Object.keys((ingest['sink'] as object | null) ?? {})),
  ))
    if (!['string', 'number', 'boolean'].includes(typeof value)) throw refused(`sink.${name}: expected a plain value`);
  const scan = fieldsOf(ingest['scan'], 'scan', SCAN_FIELDS);
  optional(scan['allowRedirects'], (value) => flag(value, 'allowRedirects'));
  if (scan['allowRedirects'] === true && !redirects)
    throw refused(
      'it lets servers redirect to other hosts',
      'start the worker with --allow-redirects, or submit the job without it',
    );
  const drivers = optional(ingest['drivers'], (value) => text(value, 'drivers'));
  const places = [location, ...(drivers === undefined ? [] : [drivers]), ...placesOfScan(scan)];
  for (const place of places)
    if (!(await isAllowed(place, allowed)))
      throw refused(`${locationName(place)} is not in a place that this worker may read`);
  const checked = data as ImageJob;
  const bound = { ...checked.ingest.scan, within: localPaths(allowed) };
  return { ...checked, ingest: { ...checked.ingest, scan: bound } };
}

function textsOf(value: unknown, what: string): string[] {
  if (!Array.isArray(value) || value.length > MAX_LABELS) throw refused(`${what}: expected a list of texts`);
  return value.map((one) => text(one, what));
}

/** Checks the options of a scan. @returns the places that they name */
function placesOfScan(scan: Fields): string[] {
  optional(scan['imageFormat'], (value) => text(value, 'imageFormat'));
  optional(scan['method'], (value) => oneOf(value, 'method', SCAN_METHODS));
  optional(scan['locate'], (value) => oneOf(value, 'locate', LOCATE_WAYS));
  optional(scan['architecture'], (value) => oneOf(value, 'architecture', PAGING_NAMES));
  optional(scan['root'], (value) => whole(value, 'root', Number.MAX_SAFE_INTEGER));
  optional(scan['threads'], (value) => whole(value, 'threads', 64));
  for (const name of ['knownBuilds', 'cache']) optional(scan[name], (value) => flag(value, name));
  return [
    ...[scan['spool'], scan['symbols']].flatMap((value) => (value === undefined ? [] : [text(value, 'a path')])),
    ...placesOfSymbolPath(optional(scan['symbolPath'], (value) => text(value, 'symbolPath')) ?? ''),
  ];
}
