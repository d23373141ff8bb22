import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { PoolTrackerError } from '../errors.js';
import { JoinedSource } from './reading/joined-source.js';
import { fileNameOf, locationName, readBytes, type Source } from './source.js';
import { joinedWarnings, partNameOf } from './split-parts.js';
import { ByteStream } from './stream/byte-stream.js';

/** Bytes by which a copy of another part is told. */
const BEGINNING = 1 << 16;

/**
 * The parts of a file as one, in the order in which they are given, whatever their names and lengths.
 * @param open opens one of them
 * @throws PoolTrackerError USAGE for a part that is given twice, or one that is left out where names have numbers;
 *   SOURCE_UNREADABLE for one that comes as a stream, FORMAT_DAMAGED for an empty one, and as `open` does
 */
export async function joinListed(
  locations: readonly [string, ...string[]],
  open: (location: string) => Promise<Source | ByteStream>,
): Promise<Source> {
  await refuseRepeated(locations);
  const parts: Source[] = [];
  const beginnings = new Map<string, string>();
  try {
    for (const location of locations) {
      const part = await open(location);
      if (part instanceof ByteStream) {
        part.close();
        throw new PoolTrackerError(
          'SOURCE_UNREADABLE',
          `${part.name} comes as a stream: a part is read here and there`,
          {
            hint: 'copy it to a file first',
          },
        );
      }
      parts.push(part);
      await refuseOdd(part, beginnings);
    }
    const [first, ...others] = parts as [Source, ...Source[]];
    refuseGaps(parts);
    if (others.length === 0) return first;
    return new JoinedSource(
      [first, ...others],
      joinedWarnings(parts, ({ name }) => name),
    );
  } catch (error) {
    await Promise.all(parts.map((part) => part.close()));
    throw error;
  }
}

/** The same file by another path is the same. */
async function refuseRepeated(locations: readonly string[]): Promise<void> {
  const known = new Set<string>();
  for (const location of locations) {
    const identity = await realpath(location).catch(() => location);
    if (known.has(identity))
      throw new PoolTrackerError('USAGE', `${locationName(location)} is given twice among the parts`, {
        hint: 'name each part once, in order',
      });
    known.add(identity);
  }
}

/** @param beginnings names of the parts before, by length and hash of what they begin with */
async function refuseOdd(part: Source, beginnings: Map<string, string>): Promise<void> {
  if (part.byteLength === 0)
    throw new PoolTrackerError('FORMAT_DAMAGED', `${part.name} is empty: a part holds something`, {
      hint: 'copy it again, or leave it out',
    });
  const own = await readBytes(part, 0, BEGINNING);
  if (own.every((byte) => byte === own[0])) return;
  const key = `${part.byteLength} ${createHash('sha256').update(own).digest('hex')}`;
  const other = beginnings.get(key);
  if (other !== undefined)
    throw new PoolTrackerError('USAGE', `${part.name} is a copy of ${other}: it begins alike and is as long`, {
      hint: 'name each part once, in order',
    });
  beginnings.set(key, part.name);
}

/** Where all names have numbers behind one stem, these go up by one: a shell sorts part10 before part2. */
function refuseGaps(parts: readonly Source[]): void {
  const numbers = parts.map((part) => partNameOf(fileNameOf(part))).filter((name) => name !== null);
  if (numbers.length < parts.length || numbers.some(({ stem }) => stem !== numbers[0]!.stem)) return;
  for (const [index, { number }] of numbers.entries()) {
    const expected = index === 0 ? Math.min(number, 1) : numbers[index - 1]!.number + 1;
    if (number === expected) continue;
    const place = index === 0 ? 'the first of the parts' : `behind ${parts[index - 1]!.name}`;
    throw new PoolTrackerError('USAGE', `${parts[index]!.name} is given as ${place}: expected part ${expected} there`, {
      hint: 'name all parts, in the order of their numbers',
    });
  }
}
