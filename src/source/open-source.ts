import { FileSource } from './file-source.js';
import type { Source } from './source.js';

/** A place that bytes come from, told by how its name begins. */
export interface SourceScheme {
  readonly name: string;
  claims(location: string): boolean;
  open(location: string): Promise<Source>;
}

/** Asked in this order; the file comes last and claims whatever is left. */
const SCHEMES: readonly SourceScheme[] = [
  { name: 'file', claims: () => true, open: (location) => FileSource.open(location) },
];

/** Opens whatever `location` names: a path, or a URL of a scheme in the list. */
export function openSource(location: string): Promise<Source> {
  const scheme = SCHEMES.find((candidate) => candidate.claims(location))!;
  return scheme.open(location);
}
