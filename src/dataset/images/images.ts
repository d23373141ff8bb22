import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { messageOf, PoolTrackerError, systemErrorCode } from '../../errors.js';
import { parseS3, s3Objects, type ListedObject } from '../../source/s3-client.js';
import { locationName } from '../../source/source.js';
import { pluggedScheme } from '../../source/open-source.js';
import { markedText } from '../../windows-text.js';
import { belongsToOther, companionOf } from './companions.js';
import { glob, hasPattern } from './glob.js';

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

/**
 * The images below `s3://bucket/prefix/`. Keys arrive sorted, so that the names of only one folder are held at a time.
 */
export async function* listS3(url: string): AsyncGenerator<ListedImage> {
  const { bucket, key: prefix } = parseS3(url);
  let folder: ListedObject[] = [];
  try {
    for await (const object of s3Objects(bucket, prefix)) {
      if (folder.length > 0 && folderOf(folder[0]!.Key) !== folderOf(object.Key)) {
        yield* imagesOfFolder(bucket, folder);
        folder = [];
      }
      if (!object.Key.endsWith('/')) folder.push(object);
    }
  } catch (error) {
    if (error instanceof PoolTrackerError) throw error;
    throw new PoolTrackerError('SOURCE_UNREADABLE', `cannot list ${url}: ${messageOf(error)}`, { cause: error });
  }
  yield* imagesOfFolder(bucket, folder);
}

function* imagesOfFolder(bucket: string, objects: readonly ListedObject[]): Generator<ListedImage> {
  const nameOf = (key: string): string => key.slice(folderOf(key).length);
  const names = new Set(objects.map(({ Key }) => nameOf(Key).toLowerCase()));
  for (const { Key, ETag, Size } of objects) {
    if (companionOf(nameOf(Key), names) !== null) continue;
    const location = `s3://${bucket}/${Key}`;
    yield { location, source: location, found: true, version: ETag === undefined ? null : `${Size ?? ''} ${ETag}` };
  }
}

/** An image to be scanned, or a file that may turn out not to be one. */
export interface ListedImage {
  /** As it was named or found; the image_path of records. */
  readonly location: string;
  /** Its full path or URL, without credentials: the same for one image, however it was named. */
  readonly source: string;
  /** Whether it was found in a folder rather than named; such a file is skipped when it is not an image. */
  readonly found: boolean;
  /** From the listing (see image-version.ts); null when it has none. */
  readonly version: string | null;
  /** Whether it is to be scanned even if it is done: something beside it has changed. */
  readonly again?: boolean;
}

export interface ListOptions {
  /** Standard input. */
  readonly input: Readable;
  /** A folder in which no images are looked for: the dataset itself. */
  readonly except?: string;
}

export function isUrl(location: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(location);
}

/** Whether a word is an address, of ours or of a plug-in's scheme, and no path. */
function isLocation(word: string): boolean {
  return isUrl(word) || pluggedScheme(word) !== null;
}

/**
 * Every image that the arguments name, in order, each once: files, directories, patterns, `@list.txt`, `-` for a list
 * on standard input, URLs, and `s3://` prefixes, which end in a slash. What a line of a list names need not be there.
 *
 * @throws PoolTrackerError SOURCE_NOT_FOUND for an argument that names nothing, a list of which no line does, or one
 * that cannot be read
 */
export async function listImages(words: readonly string[], options: ListOptions): Promise<ListedImage[]> {
  const bySource = new Map<string, ListedImage>();
  for (const word of words) {
    let isEmpty = true;
    for await (const image of imagesOf(word, options)) {
      isEmpty = false;
      const known = bySource.get(image.source);
      if (known === undefined || (known.found && !image.found)) bySource.set(image.source, image);
    }
    // A list may have nothing on it: what writes one may have found nothing new.
    if (isEmpty && !isList(word)) throw notFound(word, 'expected images, found a folder without files');
  }
  return [...bySource.values()];
}

function isList(word: string): boolean {
  return word === '-' || word.startsWith('@');
}

function notFound(name: string, why: string, hint = 'check the path'): PoolTrackerError {
  return new PoolTrackerError('SOURCE_NOT_FOUND', `${name}: ${why}`, { data: { path: name }, hint });
}

/** Whether there is nothing of a name. What only may not be looked at is there. */
async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '');
  }
}

/** The path of a local file; null for what lies elsewhere. */
function localPath(location: string): string | null {
  if (!isLocation(location)) return location;
  try {
    return /^file:/i.test(location) ? fileURLToPath(location) : null;
  } catch {
    return null;
  }
}

async function* imagesOf(word: string, options: ListOptions): AsyncGenerator<ListedImage> {
  if (word === '-') yield* imagesOfLines(options.input, 'standard input', options);
  else if (word.startsWith('@')) yield* imagesOfLines(createReadStream(word.slice(1)), word.slice(1), options);
  else if (!isLocation(word) && hasPattern(word) && (await isMissing(word))) yield* imagesOfPattern(word, options);
  else {
    const path = localPath(word);
    if (path !== null && (await isMissing(path))) throw notFound(word, 'no such file or directory');
    yield* imagesOfLocation(word, options);
  }
}

function imagesOfLocation(location: string, options: ListOptions): AsyncGenerator<ListedImage> {
  return isLocation(location) ? imagesOfUrl(location) : imagesOfPath(location, options);
}

async function* imagesOfLines(input: Readable, name: string, options: ListOptions): AsyncGenerator<ListedImage> {
  const missing: string[] = [];
  let isAnyThere = false;
  try {
    for await (const line of createInterface({ input: Readable.from(markedText(input)), crlfDelay: Infinity })) {
      if (line.trim() === '') continue;
      const path = localPath(line);
      if (path !== null && (await isMissing(path))) missing.push(line);
      else isAnyThere = true;
      yield* imagesOfLocation(line, options);
    }
    const [first] = missing;
    if (first !== undefined && !isAnyThere)
      throw notFound(
        name,
        `of its ${missing.length} lines none names a file that is there, as '${first}'`,
        'check the list',
      );
  } catch (error) {
    if (error instanceof PoolTrackerError) throw error;
    throw new PoolTrackerError('SOURCE_NOT_FOUND', `cannot read the list ${name}: ${messageOf(error)}`, {
      cause: error,
      hint: 'a file whose name begins with @ is written ./@name',
    });
  }
}

async function* imagesOfUrl(url: string): AsyncGenerator<ListedImage> {
  if (url.startsWith('s3://') && url.endsWith('/')) yield* listS3(url);
  else yield { location: url, source: identityOf(url), found: false, version: null };
}

/** A query may select the object or sign the request: it distinguishes URLs, but must not be readable in a journal. */
function identityOf(url: string): string {
  const name = locationName(url);
  const query = URL.canParse(url) && !url.startsWith('s3://') ? new URL(url).search : '';
  return query === '' ? name : `${name}?${createHash('sha256').update(query).digest('hex').slice(0, 16)}`;
}

async function* imagesOfPattern(pattern: string, options: ListOptions): AsyncGenerator<ListedImage> {
  let any = false;
  for await (const path of glob(pattern)) {
    any = true;
    yield* imagesOfPath(path, options);
  }
  if (!any) throw notFound(pattern, 'no file matches this pattern', 'check the pattern');
}

async function* imagesOfPath(path: string, options: ListOptions): AsyncGenerator<ListedImage> {
  const info = await stat(path).catch(() => null);
  if (info?.isDirectory() === true) yield* imagesIn(path, options);
  else yield { location: path, source: resolve(path), found: false, version: null };
}

/**
 * Regular files, sorted, without those that belong to another image; links to directories are not followed, so that
 * none is walked twice.
 */
async function* imagesIn(folder: string, options: ListOptions): AsyncGenerator<ListedImage> {
  if (options.except !== undefined && resolve(folder) === resolve(options.except)) return;
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new PoolTrackerError('SOURCE_UNREADABLE', `cannot list ${folder}: ${messageOf(error)}`, { cause: error });
  });
  const names = new Set(entries.map((entry) => entry.name.toLowerCase()));
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) yield* imagesIn(join(folder, entry.name), options);
    else if (!(await belongsToOther(folder, entry.name, names))) {
      const path = join(folder, entry.name);
      const isFile =
        entry.isFile() || (entry.isSymbolicLink() && (await stat(path).catch(() => null))?.isFile() === true);
      if (isFile) yield foundAt(path);
    }
  }
}

function foundAt(path: string): ListedImage {
  return { location: path, source: resolve(path), found: true, version: null };
}

/**
 * The images that files of one folder are, or belong to: each once.
 * @param chosen names of files that are there, or were a moment ago
 */
export async function imagesOfFiles(folder: string, chosen: ReadonlySet<string>): Promise<ListedImage[]> {
  const entries = await readdir(folder).catch(() => []);
  const byName = new Map(entries.map((name) => [name.toLowerCase(), name]));
  const names = new Set(byName.keys());
  const images = new Set<string>();
  for (const name of [...chosen].sort()) {
    if (!names.has(name.toLowerCase())) continue;
    const other = (await belongsToOther(folder, name, names)) ? companionOf(name, names) : null;
    images.add(other === null ? name : (byName.get(other) ?? name));
  }
  return [...images].map((name) => foundAt(join(folder, name)));
}

/** A part of a list of images: which image is in which part follows from its name. */
export interface Shard {
  /** From 0. */
  readonly part: number;
  /** Of how many. */
  readonly parts: number;
}

/** @throws PoolTrackerError USAGE for one that no list has */
export function checkedShard({ part, parts }: Shard): Shard {
  if (Number.isSafeInteger(part) && Number.isSafeInteger(parts) && part >= 0 && part < parts) return { part, parts };
  throw new PoolTrackerError(
    'USAGE',
    `shard: expected a part from 0 to its number of parts - 1, found ${part} of ${parts}`,
    {
      hint: 'the first of four is 0 of 4',
    },
  );
}

/**
 * Which of `count` shards an image belongs to, by its name alone, so that machines that share only the list of images
 * do not overlap. FNV-1a with a final mix, because its low bits alone do not distinguish similar names.
 */
export function shardOf(source: string, count: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(source)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) % count;
}
