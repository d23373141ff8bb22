import assert from 'node:assert/strict';
import { aff4 } from '../../../src/image/aff4/aff4.js';
import { openImage } from '../../../src/image/formats.js';
import { readBytes } from '../../../src/source/source.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { expectLost, expectMemory } from '../../support/expect/memory.js';
import { survivesCuts, survivesHostileFields, type Field } from '../../support/expect/hostile-fields.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { aff4Buffer } from '../../support/write/evidence/aff4.js';
import { zip64 } from '../../support/write/zip.js';

describe('AFF4', () => {
  const generated = sampleMemory();
  const { memory } = generated;

  for (const method of ['zlib', 'snappy', 'lz4', 'stored'] as const) {
    it(`reads a map over chunks compressed with ${method}, zeros left out`, async () => {
      const image = await openImage(new BufferSource(aff4Buffer(generated, { method, direct: method === 'lz4' })));
      assert.equal(image.format, 'aff4');
      assert.deepEqual(image.warnings, []);
      await expectMemory(image, memory, memory.ranges);
    });
  }

  describe('whose bytes are not what they were', () => {
    const CHUNK = 0x8000;
    /** Where in the file the bytes of a member begin, by the end of its name. */
    const memberAt = (file: Buffer, ending: string): number => file.indexOf(ending) + ending.length;

    for (const kind of ['md5', 'sha1', 'sha256', 'sha512', 'blake2b'] as const) {
      it(`loses the pages of a chunk that does not match its ${kind}, and no other`, async () => {
        const file = aff4Buffer(generated, { method: 'stored', hashes: [kind] });
        await expectLost(await openImage(new BufferSource(file)), memory, []);
        file[memberAt(file, '/00000000') + 3 * CHUNK + 5]! ^= 1;
        // The first three chunks lie where they did; what the map puts elsewhere is of no matter here.
        const image = await openImage(new BufferSource(file));
        const run = [...image.runs].find(({ offset, length }) => offset <= 3 * CHUNK && offset + length >= 4 * CHUNK)!;
        const start = run.start + 3 * CHUNK - run.offset;
        await expectLost(image, memory, [[start, start + CHUNK]]);
      });
    }

    it('loses what an index or a list of hashes with a wrong CRC tells of', async () => {
      for (const ending of ['/00000000.index', '/00000000.blockHash.sha1']) {
        const file = aff4Buffer(generated, { method: 'stored', hashes: ['sha1'] });
        file[memberAt(file, ending) + 4]! ^= 1;
        const image = await openImage(new BufferSource(file));
        await assert.rejects(readBytes(image.source, 0, 1), { code: 'FORMAT_DAMAGED', message: /match its CRC/ });
        assert.ok((await readBytes(image.source, 64 * CHUNK, CHUNK)).length > 0);
      }
    });

    it('is refused where its map, the list of its streams or its metadata do not match their CRC', async () => {
      for (const ending of ['/map', '/idx', 'information.turtle']) {
        const file = aff4Buffer(generated);
        file[memberAt(file, ending) + 2]! ^= 1;
        await assert.rejects(openImage(new BufferSource(file)), { code: 'FORMAT_DAMAGED' }, ending);
      }
    });
  });

  it('refuses an archive without memory', async () => {
    const archive = zip64([
      { name: 'information.turtle', bytes: Buffer.from('<aff4://1> a <http://aff4.org/Schema#Image> .') },
    ]);
    await assert.rejects(openImage(new BufferSource(archive)), { code: 'FORMAT_REFUSED', message: /no stream/ });
  });

  it('survives hostile headers, metadata and cuts', async () => {
    const file = aff4Buffer(generated, { method: 'snappy' });
    const end = file.length - 22;
    const record = end - 20 - 56;
    const directory = Number(file.readBigUInt64LE(record + 48));
    const map = file.indexOf('/map') + 4;
    const every = (from: number, count: number): Field[] => Array.from({ length: count }, (_, at) => [from + at, 1]);
    await survivesHostileFields(aff4, file, [
      [end, 4],
      [end - 20 + 8, 8],
      [record, 4],
      [record + 40, 8],
      [record + 48, 8],
      ...every(directory, 90),
      [map, 8],
      [map + 8, 8],
      [map + 16, 8],
      [map + 24, 4],
    ]);
    await survivesCuts(aff4, file, [34, 100, 10_000, file.length - 1, file.length - 30, file.length - 100]);
    const text = (number: string): Buffer =>
      zip64([
        {
          name: 'information.turtle',
          bytes: Buffer.from(`<aff4://s> a <http://aff4.org/Schema#ImageStream> ;
        <http://aff4.org/Schema#category> <http://aff4.org/Schema#memory/physical> ; <http://aff4.org/Schema#size> ${number} ;
        <http://aff4.org/Schema#chunkSize> ${number} ; <http://aff4.org/Schema#chunksInSegment> ${number} .`),
        },
      ]);
    for (const number of ['0', '1', '-1', '1e300', 'x', '9007199254740991', '']) {
      const read = aff4.open(new BufferSource(text(number))).then((image) => readBytes(image.source, 0, 1));
      await assert.rejects(read, { code: 'FORMAT_DAMAGED' }, number);
    }
  });
});
