/**
 * Takes from symbol files what reading objects needs, into data/kernel-structures.json: structures by build family
 * (6.3.9600, 10.0.19041: within one, from first release to last patch, these fields stay where they are) and the
 * addresses of further variables by exact build. Usage: tsx scripts/make-kernel-structures.ts DIRECTORY, with symbol
 * files (ISF) of builds that data/known-builds.json has.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFamily } from '../src/kernel/symbols/known-builds.js';
import type { KernelVariable } from '../src/kernel/symbols/kernel-symbols.js';
import { knownBuild } from '../src/kernel/symbols/known-builds.js';
import { openSymbolDocument } from '../src/kernel/symbols/symbol-document.js';
import { pdbOfDocument, resolveSymbols } from '../src/kernel/symbols/isf.js';

/** Variables that the list of known builds does not have. */
const FURTHER: readonly KernelVariable[] = [
  'ObHeaderCookie',
  'ObTypeIndexTable',
  'ExpSessionPoolTrackTableSize',
  'ExpSessionPoolTrackTableMask',
];

const directory = process.argv[2]!;
const families: Record<string, unknown> = {};
const variables: Record<string, Partial<Record<KernelVariable, number>>> = {};
for (const file of readdirSync(directory)
  .filter((name) => /\.json(\.xz|\.gz)?$/.test(name))
  .sort()) {
  const document = await openSymbolDocument(join(directory, file));
  const pdb = await pdbOfDocument(document);
  const version = pdb === null ? null : ((await knownBuild(pdb))?.version ?? null);
  if (pdb === null || version === null) throw new Error(`${file}: not a build of data/known-builds.json`);
  const { rva, structures } = await resolveSymbols(document, file);
  families[buildFamily(version)] = structures;
  variables[`${pdb.guid}-${pdb.age}`] = Object.fromEntries(
    FURTHER.flatMap((name) => (rva[name] === undefined ? [] : [[name, rva[name]]])),
  );
}
const sorted = (entries: Record<string, unknown>): string =>
  Object.keys(entries)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(entries[key])}`)
    .join(',\n');
writeFileSync(
  new URL('../data/kernel-structures.json', import.meta.url),
  `{"families":{\n${sorted(families)}\n},"variables":{\n${sorted(variables)}\n}}\n`,
);
process.stdout.write(`${Object.keys(families).length} build families\n`);
