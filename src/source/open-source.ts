import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { messageOf, PoolTrackerError } from '../errors.js';
import { Plugged } from '../plugged.js';
import { unlessAborted } from '../work.js';
import { FileSource } from './local/file-source.js';
import { openNamedPipe } from './local/named-pipe.js';
import { spool } from './local/spool.js';
import { openHttp } from './remote/http-source.js';
import { remoteModified } from './remote/remote-version.js';
import { openS3 } from './remote/s3-source.js';
import type { ByteReader } from './reading/byte-reader.js';
import { ObeyingSource } from './reading/obeying-source.js';
import { PROBE_LENGTH, readBytes, type Source, sourceOf } from './source.js';
import type { LocationOptions, SourceScheme, StreamedBytes } from './source-scheme.js';
import { joinListed } from './listed-parts.js';
import { joinParts } from './split-parts.js';
import { joinZipParts } from './split-zip.js';
import { ByteStream } from './stream/byte-stream.js';
import { detectWrapper, partBehind, unwrap, type Wrapper, WRAPPER_HEAD } from './wrapper/wrappers.js';

export { remoteVersion } from './remote/remote-version.js';
export { beginsAlike, partBefore } from './split-parts.js';
export { lastPartOf } from './split-zip.js';

/** What is read beside a location, and how far it may lead. */
export interface OpenOptions extends LocationOptions {
  /** Locations of the file's further parts, in order: then none is looked for by its name. */
  readonly parts?: readonly string[];
}

/** Tried in this order; the plug-ins' come behind them. */
const SCHEMES: readonly SourceScheme[] = [
  {
    name: 'stdin',
    claims: (location) => location === '-',
    open: async () => ByteStream.ofDescriptor('standard input', 0),
  },
  { name: 'http', claims: (location) => /^https?:/i.test(location), open: openHttp },
  { name: 's3', claims: (location) => location.startsWith('s3://'), open: (location) => openS3(location) },
  {
    name: 'file-url',
    claims: (location) => /^file:\/\//i.test(location),
    open: (location, options) => openLocal(pathOfFileUrl(location), options),
  },
];

/** Schemes of plug-ins: a location begins with the scheme's name and a colon, so that none takes a name of ours. */
export const PLUGGED_SCHEMES = new Plugged<SourceScheme>();

/** The scheme of a plug-in that a location is of; null for locations that are ours. */
export function pluggedScheme(location: string): SourceScheme | null {
  const scheme = [...SCHEMES, ...PLUGGED_SCHEMES.all].find((candidate) => candidate.claims(location));
  return scheme !== undefined && PLUGGED_SCHEMES.all.includes(scheme) ? scheme : null;
}

/** What is in the file system, the last of which accepts everything. */
const LOCAL_SCHEMES: readonly SourceScheme[] = [
  {
    // AFF's folder of files, by the first of them.
    name: 'afd',
    claims: (location) => /\.afd[/\\]?$/i.test(location),
    open: (location, { within }) => FileSource.open(join(location, 'file_000.aff'), within),
  },
  { name: 'file', claims: () => true, open: openLocal },
];

async function openLocal(path: string, options: LocationOptions): Promise<Source | ByteStream> {
  return (await openNamedPipe(path, options)) ?? FileSource.open(path, options.within);
}

/** Beginnings of locations that are ours, or that a reader would take for ours. */
export const OWN_SCHEME_NAMES: readonly string[] = ['https', ...[...SCHEMES, ...LOCAL_SCHEMES].map(({ name }) => name)];

/** @throws PoolTrackerError USAGE for a URL of another machine, or with escapes that no path has */
function pathOfFileUrl(location: string): string {
  try {
    return fileURLToPath(location);
  } catch (error) {
    throw new PoolTrackerError('USAGE', `${location}: ${messageOf(error)}`, {
      hint: 'name the path, or file:///PATH of this machine',
      cause: error,
    });
  }
}

/** The last moment of the years that records can hold. */
const LAST_TIME = Date.parse('9999-12-31T23:59:59.999Z');
/** A network mount that is dead does not answer at all. */
const ANSWER_MS = 10_000;

/** When the file or object at a location was last modified; null when that is not known, or no time after 1970. */
export async function modifiedAt(location: string): Promise<Date | null> {
  const answer = modificationTime(location).catch(() => null);
  const time = (await Promise.race([answer, setTimeout(ANSWER_MS, null, { ref: false })]))?.getTime() ?? 0;
  return time > 0 && time <= LAST_TIME ? new Date(Math.floor(time)) : null;
}

async function modificationTime(location: string): Promise<Date | null> {
  if (location === '-') return null;
  if (/^(https?|s3):\/\//i.test(location)) return remoteModified(location);
  return (await stat(/^file:\/\//i.test(location) ? pathOfFileUrl(location) : location)).mtime;
}

/** Locations in locations that schemes of plug-ins open: `tar:` of a `tar:` of a file. */
const MAX_SCHEMES = 4;

/**
 * Opens `location`: a path, a URL of a listed scheme, or `-` for standard input.
 * @param depth schemes of plug-ins that it lies in
 */
export async function openLocation(
  location: string,
  options: LocationOptions = {},
  depth = 0,
): Promise<Source | ByteStream> {
  if (depth > MAX_SCHEMES)
    throw new PoolTrackerError('FORMAT_REFUSED', `${location}: more than ${MAX_SCHEMES} locations in one another`);
  const scheme = [...SCHEMES, ...PLUGGED_SCHEMES.all, ...LOCAL_SCHEMES].find((one) => one.claims(location))!;
  const opened = await scheme.open(location, {
    ...options,
    open: (inner) => openSource(inner, options, depth + 1),
  });
  return opened instanceof ByteStream || !('pieces' in opened) ? opened : streamOf(opened);
}

function streamOf(opened: StreamedBytes): ByteStream {
  return new ByteStream(opened.name, opened.byteLength, opened.pieces, { close: () => opened.close?.() });
}

/** The same, whose reads obey the signal. */
async function openObeying(location: string, options: OpenOptions): Promise<Source | ByteStream> {
  const { signal } = options;
  const opened = await unlessAborted(openLocation(location, options), signal, (late) => late.close());
  if (signal === undefined) return opened;
  if (!(opened instanceof ByteStream)) return new ObeyingSource(opened, signal);
  opened.reader.obey(signal);
  return opened;
}

/** The same, for random access. @throws PoolTrackerError SOURCE_UNREADABLE for a location that can only be streamed */
export async function openSource(location: string, options: LocationOptions = {}, depth = 0): Promise<Source> {
  const opened = await openLocation(location, options, depth);
  if (!(opened instanceof ByteStream)) return opened;
  opened.close();
  throw new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${opened.name} here and there: it comes as a stream`, {
    hint: 'copy it to a file first',
  });
}

/** Whether a source that looks like a compression wrapper is a memory image whose format begins the same way. */
export type KeepsWrapper = (head: Buffer, source: Source) => Promise<boolean>;

/**
 * Opens `location`, unwrapped if it is in a compression wrapper: as a Source where random access is possible, else as
 * a stream.
 * @param folder where streams are spooled to become Sources
 * @throws PoolTrackerError when the location cannot be opened or unwrapped
 */
export async function openBytes(
  location: string,
  keepsWrapper: KeepsWrapper,
  folder?: string,
  options: OpenOptions = {},
): Promise<Source | ByteStream> {
  let opened =
    options.parts === undefined
      ? await openObeying(location, options)
      : await joinListed([location, ...options.parts], (part) => openObeying(part, options));
  try {
    if (!(opened instanceof ByteStream) && options.parts === undefined)
      opened = await joinZipParts(await joinParts(opened));
    const unwrapped =
      opened instanceof ByteStream
        ? await unwrapStream(opened, keepsWrapper)
        : await unwrapSource(opened, keepsWrapper);
    if (unwrapped instanceof ByteStream && options.signal !== undefined) unwrapped.reader.obey(options.signal);
    return unwrapped instanceof ByteStream && folder !== undefined ? await spool(unwrapped, folder) : unwrapped;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Wrappers in wrappers: a tar archive in a gzip stream, a gzip stream in a zip file. */
const MAX_WRAPPERS = 3;

async function unwrapSource(source: Source, keepsWrapper: KeepsWrapper, depth = 0): Promise<Source | ByteStream> {
  const head = await readBytes(source, 0, PROBE_LENGTH);
  const wrapper = detectWrapper(head);
  if (wrapper === null) {
    const behind = await partBehind(head, source);
    return behind === null ? source : unwrapSource(behind, keepsWrapper, depth);
  }
  if (await keepsWrapper(head, source)) return source;
  if (depth === MAX_WRAPPERS) throw wrappedTooOften(source.name);
  const indexed = await wrapper.openIndexed?.(source);
  if (indexed != null) return unwrapSource(indexed, keepsWrapper, depth + 1);
  const size = (await wrapper.unwrappedSize?.(source)) ?? null;
  return unwrapStream(unwrapped(wrapper, source, source, size), keepsWrapper, depth + 1);
}

async function unwrapStream(stream: ByteStream, keepsWrapper: KeepsWrapper, depth = 0): Promise<ByteStream> {
  const wrapper = detectWrapper(await stream.reader.peek(WRAPPER_HEAD));
  if (wrapper === null) return stream;
  const head = await stream.reader.peek(PROBE_LENGTH);
  if (await keepsWrapper(head, sourceOf(stream.name, head))) return stream;
  if (depth === MAX_WRAPPERS) throw wrappedTooOften(stream.name);
  return unwrapStream(unwrapped(wrapper, stream.reader, stream, null), keepsWrapper, depth + 1);
}

function unwrapped(
  wrapper: Wrapper,
  bytes: Source | ByteReader,
  origin: Source | ByteStream,
  size: number | null,
): ByteStream {
  const warnings = origin instanceof ByteStream ? origin.warnings : [...(origin.warnings ?? [])];
  const pieces = unwrap(wrapper, bytes, origin.name, (warning) => warnings.push(warning));
  const archive = wrapper.isArchive === true ? wrapper.title : origin.archive;
  return new ByteStream(origin.name, size, pieces, origin, warnings, archive);
}

function wrappedTooOften(name: string): PoolTrackerError {
  return new PoolTrackerError('FORMAT_REFUSED', `${name} is compressed more than ${MAX_WRAPPERS} times over`, {
    hint: 'unpack it first',
  });
}
