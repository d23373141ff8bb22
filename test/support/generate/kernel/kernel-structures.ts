import { readFileSync } from 'node:fs';
import type { KernelBuild } from './kernel-builds.js';

/** Field offsets of the structures that objects are made of, and variables that the lists of objects need. */
export interface ObjectBuild {
  readonly version: string;
  readonly structures: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly variables: Readonly<Record<string, number>>;
  /** Whether object headers hold the type's index encoded (since Windows 10). */
  readonly encodesTypes: boolean;
}

const known = JSON.parse(readFileSync(new URL('../../../../data/kernel-structures.json', import.meta.url), 'utf8')) as {
  families: Record<string, ObjectBuild['structures']>;
  variables: Record<string, ObjectBuild['variables']>;
};

/** What real symbol files say of a build. */
export function objectBuild(build: KernelBuild): ObjectBuild {
  const structures = known.families[build.version.split('.').slice(0, 3).join('.')];
  if (structures === undefined) throw new RangeError(`the structures of ${build.version} are not known`);
  return {
    version: build.version,
    structures,
    variables: known.variables[`${build.guid}-${build.age}`] ?? {},
    encodesTypes: Number(build.version.split('.')[0]) >= 10,
  };
}

interface ListedBuilds {
  readonly symbols: readonly string[];
  readonly builds: readonly (readonly [
    guid: string,
    age: number,
    version: string,
    entrySize: number,
    capacity: number,
    ...rest: (number | null)[],
  ])[];
}

/** Variables below lie where the generator puts the image's headers. */
const FIRST_VARIABLE = 0x5000;

/** A build of the project's own list by its four-part version. */
export function listedBuild(version: string): KernelBuild {
  const { symbols, builds } = JSON.parse(
    readFileSync(new URL('../../../../data/known-builds.json', import.meta.url), 'utf8'),
  ) as ListedBuilds;
  const row = builds.find((candidate) => candidate[2] === version);
  if (row === undefined) throw new RangeError(`no build ${version} is listed`);
  const [guid, age, , size, tagTablesCapacity, , , ...rvas] = row;
  const rva = Object.fromEntries(
    symbols.flatMap((name, index) => (Number(rvas[index] ?? 0) < FIRST_VARIABLE ? [] : [[name, Number(rvas[index])]])),
  );
  return { version, pdb: 'ntkrnlmp.pdb', guid, age, arch: 'x64', trackerEntry: { size }, tagTablesCapacity, rva };
}
