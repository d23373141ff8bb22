/**
 * Packs a list of kernel builds (see docs/architecture.md) into data/known-builds.json, the compact form that the
 * package ships; what `symbols export` wrote of further builds goes in as well.
 * Usage: tsx scripts/make-known-builds.ts kernel-builds.json [EXPORTED.json ...]
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Build {
  version: string;
  pdb: string;
  guid: string;
  age: number;
  trackerEntry: { size: number };
  tagTablesCapacity: number;
  rva: Record<string, number>;
  bigPagesEntry: Record<string, number>;
  eprocess: Record<string, number>;
}

/** Offsets are shared by many builds: each set is kept once and named by its index. */
function indexIn(sets: string[], set: Record<string, number>): number {
  const text = JSON.stringify(set);
  const at = sets.indexOf(text);
  return at >= 0 ? at : sets.push(text) - 1;
}

/** What `symbols export` writes. */
interface Exported {
  pdb: { name: string; guid: string; age: number };
  kernel: { version: string | null; tag_tables_capacity: number };
  variables: Record<string, number>;
  structures: Record<string, Record<string, number>>;
}

function buildOf({ pdb, kernel, variables, structures }: Exported): Build {
  return {
    version: kernel.version ?? '',
    pdb: pdb.name,
    guid: pdb.guid,
    age: pdb.age,
    trackerEntry: { size: structures['_POOL_TRACKER_TABLE']!['size']! },
    tagTablesCapacity: kernel.tag_tables_capacity,
    rva: variables,
    bigPagesEntry: structures['_POOL_TRACKER_BIG_PAGES'] ?? {},
    eprocess: structures['_EPROCESS'] ?? {},
  };
}

const [list, ...exported] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')) as unknown);
const listed = list as Build[];
const further = exported
  .map((document) => buildOf(document as Exported))
  .filter(({ guid, age }) => !listed.some((build) => build.guid === guid && build.age === age));
const builds = [...listed, ...further];
const symbols = [...new Set(builds.flatMap((build) => Object.keys(build.rva)))];
const bigPages: string[] = [];
const eprocess: string[] = [];
const rows = builds.map((build) => [
  build.guid,
  build.age,
  build.version,
  build.trackerEntry.size,
  build.tagTablesCapacity,
  indexIn(bigPages, build.bigPagesEntry),
  indexIn(eprocess, build.eprocess),
  ...symbols.map((symbol) => build.rva[symbol] ?? null),
]);
const parsed = (sets: string[]): unknown[] => sets.map((set) => JSON.parse(set) as unknown);
const lines = rows.map((row) => JSON.stringify(row)).join(',\n');
const head = JSON.stringify({ symbols, bigPages: parsed(bigPages), eprocess: parsed(eprocess) }).slice(0, -1);
writeFileSync(new URL('../data/known-builds.json', import.meta.url), `${head},"builds":[\n${lines}\n]}\n`);
process.stdout.write(`${rows.length} builds\n`);
