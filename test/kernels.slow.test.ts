import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { isMissing, PoolTrackerError } from '../src/errors.js';
import { openScan } from '../src/scan/open-scan.js';
import { decodeScan, type ScanOptions } from '../src/scan/scan.js';
import type { DecodedScan } from '../src/scan/scan-result.js';
import { LOCATE_WAYS } from '../src/pool/locate/locate.js';
import { readingsOf } from './support/expect/generated-scan.js';
import { generateMemory } from './support/generate/memory.js';
import { listedBuild } from './support/generate/kernel/kernel-structures.js';
import { Random } from './support/generate/random.js';
import { generateTags } from './support/generate/tracker/tag-plan.js';
import type { EntrySize } from './support/generate/tracker/tracker-layouts.js';
import { OBJECT_BUILDS, SAMPLE_PROCESSES } from './support/generate/objects/object-sample.js';
import { temporaryFolder } from './support/run/temporary-folder.js';
import { hasSharedImages, sharedImage, sharedImageNames, withoutSharedImages } from './support/shared/images.js';
import { rawBuffer } from './support/write/raw.js';

/** The table of kernels and what is answered on each: `UPDATE_GOLDEN=1` writes what was run. */
const DOCUMENT = new URL('../docs/kernels.md', import.meta.url);
const HEAD = [
  '| image | kernel | tags | session pool | big pages | processes | handles |',
  '| --- | --- | --- | --- | --- | --- | --- |',
];

const METHODS = [...LOCATE_WAYS, 'carve'] as const;

async function scanned(path: string, options: ScanOptions): Promise<DecodedScan | null> {
  try {
    const scan = await openScan(path, { cache: false, ...options });
    try {
      const result = await decodeScan(scan);
      // What is read on demand needs the image.
      if (!isMissing(result.objects)) await Promise.all([result.objects.objects(), result.objects.sessionPools()]);
      return result;
    } finally {
      await scan.close();
    }
  } catch (error) {
    assert.ok(error instanceof PoolTrackerError && error.code !== 'INTERNAL', String(error));
    return null;
  }
}

/** Whether the tags of sessions are read; why not, in two words. */
async function sessionCell(walked: DecodedScan): Promise<string> {
  const pools = await readingsOf(walked).sessionPools();
  if (!isMissing(pools)) return pools.notes.length === 0 ? 'yes' : 'in part';
  if (pools.missing.includes('counts no pool by session:')) return 'none kept';
  return pools.missing.includes('whether') ? 'not known' : 'no';
}

/** What came of scanning an image by each way, as a row of the table. */
async function rowOf(name: string, path: string, options: ScanOptions): Promise<string> {
  const found: string[] = [];
  for (const way of METHODS) {
    const result = await scanned(path, { ...options, ...(way === 'carve' ? { method: 'carve' } : { locate: way }) });
    if (result === null) continue;
    found.push(result.outcome.status === 'ok' ? way : `${way} (marked)`);
  }
  const walked = await scanned(path, { ...options, method: 'walk' });
  if (walked === null) return `| ${name} | not walked | ${found.join(', ')} | | | | |`;
  const { kernel } = walked;
  const readings = readingsOf(walked);
  const { counts } = await readings.objects();
  const ways = counts.filter((count) => count.kind === 'process' && count.found !== null).map(({ method }) => method);
  const hasHandles = counts.some(
    ({ kind, method, found: count }) => kind === 'file' && method === 'Handles' && count !== null,
  );
  return `| ${name} | ${kernel.version ?? '?'} ${kernel.architecture ?? '?'} | ${found.join(', ')} | ${await sessionCell(walked)} | ${isMissing(readings.bigPages) ? 'no' : 'yes'} | ${ways.length === 0 ? 'no' : ways.join(', ')} | ${hasHandles ? 'yes' : 'no'} |`;
}

function documented(): ReadonlyMap<string, string> {
  const lines = readFileSync(DOCUMENT, 'utf8').split('\n');
  return new Map(lines.filter((line) => line.startsWith('| ')).map((line) => [line.split(' | ')[0]!.slice(2), line]));
}

describe('the table of kernels', () => {
  const folder = temporaryFolder();
  const rows = new Map<string, string>();

  async function check(name: string, path: string, options: ScanOptions): Promise<void> {
    const row = await rowOf(name, path, options);
    rows.set(name, row);
    if (process.env.UPDATE_GOLDEN === undefined) assert.equal(row, documented().get(name));
  }

  for (const version of OBJECT_BUILDS)
    for (const knownBuilds of [true, false]) {
      const name = `made, ${version}${knownBuilds ? '' : ', without symbols'}`;
      it(`has what is answered: ${name}`, async () => {
        const bigPages = Array.from({ length: 60 }, (_, index) => ({
          key: 0x70617247,
          bytes: BigInt(index + 1) * 4096n,
        }));
        const build = listedBuild(version);
        const sessionPools = [0, 1, 2].map((session) => ({
          session,
          tags: generateTags(new Random(session), 90, 1, build.trackerEntry.size as EntrySize),
        }));
        const plan = { build, processes: SAMPLE_PROCESSES, bigPages, sessionPools, kdbg: 'encoded' } as const;
        const path = folder.path('image.raw');
        writeFileSync(path, rawBuffer(generateMemory(plan)));
        await check(name, path, { knownBuilds });
      });
    }

  if (hasSharedImages)
    for (const name of sharedImageNames().filter((image) => !image.startsWith('hard/')))
      it(`has what is answered: ${name}`, () => check(name, sharedImage(name), {}));
  else withoutSharedImages('the rows of images made by others');

  after(() => {
    if (process.env.UPDATE_GOLDEN === undefined || !hasSharedImages) return;
    const text = readFileSync(DOCUMENT, 'utf8');
    const [before] = text.split(HEAD[0]!);
    writeFileSync(DOCUMENT, `${before}${[...HEAD, ...rows.values()].join('\n')}\n`);
  });
});
