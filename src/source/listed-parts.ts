import { realpath } from 'node:fs/promises';
import { PoolTrackerError } from '../errors.js';
import { JoinedSource } from './reading/joined-source.js';
import { fileNameOf, locationName, readBytes, type Source } from './source.js';
import { oddPart, partNameOf } from './split-parts.js';
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
      await refuseOdd(part, parts);
    }
    const [first, ...others] = parts as [Source, ...Source[]];
    refuseGaps(parts);
    if (others.length === 0) return first;
    const odd = oddPart(parts);
    return new JoinedSource(
      [first, ...others],
      [
        ...(odd === null
          ? []
          : [
              {
                code: 'image-part',
                message: `${odd.name} is not as large as the parts before it: one may be cut short`,
              },
            ]),
        { code: 'image-joined', message: `${parts.length} parts are read as one file, up to ${parts.at(-1)!.name}` },
      ],
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

async function refuseOdd(part: Source, parts: readonly Source[]): Promise<void> {
  if (part.byteLength === 0)
    throw new PoolTrackerError('FORMAT_DAMAGED', `${part.name} is empty: a part holds something`, {
      hint: 'copy it again, or leave it out',
    });
  const own = await readBytes(part, 0, BEGINNING);
  if (own.every((byte) => byte === own[0])) return;
  for (const other of parts) {
    if (other === part || other.byteLength !== part.byteLength) continue;
    if (own.equals(await readBytes(other, 0, BEGINNING)))
      throw new PoolTrackerError('USAGE', `${part.name} is a copy of ${other.name}: it begins alike and is as long`, {
        hint: 'name each part once, in order',
      });
  }
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
