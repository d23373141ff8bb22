import assert from 'node:assert/strict';
import { ImagePool } from '../../src/dataset/ingest/image-pool.js';
import type { ImageTask } from '../../src/dataset/ingest/image-task.js';

const ENTRY = new URL('../support/bad-worker.mjs', import.meta.url);

function task(location: string): ImageTask {
  return {
    location,
    mayBeOther: false,
    scan: {},
    partition: [],
    records: [],
    format: 'parquet',
    sink: {},
    staging: '',
  };
}

describe('a pool of worker threads', () => {
  for (const [location, timeoutMs, code, message] of [
    ['loop', 300, 'IMAGE_TIMED_OUT', /^loop: not done after 0\.3 seconds$/],
    ['silent', 300, 'IMAGE_TIMED_OUT', /^silent: not done/],
    ['exit', 20_000, 'IMAGE_CRASHED', /^exit: its worker thread ended with 7$/],
    ['throw', 20_000, 'IMAGE_CRASHED', /^throw: its worker thread crashed: out of order$/],
    ['heap', 50_000, 'IMAGE_CRASHED', /^heap: its worker thread crashed: .*memory/],
  ] as const) {
    it(`${location}: told of that image, and the others go on`, async () => {
      const pool = new ImagePool(timeoutMs, ENTRY);
      try {
        const results = await Promise.allSettled([pool.run(task('a')), pool.run(task(location)), pool.run(task('b'))]);
        assert.deepEqual(
          results.map((result) => result.status),
          ['fulfilled', 'rejected', 'fulfilled'],
        );
        await assert.rejects(Promise.reject((results[1] as PromiseRejectedResult).reason as Error), { code, message });
        assert.deepEqual(await pool.run(task('after')), { kind: 'passed-over', reason: 'after' });
      } finally {
        assert.equal(await pool.close(), 0);
      }
    });
  }

  it('threads are used again', async () => {
    const pool = new ImagePool(20_000, ENTRY);
    for (let index = 0; index < 200; index++)
      assert.deepEqual(await pool.run(task(String(index))), { kind: 'passed-over', reason: String(index) });
    await pool.close();
    await assert.rejects(pool.run(task('late')), { code: 'INTERNAL' });
  });
});
