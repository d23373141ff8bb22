import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import {
  check,
  convertRecords,
  diff,
  query,
  recordStream,
  report,
  scanImage,
  scanTags,
  writeReport,
} from '../../src/index.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import type { Progress, WorkOptions } from '../../src/work.js';
import { sampleBytes, writeSample } from '../support/images/samples.js';
import { edgeRows, poolTagRow } from '../support/records/record-rows.js';
import { writeRecords } from '../support/records/write-records.js';
import { writePart } from '../support/records/write-part.js';
import { builtFile, ended } from '../support/run/cli.js';
import { makePipe } from '../support/run/named-pipe.js';
import { openDescriptors } from '../support/run/open-files.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { RangeServer } from '../support/sources/range-server.js';

const REASON = new Error('enough');

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

/** A signal that comes with the nth call of the progress callback. */
function abortedAt(call: number): Required<WorkOptions> & { readonly calls: Progress[] } {
  const controller = new AbortController();
  const calls: Progress[] = [];
  const onProgress = (progress: Progress): void => {
    calls.push(progress);
    if (calls.length === call) controller.abort(REASON);
  };
  return { signal: controller.signal, onProgress, calls };
}

describe('an aborted call', () => {
  const folder = temporaryFolder();
  const outputs = (): string => folder.path('outputs');
  let image: string;

  before(async () => {
    image = writeSample('server-14393.dmp', folder.path('server.dmp'));
    mkdirSync(outputs());
    await writeRecords(folder.path('many.arrows'), POOL_TAG, edgeRows(POOL_TAG, 20_000));
    await writePart(
      folder.path('lake/pool_tag/v=2/host=a/part-1.parquet'),
      POOL_TAG,
      Array.from({ length: 5000 }, (_, slot) => poolTagRow({ slot, key: slot })),
    );
  });

  const files = (): string[] => ['a.parquet', 'b.ndjson'].map((name) => `${outputs()}/${name}`);

  const CALLS: Readonly<Record<string, (options: WorkOptions) => Promise<unknown>>> = {
    scanImage: (options) => scanImage(image, { ...options, outputs: files() }),
    'scanImage that carves': (options) => scanImage(image, { ...options, method: 'carve', outputs: files() }),
    scanTags: (options) => all(scanTags(image, options)),
    recordStream: (options) => all(recordStream(image, 'bigpool', options)),
    check: (options) => check(image, options),
    diff: (options) => diff(image, image, options),
    report: (options) => report(image, options),
    writeReport: (options) => writeReport(image, `${outputs()}/report.html`, options),
    'writeReport into a stream': (options) =>
      writeReport(image, createWriteStream('/dev/null', { autoClose: true }), options),
    convertRecords: (options) => convertRecords(folder.path('many.arrows'), `${outputs()}/many.csv`, options),
    query: (options) => all(query(folder.path('lake'), 'FROM pool_tags', options)),
  };

  for (const [name, call] of Object.entries(CALLS)) {
    it(`${name}: rejects with the signal's reason, closes the image, and leaves nothing behind`, async () => {
      const work = abortedAt(1);
      await assert.rejects(call(work), (error) => error === REASON);
      assert.ok(work.calls.length > 0);
      assert.equal(openDescriptors(image) ?? 0, 0);
      assert.deepEqual(readdirSync(outputs()), []);
    });

    it(`${name}: does not begin when the signal has come before`, async () => {
      const signal = AbortSignal.abort(REASON);
      await assert.rejects(call({ signal, onProgress: () => assert.fail('it began') }), (error) => error === REASON);
      assert.deepEqual(readdirSync(outputs()), []);
    });
  }

  it('rejects also when the signal comes with the last step', async () => {
    const full = abortedAt(Infinity);
    await scanImage(image, full);
    const last = full.calls.at(-1)!;
    assert.equal(last.done, last.total);
    await assert.rejects(scanImage(image, abortedAt(full.calls.length)), (error) => error === REASON);
    await assert.rejects(report(image, abortedAt(full.calls.length)), (error) => error === REASON);
  });

  it('query: ends between two rows', async () => {
    const work = abortedAt(1);
    let rows = 0;
    const counted = async (): Promise<void> => {
      for await (const _row of query(folder.path('lake'), 'FROM pool_tags', work)) rows++;
    };
    await assert.rejects(counted(), (error) => error === REASON);
    assert.deepEqual([rows, work.calls], [2048, [{ ...work.calls[0]!, done: 2048, total: null }]]);
  });

  it('ends with what the callback of progress throws', async () => {
    const fault = new Error('in the callback');
    const onProgress = (): never => {
      throw fault;
    };
    for (const method of ['walk', 'carve'] as const)
      await assert.rejects(scanImage(image, { method, onProgress, outputs: files() }), (error) => error === fault);
    assert.equal(openDescriptors(image) ?? 0, 0);
    assert.deepEqual(readdirSync(outputs()), []);
  });

  it('ends between two records of a loop', async () => {
    const controller = new AbortController();
    const tags = scanTags(image, { signal: controller.signal });
    await tags.next();
    controller.abort(REASON);
    await assert.rejects(tags.next(), (error) => error === REASON);
    assert.equal(openDescriptors(image) ?? 0, 0);
  });

  it('does not wait for a server that has stopped answering', async () => {
    const controller = new AbortController();
    const server = await new RangeServer({ 'server.dmp': new BufferSource(sampleBytes('server-14393.dmp')) }).start();
    try {
      server.fault = (index) =>
        index === 3 ? { kind: 'stall', after: 10, stalled: () => controller.abort(REASON) } : null;
      await assert.rejects(
        scanImage(server.url('server.dmp'), { signal: controller.signal }),
        (error) => error === REASON,
      );
    } finally {
      await server.stop();
    }
  });

  it('does not wait for a symbol server either', async () => {
    const controller = new AbortController();
    const server = await new RangeServer({}).start();
    const { asked, release } = server.hold();
    void asked.then(() => controller.abort(REASON));
    try {
      await assert.rejects(
        scanImage(image, {
          signal: controller.signal,
          symbolPath: `srv**${server.url('')}`,
          knownBuilds: false,
          cache: false,
        }),
        (error) => error === REASON,
      );
    } finally {
      release();
      await server.stop();
    }
    assert.equal(openDescriptors(image) ?? 0, 0);
  });

  it('does not wait for somebody to write into a pipe that has a name, nor does the process', async () => {
    const script = `
      import { scanImage } from '${pathToFileURL(builtFile('index.js')).href}';
      const controller = new AbortController();
      const scan = scanImage(process.argv[1], { signal: controller.signal });
      let turns = Number(process.argv[2]);
      const turn = () => (turns-- > 0 ? setImmediate(turn) : controller.abort(new Error('enough')));
      turn();
      await scan.catch((error) => console.log(error.message));`;
    const pipe = makePipe(folder.path('pipe.raw'));
    // Before anybody waits, and when somebody does.
    for (const turns of ['0', '1', '5000']) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, pipe, turns]);
      const { stdout, stderr, status } = await ended(child);
      assert.deepEqual({ stdout, stderr, status }, { stdout: 'enough\n', stderr: '', status: 0 }, turns);
    }
  });

  it('ends a question that DuckDB is at', async () => {
    const controller = new AbortController();
    const endless = query(
      folder.path('lake'),
      'SELECT count(*) AS n FROM range(1000000000) a, range(1000000000) b WHERE a.range % 7 = b.range % 11',
      { signal: controller.signal },
    ).next();
    setImmediate(() => controller.abort(REASON));
    await assert.rejects(endless, (error) => error === REASON);
  });
});
