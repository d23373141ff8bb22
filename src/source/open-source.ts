import { PoolTrackerError } from '../errors.js';
import { ByteStream } from './stream/byte-stream.js';
import { FileSource } from './local/file-source.js';
import { openHttp } from './remote/http-source.js';
import { openS3 } from './remote/s3-source.js';
import type { Source } from './source.js';

/** A place that bytes come from, told by how its name begins. */
export interface SourceScheme {
  readonly name: string;
  claims(location: string): boolean;
  open(location: string): Promise<Source | ByteStream>;
}

/** Asked in this order; the file comes last and claims whatever is left. */
const SCHEMES: readonly SourceScheme[] = [
  { name: 'stdin', claims: (location) => location === '-', open: async () => ByteStream.ofDescriptor('standard input', 0) },
  { name: 'http', claims: (location) => /^https?:/i.test(location), open: (location) => openHttp(location) },
  { name: 's3', claims: (location) => location.startsWith('s3://'), open: (location) => openS3(location) },
  { name: 'file', claims: () => true, open: (location) => FileSource.open(location) },
];

/** Opens whatever `location` names: a path, a URL of a scheme in the list, or `-` for standard input. */
export function openLocation(location: string): Promise<Source | ByteStream> {
  const scheme = SCHEMES.find((candidate) => candidate.claims(location))!;
  return scheme.open(location);
}

/** The same for who reads here and there. @throws PoolTrackerError SOURCE_UNREADABLE for what can only be streamed */
export async function openSource(location: string): Promise<Source> {
  const opened = await openLocation(location);
  if (!(opened instanceof ByteStream)) return opened;
  opened.close();
  throw new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${opened.name} here and there: it comes as a stream`, { hint: 'copy it to a file first' });
}
