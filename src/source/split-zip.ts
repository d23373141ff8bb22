import { type PoolTrackerError } from '../errors.js';
import { Container } from './reading/container.js';
import { JoinedSource } from './reading/joined-source.js';
import { fileNameOf, type Source } from './source.js';
import { joinedWarning } from './split-parts.js';
import { lastZipPart } from './zip-directory.js';

/** Names of the parts of a split zip archive: `memory.z01`, `memory.z02` ..., the last of them `memory.zip`. */
const PART = /^(.+\.)(z)(\d{2,5}|ip)$/i;

const TITLE = 'zip file';

/** What a part's name says. */
interface ZipPart {
  /** The other parts' names: of a number from 1, or of the last part. */
  nameOf(number: number | 'last'): string;
  /** Null for the last. */
  readonly number: number | null;
}

function zipPartOf(fileName: string): ZipPart | null {
  const match = PART.exec(fileName);
  if (match === null) return null;
  const [stem, z, rest] = [match[1]!, match[2]!, match[3]!];
  const number = /^\d/.test(rest) ? Number(rest) : null;
  if (number === 0) return null;
  // Programs write the ending in letters of one size.
  const ip = rest.toLowerCase() === 'ip' ? rest : z === 'Z' ? 'IP' : 'ip';
  return { number, nameOf: (other) => stem + z + (other === 'last' ? ip : String(other).padStart(2, '0')) };
}

/** The name of the last part of a split zip archive to which a file belongs, where that is there; else null. */
export function lastPartOf(fileName: string, names: ReadonlySet<string>): string | null {
  const part = zipPartOf(fileName);
  if (part === null || part.number === null) return null;
  const last = part.nameOf('last').toLowerCase();
  return names.has(last) ? last : null;
}

/**
 * A split zip archive in one piece, whichever of its parts is named; anything else as it is.
 * @throws PoolTrackerError FORMAT_REFUSED where a part is not beside the others
 */
export async function joinZipParts(source: Source): Promise<Source> {
  const own = zipPartOf(fileNameOf(source));
  if (own === null || source.sibling === undefined) return source;
  const opened: Source[] = [];
  const missing = (name: string): PoolTrackerError =>
    new Container(source, TITLE).refused(
      `it is ${own.number === null ? 'the last' : `number ${own.number}`} of the parts of a split archive, and ${name} is not beside it`,
      'put all of its parts into one folder',
    );
  const beside = async (name: string): Promise<Source> => {
    const part = await source.sibling!(name);
    if (part === null) throw missing(name);
    opened.push(part);
    return part;
  };
  try {
    const last = own.number === null ? source : await beside(own.nameOf('last'));
    const count = await lastZipPart(new Container(last, TITLE));
    if (count === null || count === 0) {
      if (own.number === null) return source;
      throw missing('its last part');
    }
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const parts: Source[] = [];
    for (const number of numbers) parts.push(number === own.number ? source : await beside(own.nameOf(number)));
    return new JoinedSource([parts[0]!, ...parts.slice(1), last], [joinedWarning(count + 1, own.nameOf('last'))]);
  } catch (error) {
    for (const part of opened) await part.close();
    throw error;
  }
}
