/**
 * Images a second of `batch` with 1, 2 and 4 jobs, beside finding and summing alone and beside what busy loops gain from
 * as many processors; images of a bucket; what a queue of 100,000 jobs costs Redis.
 */
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { link, mkdir, readdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { writeSmallImage, writeSmallImages } from '../test/support/images/dataset-images.js';
import { hasProgram } from '../test/support/run/programs.js';
import { RedisServer } from '../test/support/run/redis-server.js';
import { S3Server } from '../test/support/sources/s3-server.js';
import { CLI, folder, printTable, runNode, type ProcessRun } from './measure.js';

/** What a process costs until it is warm is left out: it is that of the first of these, and the others are counted. */
const [FIRST, ALL] = [100, 500];
/** As many tags as a desktop has. */
const TAGS = 1500;
const JOBS = 100_000;
const IN_BUCKET = 2000;

const SCAN_ALONE = fileURLToPath(new URL('scan-alone.mjs', import.meta.url));

/** Brings images into a new dataset. */
export function batch(images: string, jobs: number): Promise<ProcessRun> {
  const out = join(folder(), 'lake');
  rmSync(out, { recursive: true, force: true });
  return runNode([CLI, 'batch', images, '--out', out, '--jobs', String(jobs), '--quiet']);
}

/** Seconds by the clock and of processors that each image takes once a process is warm. */
interface PerImage {
  readonly seconds: number;
  readonly cpu: number;
  readonly peakMiB: number;
}

async function perImage(run: (images: string) => Promise<ProcessRun>, folders: readonly string[]): Promise<PerImage> {
  const [few, many] = [await run(folders[0]!), await run(folders[1]!)];
  return {
    seconds: (many.milliseconds - few.milliseconds) / 1000 / (ALL - FIRST),
    cpu: (many.cpu - few.cpu) / (ALL - FIRST),
    peakMiB: many.peakMiB,
  };
}

/** How many times as much as one so many threads do that only count. */
async function busyLoops(threads: number): Promise<number> {
  const counted = async (many: number): Promise<number> => {
    const counts = Array.from({ length: many }, async () => {
      const worker = new Worker(
        `const end = Date.now() + 2000; let turns = 0; let x = 1;
         while (Date.now() < end) { for (let i = 0; i < 1e5; i++) x = (x * 1103515245 + 12345) | 0; turns++; }
         require('node:worker_threads').parentPort.postMessage(turns + (x & 0));`,
        { eval: true },
      );
      return new Promise<number>((resolve) => worker.once('message', resolve));
    });
    return (await Promise.all(counts)).reduce((sum, one) => sum + one, 0);
  };
  const one = await counted(1);
  return (await counted(threads)) / one;
}

async function printSpeed(): Promise<void> {
  const folders = [join(folder(), 'desktops-few'), join(folder(), 'desktops-all')] as const;
  for (const one of folders) await mkdir(one);
  for (let seed = 0; seed < ALL; seed++) {
    const path = join(folders[1], `${seed}.raw`);
    await writeSmallImage(path, seed, { tagCount: TAGS, tableSlots: 4096 });
    if (seed < FIRST) await link(path, join(folders[0], `${seed}.raw`));
  }
  const alone = await perImage((images) => runNode([SCAN_ALONE, images]), folders);
  const table: string[][] = [
    [
      'images of 1,500 tags',
      'images a second',
      'times 1 job',
      'busy loops',
      'CPU, ms an image',
      'times alone',
      'peak MiB',
    ],
    [
      'found and summed alone',
      (1 / alone.seconds).toFixed(1),
      '',
      '',
      (alone.cpu * 1000).toFixed(1),
      '1.00',
      alone.peakMiB.toFixed(0),
    ],
  ];
  let single = 0;
  for (const jobs of [1, 2, 4]) {
    const { seconds, cpu, peakMiB } = await perImage((images) => batch(images, jobs), folders);
    if (jobs === 1) single = seconds;
    table.push([
      `batch, ${jobs} job${jobs > 1 ? 's' : ''}`,
      (1 / seconds).toFixed(1),
      (single / seconds).toFixed(2),
      jobs === 1 ? '' : (await busyLoops(jobs)).toFixed(2),
      (cpu * 1000).toFixed(1),
      (cpu / alone.cpu).toFixed(2),
      peakMiB.toFixed(0),
    ]);
  }
  printTable(
    'Batch: several images at once, warm (aims: 2 jobs 0.9 of what busy loops gain, CPU 1.5 times that of finding and summing)',
    table,
  );
}

/** Images that lie in a bucket, into a dataset on disk. */
async function printBucket(): Promise<void> {
  const images = join(folder(), 'bucket');
  await writeSmallImages(images, IN_BUCKET, 40);
  const bucket = await S3Server.start();
  try {
    const names: string[] = [];
    for (const host of await readdir(images))
      for (const name of await readdir(join(images, host)))
        names.push(await bucket.put(`dumps/${host}/${name}`, (path) => link(join(images, host, name), path)));
    // s3rver lists no more than a thousand.
    const list = join(folder(), 'bucket.txt');
    writeFileSync(list, names.join('\n'));
    const before = bucket.requests;
    const run = await batch(`@${list}`, 4);
    printTable(
      `Batch: ${IN_BUCKET} small images in a bucket on loopback, 4 jobs; its server takes processors as well`,
      [
        ['images a second', 'requests an image', 'peak MiB'],
        [
          (IN_BUCKET / (run.milliseconds / 1000)).toFixed(1),
          ((bucket.requests - before) / IN_BUCKET).toFixed(1),
          run.peakMiB.toFixed(0),
        ],
      ],
    );
  } finally {
    await bucket.stop();
  }
}

/** Bytes that Redis says it uses. */
async function redisBytes(port: number): Promise<number> {
  const socket = createConnection(port, '127.0.0.1');
  socket.write('INFO memory\r\n');
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    const found = /used_memory:(\d+)/.exec(text);
    if (found !== null) return Number(found[1]);
  }
  throw new Error('Redis did not say what memory it uses');
}

async function printQueue(): Promise<void> {
  if (!hasProgram('redis-server', '--version')) return;
  const redisFolder = join(folder(), 'redis');
  await mkdir(redisFolder);
  const redis = await RedisServer.start(redisFolder);
  try {
    const list = join(folder(), 'list.txt');
    writeFileSync(
      list,
      Array.from({ length: JOBS }, (_, index) => `/dumps/host-${String(index).padStart(6, '0')}/memory.dmp\n`).join(''),
    );
    const before = await redisBytes(redis.port);
    const run = await runNode([
      CLI,
      'submit',
      `@${list}`,
      '--queue',
      redis.url,
      '--out',
      join(folder(), 'queued'),
      '--quiet',
      '--label-from',
      '/(?<host>[^/]+)/[^/]+$',
    ]);
    const used = (await redisBytes(redis.port)) - before;
    const log =
      statSync(join(redisFolder, 'appendonlydir'), { throwIfNoEntry: false }) === undefined
        ? ''
        : 'kept in an append-only file';
    printTable(`Queue: ${JOBS.toLocaleString('en')} jobs submitted ${log}`, [
      ['', 'measured'],
      ['time to submit, s', (run.milliseconds / 1000).toFixed(1)],
      ['Redis memory, MiB', (used / 2 ** 20).toFixed(0)],
      ['bytes a job', (used / JOBS).toFixed(0)],
    ]);
  } finally {
    await redis.stop();
  }
}

export async function run(): Promise<void> {
  await printSpeed();
  await printBucket();
  await printQueue();
}
