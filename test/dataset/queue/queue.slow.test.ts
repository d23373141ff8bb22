import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { QueueStatus } from '../../../src/dataset/queue/queue.js';
import { existsSync } from 'node:fs';
import type { ImageJob } from '../../../src/dataset/queue/work-queue.js';
import { parseQueue } from '../../../src/dataset/queue/queue.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { RangeServer } from '../../support/sources/range-server.js';
import { ended, runCli, said, startCli, type CliEnd } from '../../support/run/cli.js';
import { datasetContent, datasetRows } from '../../support/records/dataset-content.js';
import { writeSmallImage, writeSmallImages } from '../../support/images/dataset-images.js';
import { hasProgram } from '../../support/run/programs.js';
import { RedisServer } from '../../support/run/redis-server.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

const IMAGES = 40;
const WORKERS = 4;
const KILLS = 8;
const HOSTS = ['--label-from', '/(?<host>[^/]+)/[^/]+$'];

describe('the address of a queue', () => {
  it('its parts', () => {
    const { name, shown, redis } = parseQueue('redis://me:p%40ss@queue:7000/3?name=fleet');
    assert.deepEqual(
      [name, shown, redis],
      ['fleet', 'redis://queue:7000/3', { host: 'queue', port: 7000, db: 3, username: 'me', password: 'p@ss' }],
    );
    assert.deepEqual(parseQueue('rediss://queue').redis.tls, {});
  });

  it('what is none is refused, without telling the password', () => {
    for (const text of ['queue:6379', 'http://u:secret@queue', 'redis://u:secret@queue/x', '']) {
      assert.throws(
        () => parseQueue(text),
        (error: Error) => !error.message.includes('secret'),
        text,
      );
    }
  });
});

describe('workers that take images from a queue', () => {
  const folder = temporaryFolder();
  let redis: RedisServer;
  let server: RangeServer;
  const held = (): string => server.url('web0/held.raw');

  before(async function () {
    if (!hasProgram('redis-server', '--version')) this.skip();
    await mkdir(folder.path('redis'));
    redis = await RedisServer.start(folder.path('redis'));
    await writeSmallImages(folder.path('dumps'), IMAGES);
    await writeFile(folder.path('dumps/web0/broken.raw'), Buffer.alloc(0x40000));
    await writeSmallImage(folder.path('held.raw'), IMAGES);
    server = await new RangeServer({
      'web0/held.raw': new BufferSource(await readFile(folder.path('held.raw'))),
    }).start();
  });
  after(async () => {
    await redis?.stop();
    await server?.stop();
  });

  const submit = (out: string, queue: string, ...more: string[]): Promise<CliEnd> =>
    runCli([
      'submit',
      ...more,
      folder.path('dumps'),
      '--queue',
      `${redis.url}?name=${queue}`,
      '--out',
      folder.path(out),
      '--tries',
      '20',
      '--backoff',
      '1',
      ...HOSTS,
    ]);
  /** What the workers may touch: every dataset of this test, the dumps, and the server. */
  const limits = (): string[] => [
    ...['killed', 'again', 'stopped'].flatMap((out) => ['--out', folder.path(out)]),
    ...['--allow', folder.path('dumps'), '--allow', new URL(held()).origin],
  ];
  const worker = (queue: string, ...more: string[]): ChildProcess =>
    startCli([
      'worker',
      '--queue',
      `${redis.url}?name=${queue}`,
      '--jobs',
      '1',
      '--stalled-after',
      '2',
      '--stalls',
      '50',
      ...limits(),
      ...more,
    ]);
  const status = async (queue: string): Promise<QueueStatus> =>
    JSON.parse((await runCli(['status', '--queue', `${redis.url}?name=${queue}`, '--json'])).stdout) as QueueStatus;

  it(`${WORKERS} workers, ${KILLS} of them killed at work, Redis killed once: the dataset is that of a plain batch`, async () => {
    const plain = await runCli(['batch', held(), folder.path('dumps'), '--out', folder.path('plain'), ...HOSTS]);
    assert.equal(plain.status, 1, plain.stderr);
    const submitted = await submit('killed', 'killed', held());
    assert.match(submitted.stderr, new RegExp(`^${IMAGES + 2} images submitted`));
    // While one image cannot be read, the work is not done, however slow the test is to kill somebody.
    const { release } = server.hold();
    const crew = new Map<number, { readonly child: ChildProcess; readonly end: Promise<CliEnd> }>();
    /** Starts a worker; @returns its number when it has told of an image, and is at the next. */
    const hire = (number: number): Promise<number> => {
      const child = worker('killed', '--until-empty', '--log', 'json');
      crew.set(number, { child, end: ended(child) });
      return said(child, /"event":"image"/).then(() => number);
    };
    const atWork = new Map(Array.from({ length: WORKERS }, (_, number) => [number, hire(number)]));
    for (let kills = 0; kills < KILLS; kills++) {
      const victim = await Promise.race(atWork.values());
      const { child, end } = crew.get(victim)!;
      child.kill('SIGKILL');
      assert.equal((await end).signal, 'SIGKILL', 'it was killed before the work was done');
      atWork.set(victim, hire(victim));
      if (kills === KILLS / 2) await redis.restart();
    }
    release();
    for (const { end } of crew.values()) assert.equal((await end).status, 0, (await end).stderr);
    assert.deepEqual(await datasetContent(folder.path('killed')), await datasetContent(folder.path('plain')));
    const { waiting, active, delayed, failed } = await status('killed');
    assert.deepEqual([waiting, active, delayed, failed], [0, 0, 0, 1]);
  });

  it('status tells the failure; what is done is not submitted again', async () => {
    await submit('again', 'again');
    assert.equal((await ended(worker('again', '--until-empty'))).status, 0);
    const { failures, completed } = await status('again');
    assert.equal(completed, IMAGES);
    assert.equal(failures.length, 1);
    assert.match(failures[0]!.path, /broken\.raw$/);
    assert.equal(
      (await datasetRows(folder.path('again'), 'image')).filter((row) => row['status'] === 'failed').length,
      1,
    );
    assert.match((await submit('again', 'again')).stderr, new RegExp(`^1 images submitted, ${IMAGES} done before`));
  });

  it('SIGTERM lets what is in flight finish, and leaves the rest in the queue', async () => {
    const { asked, release } = server.hold();
    await submit('stopped', 'stopped', held());
    const child = worker('stopped', '--log', 'json');
    const end = ended(child);
    await asked;
    child.kill('SIGTERM');
    await said(child, /stopping: finishing what is in flight/);
    release();
    const { status: exit, stderr } = await end;
    assert.equal(exit, 0, stderr);
    const done = stderr.split('\n').filter((line) => line.includes('"event":"image"')).length;
    const { waiting, active, completed, failed } = await status('stopped');
    assert.equal(active, 0);
    assert.equal(completed + failed, done);
    assert.equal(waiting, IMAGES + 2 - done);
    assert.ok(waiting > 0 && done > 0);
  });

  it('refuses jobs that name what it may not touch, in one line each, and goes on', async () => {
    const { Queue } = await import('bullmq');
    const address = parseQueue(`${redis.url}?name=poisoned`);
    const queue = new Queue('poisoned', { connection: address.redis });
    await submit('again', 'poisoned');
    const [good] = await queue.getJobs(['waiting']);
    const data = good!.data as ImageJob;
    await queue.obliterate({ force: true });
    const target = folder.path('elsewhere');
    for (const job of [
      { ...data, ingest: { ...data.ingest, out: target } },
      { ...data, image: { ...data.image, location: '/etc/passwd' } },
      { ...data, ingest: { ...data.ingest, scan: { ...data.ingest.scan, spool: target } } },
      { nonsense: true },
    ])
      await queue.add('image', job, { attempts: 3 });
    await queue.add('image', data, { attempts: 3 });
    await queue.close();
    const { status: exit, stderr } = await ended(worker('poisoned', '--until-empty', '--log', 'json'));
    assert.equal(exit, 0, stderr);
    assert.equal(stderr.match(/job refused: /g)?.length, 4, stderr);
    assert.ok(!existsSync(target));
    // The job that may be done was done, whatever came of its image.
    assert.ok(stderr.includes('"event":"image"'), stderr);
    const { completed, failed, failures } = await status('poisoned');
    assert.equal(completed + failed, 5);
    assert.equal(failures.filter(({ message }) => message.startsWith('job refused: ')).length, 4);
  });

  it('a Redis that is not there is one clear line', async () => {
    const { status: exit, stderr } = await runCli(['status', '--queue', 'redis://user:secret@127.0.0.1:1']);
    assert.equal(exit, 1);
    assert.match(stderr, /^pool-tracker: queue redis:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/);
  });
});
