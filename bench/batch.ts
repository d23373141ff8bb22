/** Images per second of `batch` with 1 and 2 jobs, its peak memory at 200 and 2,000 images, and what a queue of 100,000 jobs costs Redis. */
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { writeSmallImage, writeSmallImages } from '../test/support/images/dataset-images.js';
import { hasProgram } from '../test/support/run/programs.js';
import { RedisServer } from '../test/support/run/redis-server.js';
import { CLI, fastest, folder, printTable, runNode, type ProcessRun } from './measure.js';

const RUNS = 3;
/** As many tags as a desktop has. */
const TAGS = 1500;
const JOBS = 100_000;

function batch(images: string, jobs: number): Promise<ProcessRun> {
  const out = join(folder(), 'lake');
  rmSync(out, { recursive: true, force: true });
  return runNode([CLI, 'batch', images, '--out', out, '--jobs', String(jobs), '--quiet']);
}

async function printSpeed(): Promise<void> {
  const images = join(folder(), 'desktops');
  const count = 200;
  await mkdir(images);
  for (let seed = 0; seed < count; seed++)
    await writeSmallImage(join(images, `${seed}.raw`), seed, { tagCount: TAGS, tableSlots: 4096 });
  // Starting costs the same however many images there are.
  const one = join(folder(), 'one');
  await mkdir(one);
  await writeSmallImage(join(one, '0.raw'), 0, { tagCount: TAGS, tableSlots: 4096 });
  const start = await fastest(RUNS, () => batch(one, 1));
  const table: string[][] = [
    ['200 images of 1,500 tags', 'time, s', 'images a second', 'records a second', 'times 1 job', 'peak MiB'],
  ];
  let single = 0;
  for (const jobs of [1, 2]) {
    const run = await fastest(RUNS, () => batch(images, jobs));
    const seconds = (run.milliseconds - start.milliseconds) / 1000;
    if (jobs === 1) single = seconds;
    table.push([
      `${jobs} job${jobs > 1 ? 's' : ''}`,
      seconds.toFixed(1),
      (count / seconds).toFixed(1),
      ((count * (TAGS + 1)) / seconds).toFixed(0),
      (single / seconds).toFixed(2),
      run.peakMiB.toFixed(0),
    ]);
  }
  printTable('Batch: several images at once, less the start of the process (aim: 2 jobs at least 1.8 times 1)', table);
}

async function printMemory(): Promise<void> {
  const table: string[][] = [['images', 'time, s', 'peak MiB', 'again, all done, s']];
  for (const count of [200, 2000]) {
    const images = join(folder(), `small-${count}`);
    await writeSmallImages(images, count, 40);
    const run = await batch(images, 2);
    const again = await runNode([CLI, 'batch', images, '--out', join(folder(), 'lake'), '--quiet']);
    table.push([
      String(count),
      (run.milliseconds / 1000).toFixed(1),
      run.peakMiB.toFixed(0),
      (again.milliseconds / 1000).toFixed(2),
    ]);
  }
  printTable('Batch: peak memory, 2 jobs (aim: flat)', table);
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
  await printMemory();
  await printQueue();
}
