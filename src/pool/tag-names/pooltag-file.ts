import { PoolTrackerError } from '../../errors.js';
import { openSource } from '../../source/open-source.js';
import { readBytes } from '../../source/source.js';
import { decodeWindowsText } from '../../windows-text.js';

/** What a pooltag file says about a tag or a pattern of tags. */
export interface PooltagEntry {
  /** Four characters, padded with spaces; `?` stands for any one. Each character is one byte of the tag. */
  readonly pattern: string;
  /** The binary, as the file names it (`tcpip.sys`, `nt!mm`); null for an empty or `<unknown>` one. */
  readonly driver: string | null;
  readonly description: string | null;
}

export interface PooltagFile {
  /** In the file's order. */
  readonly entries: readonly PooltagEntry[];
  /** Numbers, from 1, of lines that are neither an entry nor a comment. */
  readonly malformed: readonly number[];
}

/** Microsoft's own file has a quarter of a MiB. */
const MAX_FILE = 4 << 20;
const MAX_LINE_LENGTH = 1024;
const COMMENT = /^\s*rem(\s|$)/i;
/**
 * The tag is the first four columns, with spaces inside and after it, when a hyphen follows them; otherwise what comes
 * before the hyphen. A hyphen separates two fields only after a space, so that names and descriptions may contain
 * others.
 */
const ENTRY = /^(.{4}|.{1,3}?|.{1,4}\*)\s+-(.*?)(?:\s+-(.*))?$/;

/**
 * Parses a tag list as Microsoft's pooltag.txt and poolmon's localtag.txt are written:
 *
 *     rem Tag - binary - description
 *     AfdB - afd.sys   - data buffer
 *     CM?? - nt!cm     - the registry, all else
 *
 * The description may be missing. `*` at the end of a tag stands for any characters up to the fourth.
 */
export function parsePooltag(text: string): PooltagFile {
  const entries: PooltagEntry[] = [];
  const malformed: number[] = [];
  text.split(/\r\n|\n|\r/).forEach((line, index) => {
    if (line.trim() === '' || COMMENT.test(line)) return;
    const entry = line.length > MAX_LINE_LENGTH ? null : parseEntry(line.trimEnd());
    if (entry === null) malformed.push(index + 1);
    else entries.push(entry);
  });
  return { entries, malformed };
}

function parseEntry(line: string): PooltagEntry | null {
  const [, tag, driver = '', description = ''] = ENTRY.exec(line) ?? [];
  const pattern = tag === undefined || (driver + description).trim() === '' ? null : tagPattern(tag);
  return pattern === null ? null : { pattern, driver: field(driver), description: field(description) };
}

/** Null for what cannot be a tag: only spaces, more than four characters, a character that is not a byte. */
function tagPattern(written: string): string | null {
  const tag = written.trimEnd();
  const star = tag.indexOf('*');
  const open = star < 0 ? tag.padEnd(4) : tag.replace('*', '?'.repeat(Math.max(0, 5 - tag.length)));
  return tag !== '' && open.length === 4 && /^[\0-\xff]+$/.test(open) ? open : null;
}

function field(text: string): string | null {
  const trimmed = text.trim();
  return trimmed === '' || trimmed === '<unknown>' ? null : trimmed;
}

/**
 * Reads a pooltag file: UTF-8, UTF-16 of either byte order, with a mark or without, or else Latin-1.
 * @throws PoolTrackerError USAGE for a file that is not a tag list; SOURCE_NOT_FOUND and the like
 */
export async function readPooltagFile(location: string): Promise<PooltagFile> {
  const source = await openSource(location);
  try {
    if (source.byteLength > MAX_FILE) {
      throw notATagList(location, `it has ${source.byteLength} bytes, a tag list at most ${MAX_FILE}`);
    }
    const file = parsePooltag(decodeWindowsText(await readBytes(source, 0, source.byteLength)));
    if (file.entries.length === 0 && file.malformed.length > 0)
      throw notATagList(location, `none of its ${file.malformed.length} lines is an entry`);
    return file;
  } finally {
    await source.close();
  }
}

function notATagList(location: string, why: string): PoolTrackerError {
  return new PoolTrackerError('USAGE', `${location} is not a list of pool tags: ${why}`, {
    hint: 'each line reads: Tag - binary - description',
    data: { location },
  });
}
