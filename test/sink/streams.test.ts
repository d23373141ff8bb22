import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { RecordBatchReader } from 'apache-arrow';
import { ended, startCli } from '../support/run/cli.js';
import { sampleBytes, writeSample } from '../support/images/samples.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const FIRST = 320;
const SECOND = 400;

/**
 * The second image comes through a pipe that is written to when the records of the first have been read: a writer that
 * held them back would wait forever.
 */
describe('a stream of records', () => {
  const folder = temporaryFolder();
  let image: string;

  before(() => (image = writeSample('server-14393.dmp', folder.path('server.dmp'))));

  function scanTwo(format: string): ReturnType<typeof startCli> {
    return startCli(['scan', image, '-', '-q', '--format', format], { stdio: ['pipe', 'pipe', 'pipe'] });
  }

  for (const [format, header] of [
    ['ndjson', 0],
    ['csv', 1],
  ] as const) {
    it(`${format}: has the records of an image before the next is scanned`, async () => {
      const child = scanTwo(format);
      const end = ended(child);
      const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
      for (let line = 0; line < FIRST + header; line++) assert.equal((await lines.next()).done, false);
      child.stdin!.end(sampleBytes('unknown-kernel.raw'));
      let more = 0;
      while ((await lines.next()).done !== true) more++;
      const { status, stderr } = await end;
      assert.equal(status, 0, stderr);
      assert.equal(more, SECOND);
    });
  }

  for (const name of ['arrow-stream', 'arrows']) {
    it(`${name}: so too, and apache-arrow's reader takes each batch as it comes`, async () => {
      const child = scanTwo(name);
      const errors: Buffer[] = [];
      child.stderr!.on('data', (chunk: Buffer) => errors.push(chunk));
      const reader = await RecordBatchReader.from(child.stdout!);
      await reader.open();
      assert.equal(String(reader.schema.fields.find((field) => field.name === 'tag')!.type), 'Utf8');
      const batches = reader[Symbol.asyncIterator]();
      assert.equal((await batches.next()).value.numRows, FIRST);
      child.stdin!.end(sampleBytes('unknown-kernel.raw'));
      assert.equal((await batches.next()).value.numRows, SECOND);
      assert.equal((await batches.next()).done, true, Buffer.concat(errors).toString());
    });
  }
});
