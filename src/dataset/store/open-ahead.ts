import type { Readable } from 'node:stream';
import type { DatasetStore } from './store.js';

/** Files that are asked for before their turn: in a bucket, each is a request that takes tens of milliseconds. */
const AHEAD = 16;

/**
 * The bytes of many small files, one after the other in the order given; those that do not exist are left out.
 * @throws PoolTrackerError OUTPUT_FAILED
 */
export async function* openAhead(
  store: DatasetStore,
  paths: readonly string[],
): AsyncGenerator<Readable, void, undefined> {
  const opened: Promise<Readable | null>[] = [];
  let next = 0;
  let current: Readable | null = null;
  try {
    for (;;) {
      while (opened.length < AHEAD && next < paths.length) {
        const one = store.open(paths[next++]!);
        // Told when its turn comes.
        one.catch(() => undefined);
        opened.push(one);
      }
      const first = opened.shift();
      if (first === undefined) return;
      current = await first;
      if (current !== null) yield current;
    }
  } finally {
    current?.destroy();
    for (const one of opened) void one.then((bytes) => bytes?.destroy()).catch(() => undefined);
  }
}
