import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ChunkedSource, evenChunks } from '../../src/source/reading/chunked-source.js';
import { JoinedSource } from '../../src/source/reading/joined-source.js';
import { ObeyingSource } from '../../src/source/reading/obeying-source.js';
import { PartSource } from '../../src/source/reading/part-source.js';
import { ZeroTailSource } from '../../src/source/reading/zero-tail-source.js';
import { type ByteRange, readBytes, type Source } from '../../src/source/source.js';
import { assertAsyncProperty } from '../support/lanes/property.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { FarSource } from '../support/sources/far-source.js';

const PAGE = 4096;
const content = Buffer.from(Uint32Array.from({ length: 1 << 19 }, (_, index) => index * 2654435761).buffer);
const farOf = (bytes: Buffer): FarSource => new FarSource(new BufferSource(bytes), new Uint8Array(0));

/** Chunks of 8 KiB that lie in the base in reverse order. */
function reversed(base: Source): ChunkedSource {
  const table = evenChunks(8192, base.byteLength);
  return new ChunkedSource([base], {
    ...table,
    load: ({ start, length }) => readBytes(base, base.byteLength - start - length, length),
  });
}

/** Every kind of view, with the far objects behind it. */
const VIEWS: Readonly<Record<string, () => { view: Source; behind: readonly FarSource[] }>> = {
  'a part': () => {
    const far = farOf(content);
    return { view: new PartSource(far.source, 5 * PAGE, 200 * PAGE), behind: [far] };
  },
  'files in a row': () => {
    const behind = [farOf(content.subarray(0, 50 * PAGE)), farOf(content.subarray(50 * PAGE, 400 * PAGE))] as const;
    return { view: new JoinedSource([behind[0].source, behind[1].source]), behind };
  },
  'what zeros follow': () => {
    const far = farOf(content.subarray(0, 100 * PAGE));
    return { view: new ZeroTailSource(far.source, 300 * PAGE), behind: [far] };
  },
  'what a signal may end': () => {
    const far = farOf(content);
    return { view: new ObeyingSource(far.source, new AbortController().signal), behind: [far] };
  },
  chunks: () => {
    const far = farOf(content);
    return { view: reversed(far.source), behind: [far] };
  },
  'views of views': () => {
    const far = farOf(content);
    const signal = new AbortController().signal;
    return { view: reversed(new PartSource(new ObeyingSource(far.source, signal), 0, 256 * PAGE)), behind: [far] };
  },
};

describe('what is fetched ahead', () => {
  for (const [name, make] of Object.entries(VIEWS))
    it(`is had without a request through ${name}`, async () => {
      const pages = fc.uniqueArray(fc.nat(450), { minLength: 1, maxLength: 40 });
      await assertAsyncProperty(
        fc.asyncProperty(pages, async (indexes) => {
          const { view, behind } = make();
          // The last pages of a part, of a file and of what zeros follow, with their neighbours, are among them.
          const wanted = [...new Set([...indexes, 49, 50, 99, 100, 199, 399])];
          const ranges = wanted.map((index): ByteRange => ({ offset: index * PAGE, length: PAGE }));
          await view.prefetch!(ranges);
          const asked = behind.map(({ requests }) => requests.length);
          const rounds = Math.max(...behind.map((far) => far.rounds));
          assert.ok(rounds <= Math.ceil(wanted.length / 8), `${rounds} rounds for ${wanted.length} pages`);
          for (const { offset, length } of ranges) await readBytes(view, offset, length);
          assert.deepEqual(
            behind.map(({ requests }) => requests.length),
            asked,
          );
        }),
        { numRuns: 25 },
      );
    });

  it('is nothing where reading costs the same anyway', () => {
    const base = new BufferSource(content);
    for (const view of [
      new PartSource(base, 0, PAGE),
      new JoinedSource([base]),
      new ZeroTailSource(base, PAGE),
      new ObeyingSource(base, new AbortController().signal),
      reversed(base),
    ])
      assert.equal(view.prefetch, undefined);
  });

  it('is waited for no longer than a signal says', async () => {
    const controller = new AbortController();
    const far = farOf(content);
    const view = new ObeyingSource(far.source, controller.signal);
    const ahead = assert.rejects(view.prefetch!([{ offset: PAGE, length: PAGE }]), /enough/);
    controller.abort(new Error('enough'));
    await ahead;
  });

  it('is read by many at a time without a warning of how many obey the signal', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    const { signal } = new AbortController();
    const views = Array.from({ length: 64 }, () => new ObeyingSource(farOf(content).source, signal));
    await Promise.all(views.map((view, index) => readBytes(view, index * PAGE, PAGE)));
    await Promise.all(views.map((_, index) => readBytes(views[0]!, index * PAGE, PAGE)));
    await new Promise(setImmediate);
    process.off('warning', warn);
    assert.deepEqual(warnings, []);
  });

  it('of chunks are as many as are kept, though a list has no end', async () => {
    const far = farOf(content);
    let loads = 0;
    const view = new ChunkedSource(
      [far.source],
      { ...evenChunks(PAGE, 2 ** 45), load: () => (loads++, Promise.resolve(Buffer.alloc(PAGE))) },
      64 * PAGE,
    );
    await view.prefetch!([{ offset: 0, length: 2 ** 45 }]);
    assert.equal(loads, 32);
  });

  it('and cannot be fetched or decompressed is told by who reads it', async () => {
    const far = farOf(content);
    const view = new ChunkedSource([far.source], {
      ...evenChunks(PAGE, 10 * PAGE),
      load: ({ index }) => (index === 3 ? Promise.reject(new Error('broken')) : Promise.resolve(Buffer.alloc(PAGE))),
    });
    await view.prefetch!([{ offset: 0, length: 10 * PAGE }]);
    assert.equal((await readBytes(view, 4 * PAGE, PAGE)).length, PAGE);
    await assert.rejects(readBytes(view, 3 * PAGE, PAGE), /broken/);
  });
});
