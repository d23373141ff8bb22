import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { QueueStatus } from '../../src/dataset/queue/work-queue.js';
import { parseQueue } from '../../src/dataset/queue/work-queue.js';
import { ended, runCli, startCli, type CliEnd } from '../support/compiled-cli.js';
import { datasetContent, datasetRows } from '../support/dataset-content.js';
import { writeSmallImages } from '../support/dataset-images.js';
import { Random } from '../support/generate/random.js';
import { hasProgram } from '../support/programs.js';
import { RedisServer } from '../support/redis-server.js';
import { temporaryFolder } from '../support/temporary-folder.js';

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

  before(async function () {
    if (!hasProgram('redis-server', '--version')) this.skip();
    await mkdir(folder.path('redis'));
    redis = await RedisServer.start(folder.path('redis'));
    await writeSmallImages(folder.path('dumps'), IMAGES);
    await writeFile(folder.path('dumps/web0/broken.raw'), Buffer.alloc(0x40000));
    const plain = await runCli(['batch', folder.path('dumps'), '--out', folder.path('plain'), ...HOSTS]);
    assert.equal(plain.status, 1, plain.stderr);
  });
  after(() => redis?.stop());

  const submit = (out: string, queue: string, ...more: string[]): Promise<CliEnd> =>
    runCli([
      'submit',
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
      ...more,
    ]);
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
      ...more,
    ]);
  const status = async (queue: string): Promise<QueueStatus> =>
    JSON.parse((await runCli(['status', '--queue', `${redis.url}?name=${queue}`, '--json'])).stdout) as QueueStatus;

  it(`${WORKERS} workers, ${KILLS} of them killed at random, Redis killed once: the dataset is that of a plain batch`, async function () {
    this.timeout(240_000);
    const random = new Random(11);
    const submitted = await submit('killed', 'killed');
    assert.match(submitted.stderr, new RegExp(`^${IMAGES + 1} images submitted`));
    const crew = Array.from({ length: WORKERS }, () => worker('killed', '--until-empty'));
    const ends = crew.map(ended);
    let killedAtWork = 0;
    for (let kills = 0; kills < KILLS; kills++) {
      await delay(300 + random.below(700));
      const victim = random.below(WORKERS);
      crew[victim]!.kill('SIGKILL');
      if ((await ends[victim])!.signal === 'SIGKILL') killedAtWork++;
      crew[victim] = worker('killed', '--until-empty');
      ends[victim] = ended(crew[victim]);
      if (kills === KILLS / 2) await redis.restart();
    }
    assert.ok(killedAtWork >= KILLS / 2, `${killedAtWork} workers were killed before the work was done`);
    for (const end of await Promise.all(ends)) assert.equal(end.status, 0, end.stderr);
    assert.deepEqual(await datasetContent(folder.path('killed')), await datasetContent(folder.path('plain')));
    const { waiting, active, delayed, failed } = await status('killed');
    assert.deepEqual([waiting, active, delayed, failed], [0, 0, 0, 1]);
  });

  it('status tells the failure; what is done is not submitted again', async function () {
    this.timeout(120_000);
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

  it('SIGTERM lets what is in flight finish, and leaves the rest in the queue', async function () {
    this.timeout(120_000);
    await submit('stopped', 'stopped');
    const child = worker('stopped', '--log', 'json');
    const end = ended(child);
    await new Promise((resolve) => child.stderr!.once('data', resolve));
    child.kill('SIGTERM');
    const { status: exit, stderr } = await end;
    assert.equal(exit, 0, stderr);
    const done = stderr.split('\n').filter((line) => line.includes('"event":"image"')).length;
    const { waiting, active, completed, failed } = await status('stopped');
    assert.equal(active, 0);
    assert.equal(completed + failed, done);
    assert.equal(waiting, IMAGES + 1 - done);
    assert.ok(waiting > 0 && done > 0);
  });

  it('a Redis that is not there is one clear line', async () => {
    const { status: exit, stderr } = await runCli(['status', '--queue', 'redis://user:secret@127.0.0.1:1']);
    assert.equal(exit, 1);
    assert.match(stderr, /^pool-tracker: queue redis:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/);
  });
});
