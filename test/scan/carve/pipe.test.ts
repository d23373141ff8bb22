import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { openSync, writeFileSync } from 'node:fs';
import { PAGE_SIZE } from '../../../src/address.js';
import { StreamedMemory } from '../../../src/image/pages.js';
import { PageCarver, type PassCounts, ScanCrew } from '../../../src/pool/carve/carve.js';
import { compilePageScanner } from '../../../src/pool/carve/scan/wasm-scanner.js';
import { ByteStream } from '../../../src/source/stream/byte-stream.js';
import { makeTables, otherPage, pagesOf } from '../../support/expect/carve-pages.js';
import { Random } from '../../support/generate/random.js';
import { feedPipe, makePipe } from '../../support/run/named-pipe.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

const MIB = 1 << 20;
/** What is read before the pages begin to be, and what a thread reads in a turn. */
const [SAMPLE, TURN] = [4 * MIB, 2 * MIB];
const BYTES = 15 * MIB;
/** Compiled once for all. */
const SCANNER = compilePageScanner();

/** What came of the pages of a stream. */
interface Passed {
  readonly bytes: number;
  readonly hash: string;
  readonly counts: PassCounts;
  readonly kept: readonly number[];
}

/** @param readers threads that read the stream, if it is a pipe */
async function pass(stream: ByteStream, readers: number): Promise<Passed> {
  const crew = new ScanCrew(1, SCANNER, readers);
  const carver = new PageCarver();
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const stretch of new StreamedMemory(stream).stretches(crew.pool)) {
      hash.update(stretch.bytes);
      bytes += stretch.bytes.length;
      await crew.take(stretch, carver);
    }
    await crew.finish();
  } finally {
    stream.close();
    await crew.close();
  }
  return {
    bytes,
    hash: hash.digest('hex'),
    counts: carver.counts,
    kept: carver.collection.pages.map(({ order }) => order),
  };
}

/** Tables in the midst of other pages, more than once. */
function memory(): Buffer {
  const random = new Random(14);
  const tables = pagesOf(makeTables({ seed: 14, entrySize: 56, slots: 1024, processors: 3, tagCount: 500 }));
  // What begins with text is taken for text.
  const pages = [random.bytes(PAGE_SIZE)];
  while (pages.length < BYTES / PAGE_SIZE)
    pages.push(...(random.oneIn(50) ? [random.pick(tables)] : []), otherPage(random));
  return Buffer.concat(pages).subarray(0, BYTES);
}

describe('carving a pipe', () => {
  const folder = temporaryFolder();
  const all = memory();
  let file: string;
  let pipe: string;

  before(() => {
    writeFileSync((file = folder.path('memory.raw')), all);
    pipe = makePipe(folder.path('pipe'));
  });

  /** The first bytes of the file, through the pipe. */
  const piped = (length: number, readers: number): Promise<Passed> => {
    feedPipe(pipe, 'head -c "$1" "$2"', String(length), file);
    return pass(ByteStream.ofDescriptor('the pipe', openSync(pipe, 'r')), readers);
  };

  async function* whole(length: number): AsyncGenerator<Buffer> {
    yield all.subarray(0, length);
  }

  /** What comes of so many bytes that are given in one piece, which is the same for each number of readers. */
  const expectedOf = new Map<number, Passed>();

  for (const readers of [0, 1, 3, 7])
    it(`gives every byte to the threads that look at it, wherever it ends: ${readers}`, async () => {
      for (const edge of [PAGE_SIZE, SAMPLE, SAMPLE + TURN, SAMPLE + 4 * TURN, BYTES])
        for (const length of [edge - PAGE_SIZE, edge - 1, edge, edge + 1].filter(
          (length) => length > 0 && length <= BYTES,
        )) {
          const expected = expectedOf.get(length) ?? (await pass(new ByteStream('pieces', null, whole(length)), 1));
          expectedOf.set(length, expected);
          assert.equal(expected.hash, createHash('sha256').update(all.subarray(0, length)).digest('hex'));
          assert.ok(length < SAMPLE || expected.kept.length > 10);
          assert.deepEqual(await piped(length, readers), expected, `${length} bytes`);
        }
    });

  it('ends where its writer is killed', async () => {
    feedPipe(pipe, '(head -c "$1" "$2"; kill -9 $$)', String(9 * MIB + 5), file);
    const { bytes } = await pass(ByteStream.ofDescriptor('the pipe', openSync(pipe, 'r')), 1);
    assert.equal(bytes, 9 * MIB + 5);
  });

  it('is not kept by one who waits for more of it', async () => {
    makePipe(`${pipe}.never`);
    const writer = feedPipe(pipe, '{ head -c "$1" "$2"; exec cat "$0.never"; }', String(9 * MIB), file);
    const stream = ByteStream.ofDescriptor('the pipe', openSync(pipe, 'r'));
    const crew = new ScanCrew(1, SCANNER, 2);
    let taken = 0;
    for await (const stretch of new StreamedMemory(stream).stretches(crew.pool)) {
      taken += stretch.bytes.length;
      await crew.take(stretch, new PageCarver());
      // The next turns have been asked for, and one of them blocks.
      if (taken === 8 * MIB) break;
    }
    stream.close();
    await crew.close();
    writer.kill();
    assert.equal(taken, 8 * MIB);
  });
});
