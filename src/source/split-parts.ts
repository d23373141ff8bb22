import type { Warning } from '../errors.js';
import { JoinedSource } from './reading/joined-source.js';
import { fileNameOf, readBytes, type Source } from './source.js';

/**
 * Names of the parts of a split file: `memory.raw.001`, `memory.001`, `memory.raw.0`, `memory.part1`, `memory.raw.part01`.
 * Groups: what stands before the number, the number.
 */
const PART = /^(.+\.(?:part[-_]?)?)(\d{1,4})$/i;
/** Of unpadded numbers only those behind an image's own ending: `notes.1` is a log. */
const IMAGE_ENDING = /\.(raw|mem|img|bin|dd|dmp|vmem|lime|elf|core|zip|7z|gz|zst|xz|bz2|lz4|lzo|tar|part[-_]?)\.?$/i;

/** More parts than a terabyte on diskettes has. */
const MAX_PARTS = 10_000;

/** What a file's name says of its place among the parts of a split file. */
export interface PartName {
  readonly stem: string;
  readonly number: number;
  /** Digits of the number, with zeros before it; 1 for none. */
  readonly width: number;
}

/** Null for a name that is not that of a part. */
export function partNameOf(fileName: string): PartName | null {
  const match = PART.exec(fileName);
  if (match === null) return null;
  const [stem, digits] = [match[1]!, match[2]!];
  const isPadded = digits.length >= 3 || digits.startsWith('0');
  if (!isPadded && !IMAGE_ENDING.test(stem)) return null;
  return { stem, number: Number(digits), width: digits.startsWith('0') || digits.length >= 3 ? digits.length : 1 };
}

function nameOf({ stem, width }: PartName, number: number): string {
  return stem + String(number).padStart(width, '0');
}

/** Bytes by which files that begin alike are told. */
const BEGINNING = 16;

/** Whether a file begins as another one does: then both are images, numbered one after the other. */
export async function beginsAlike(one: Source, other: Source): Promise<boolean> {
  const [own, theirs] = [await readBytes(one, 0, BEGINNING), await readBytes(other, 0, BEGINNING)];
  return own.equals(theirs) && own.some((byte) => byte !== 0);
}

/** The name of the part before a later part of a split file, where that is there; else null. */
export function partBefore(fileName: string, names: ReadonlySet<string>): string | null {
  const part = partNameOf(fileName);
  if (part === null || part.number === 0) return null;
  const before = nameOf(part, part.number - 1);
  return names.has(before.toLowerCase()) ? before : null;
}

/**
 * A file with its further parts, where its name says that it is the first of several and they lie beside it. One that is
 * a later part, or alone, is read as it is and says so.
 */
export async function joinParts(source: Source): Promise<Source> {
  const own = partNameOf(fileNameOf(source));
  if (own === null || source.sibling === undefined) return source;
  const beside = (number: number): Promise<Source | null> => source.sibling!(nameOf(own, number));
  if (own.number > 0) {
    const before = await beside(own.number - 1);
    if (before !== null) {
      await before.close();
      const message = `its name says that it is part ${own.number} of a split file, and ${nameOf(own, own.number - 1)} is beside it: name the first part to read all of them`;
      return withWarning(source, { code: 'image-part', message });
    }
  }
  if (own.number > 1) {
    const message = `its name says that it is part ${own.number} of a split file, and the part before is not beside it`;
    return withWarning(source, { code: 'image-part', message });
  }
  const parts: [Source, ...Source[]] = [source];
  try {
    return await joinFrom(parts, own, beside);
  } catch (error) {
    for (const part of parts.slice(1)) await part.close();
    throw error;
  }
}

/** The first part that is not as large as those before it, where only the last may be smaller; null where there is none. */
function oddPart(parts: readonly Source[]): Source | null {
  const [first, last] = [parts[0]!, parts.at(-1)!];
  const odd = parts.slice(0, -1).find(({ byteLength }) => byteLength !== first.byteLength);
  return odd ?? (last.byteLength > first.byteLength ? last : null);
}

/** What is said of several parts that are read as one file: that they are, and where their lengths are odd. */
export function joinedWarnings(parts: readonly Source[], nameOf: (part: Source) => string): Warning[] {
  const odd = oddPart(parts);
  const joined = joinedWarning(parts.length, nameOf(parts.at(-1)!));
  if (odd === null) return [joined];
  const message = `${nameOf(odd)} is not as large as the parts before it: one of them may be cut short`;
  return [{ code: 'image-part', message }, joined];
}

export function joinedWarning(count: number, last: string): Warning {
  return { code: 'image-joined', message: `${count} parts are read as one file, up to ${last}` };
}

/** @param parts the first part; receives the further ones as they are opened */
async function joinFrom(
  parts: [Source, ...Source[]],
  own: PartName,
  beside: (number: number) => Promise<Source | null>,
): Promise<Source> {
  const [source] = parts;
  for (let number = own.number + 1; parts.length < MAX_PARTS; number++) {
    const next = await beside(number);
    if (next === null) break;
    parts.push(next);
    if (await beginsAlike(source, next)) {
      parts.pop();
      await next.close();
      const message = `${nameOf(own, number)} begins as ${nameOf(own, own.number)} does: it is taken for another image, and not for a part of this one`;
      return parts.length === 1
        ? withWarning(source, { code: 'image-part', message })
        : new JoinedSource(parts, [{ code: 'image-part', message }]);
    }
  }
  const warnings: Warning[] = [];
  const missing = await beside(own.number + parts.length + 1);
  if (missing !== null) {
    await missing.close();
    const name = nameOf(own, own.number + parts.length);
    warnings.push({
      code: 'image-part',
      message: `${name} is missing among the parts of the split file: what follows it is not read`,
    });
  }
  if (parts.length === 1) return warnings.length === 0 ? source : withWarning(source, warnings[0]!);
  return new JoinedSource(parts, [...warnings, ...joinedWarnings(parts, fileNameOf)]);
}

function withWarning(source: Source, warning: Warning): Source {
  return new JoinedSource([source], [warning]);
}
