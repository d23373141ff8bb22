import assert from 'node:assert/strict';
import { BroadcastChannel } from 'node:worker_threads';
import { ImagePool } from '../../src/dataset/ingest/image-pool.js';
import type { ImageTask } from '../../src/dataset/ingest/image-task.js';
import { HandClock } from '../support/run/hand-clock.js';

const ENTRY = new URL('../support/run/bad-worker.mjs', import.meta.url);
const TIMEOUT_MS = 300;

function task(location: string): ImageTask {
  return {
    location,
    mayBeOther: false,
    scan: {},
    allSystems: false,
    partition: [],
    records: [],
    format: 'parquet',
    sink: {},
    staging: '',
  };
}

describe('a pool of worker threads', () => {
  for (const [location, code, message] of [
    ['loop', 'IMAGE_TIMED_OUT', /^loop: not done after 0\.3 seconds$/],
    ['silent', 'IMAGE_TIMED_OUT', /^silent: not done/],
    ['exit', 'IMAGE_CRASHED', /^exit: its worker thread ended with 7$/],
    ['throw', 'IMAGE_CRASHED', /^throw: its worker thread crashed: out of order$/],
    ['heap', 'IMAGE_CRASHED', /^heap: its worker thread crashed: .*memory/],
  ] as const) {
    it(`${location}: told of that image, and the others go on`, async () => {
      const clock = new HandClock();
      const pool = new ImagePool(TIMEOUT_MS, ENTRY, clock);
      const stuck = new BroadcastChannel('bad-worker');
      try {
        const running = [pool.run(task('a')), pool.run(task(location)), pool.run(task('b'))];
        const [, alarm] = clock.alarms;
        assert.equal(alarm!.milliseconds, TIMEOUT_MS);
        stuck.onmessage = () => alarm!.ring();
        const results = await Promise.allSettled(running);
        assert.deepEqual(
          results.map((result) => result.status),
          ['fulfilled', 'rejected', 'fulfilled'],
        );
        await assert.rejects(Promise.reject((results[1] as PromiseRejectedResult).reason as Error), { code, message });
        assert.deepEqual(await pool.run(task('after')), { kind: 'passed-over', reason: 'after' });
      } finally {
        stuck.close();
        assert.equal(await pool.close(), 0);
      }
    });
  }

  it('threads are used again', async () => {
    const pool = new ImagePool(TIMEOUT_MS, ENTRY, new HandClock());
    for (let index = 0; index < 200; index++)
      assert.deepEqual(await pool.run(task(String(index))), { kind: 'passed-over', reason: String(index) });
    await pool.close();
    await assert.rejects(pool.run(task('late')), { code: 'INTERNAL' });
  });
});
