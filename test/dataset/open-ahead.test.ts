import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { openAhead } from '../../src/dataset/store/open-ahead.js';
import type { DatasetStore } from '../../src/dataset/store/store.js';

describe('files of a dataset that are opened ahead of their turn', () => {
  const paths = Array.from({ length: 50 }, (_, index) => `journal-${index}`);
  const streams: Readable[] = [];
  let most = 0;

  /** Opens each path by `open`, and counts how many are open before their turn. */
  function storeOf(open: (path: string) => Readable | null): { store: DatasetStore; taken: () => void } {
    let ahead = 0;
    streams.length = 0;
    most = 0;
    const store = {
      open: (path: string) => {
        most = Math.max(most, ++ahead);
        return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
          const stream = open(path);
          if (stream !== null) streams.push(stream);
          return stream;
        });
      },
    } as unknown as DatasetStore;
    return { store, taken: () => void ahead-- };
  }

  it('come in the order of their paths, without those that are not there, sixteen at a time', async () => {
    const { store, taken } = storeOf((path) => (path === 'journal-3' ? null : Readable.from([Buffer.from(path)])));
    const found: string[] = [];
    for await (const bytes of openAhead(store, paths)) {
      taken();
      found.push(await text(bytes));
    }
    assert.deepEqual(
      found,
      paths.filter((path) => path !== 'journal-3'),
    );
    assert.ok(most > 1 && most <= 18, `${most} at once`);
  });

  it('that fail do so when it is their turn, and those behind are closed', async () => {
    const { store } = storeOf((path) => {
      if (path === 'journal-5') throw new Error('gone');
      return Readable.from([Buffer.from(path)]);
    });
    const found: string[] = [];
    await assert.rejects(async () => {
      for await (const bytes of openAhead(store, paths)) found.push(await text(bytes));
    }, /gone/);
    assert.equal(found.length, 5);
    for (const stream of streams.slice(5)) if (!stream.closed) await once(stream, 'close');
  });

  it('are all closed when the reader leaves', async () => {
    const { store } = storeOf((path) => Readable.from([Buffer.from(path)]));
    for await (const bytes of openAhead(store, paths)) {
      assert.ok(!bytes.destroyed);
      break;
    }
    for (const stream of streams) if (!stream.closed) await once(stream, 'close');
    assert.ok(streams.length <= 16);
  });
});
