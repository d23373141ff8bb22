/**
 * What `scan` asks for when memory lies elsewhere: bytes, requests and the rounds in which these go to and fro, and its
 * time beside that of the file, from a server on loopback and from one whose every answer takes LATENCY.
 */
import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FileSource } from '../src/source/local/file-source.js';
import type { MemoryPlan } from '../test/support/generate/memory-plan.js';
import { generateMemory } from '../test/support/generate/memory.js';
import { RangeServer } from '../test/support/sources/range-server.js';
import { S3Server } from '../test/support/sources/s3-server.js';
import { writeRaw } from '../test/support/write/raw.js';
import { CLI, fastest, folder, printTable, runNode } from './measure.js';

const GIB = 2 ** 30;
const RUNS = 3;
/** Milliseconds: a bucket in another building. */
const LATENCY = 30;
/** Where the pages of the tables lie decides on requests: what lies alone has to be asked for alone. */
const PLACES: readonly NonNullable<MemoryPlan['tablePages']>[] = ['in-a-row', 'apart'];

interface Counted {
  requests: number;
  rounds: number;
}

export async function run(): Promise<void> {
  const rows = [
    ['memory', 'time, ms', 'times the file', `at ${LATENCY} ms`, 'MiB read', 'requests', 'rounds', 'peak MiB'],
  ];
  for (const tablePages of PLACES) {
    const image = join(folder(), `remote-${tablePages}.raw`);
    const plan = { layout: 80, processors: 12, tableSlots: 4096, tagCount: 2600, memoryBytes: 64 * GIB } as const;
    const generated = generateMemory({ ...plan, tablePages });
    await writeRaw(generated, image);
    const file = await FileSource.open(image);
    const web = await new RangeServer({ 'memory.raw': file }).start();
    const bucket = await S3Server.start();
    const object = await bucket.put(`memory-${tablePages}.raw`, (path) => link(image, path));
    const slow = (milliseconds: number): void => {
      const until = (): Promise<void> => setTimeout(milliseconds);
      bucket.way = milliseconds === 0 ? () => Promise.resolve() : until;
      web.fault = milliseconds === 0 ? () => null : () => ({ kind: 'hold', until: until() });
    };
    let ofFile = 0;
    for (const [place, location, counts] of [
      ['a file', image, (): Counted => ({ requests: 0, rounds: 0 })],
      ['HTTP', web.url('memory.raw'), (): Counted => ({ requests: web.requests.length, rounds: web.rounds.count })],
      ['a bucket', object, (): Counted => ({ requests: bucket.requests, rounds: bucket.rounds.count })],
    ] as const) {
      slow(0);
      const best = await fastest(RUNS, () => runNode([CLI, 'scan', location, '-q']));
      // Rounds are told apart only where an answer takes longer than what is done with it.
      slow(LATENCY);
      const before = counts();
      const far = await runNode([CLI, 'scan', location, '-q', '-o', 'image=-', '--format', 'ndjson']);
      const asked = counts();
      const { bytes_read: read } = JSON.parse(far.stdout) as { bytes_read: number };
      ofFile ||= best.milliseconds;
      rows.push([
        `tables ${tablePages.replaceAll('-', ' ')}, from ${place}`,
        best.milliseconds.toFixed(0),
        (best.milliseconds / ofFile).toFixed(1),
        place === 'a file' ? '' : far.milliseconds.toFixed(0),
        (read / 2 ** 20).toFixed(2),
        String(asked.requests - before.requests),
        String(asked.rounds - before.rounds),
        best.peakMiB.toFixed(0),
      ]);
    }
    const pages = generated.truth.tables.reduce((sum, table) => sum + table.pages.length, 0);
    console.log(
      `Of tables ${tablePages.replaceAll('-', ' ')}, ${alone(generated.truth.tables)} of ${pages} pages lie alone.`,
    );
    await Promise.all([web.stop(), bucket.stop(), file.close()]);
  }
  printTable('64 GiB elsewhere (aim out of a bucket: 8 MiB in 200 requests)', rows);
}

/** Pages with more than 1 MiB before them: within the aim's bytes they cannot be joined with others in one request. */
function alone(tables: readonly { readonly pages: readonly number[] }[]): number {
  const pages = tables.flatMap((table) => table.pages).sort((one, other) => one - other);
  return pages.filter((page, index) => index === 0 || page - pages[index - 1]! > 2 ** 20).length;
}
