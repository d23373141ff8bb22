import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { PoolTrackerError } from '../../../src/errors.js';
import { openImage } from '../../../src/image/formats.js';
import { StreamedMemory } from '../../../src/image/pages.js';
import { virtualBoxState } from '../../../src/image/virtualbox/virtualbox.js';
import { readBytes } from '../../../src/source/source.js';
import { BufferPool } from '../../../src/source/stream/buffer-pool.js';
import { ByteStream } from '../../../src/source/stream/byte-stream.js';
import { survivesCuts, survivesHostileFields, type Field } from '../../support/expect/hostile-fields.js';
import { addressRanges, expectMemory } from '../../support/expect/memory.js';
import { generateMemory } from '../../support/generate/memory.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { virtualBoxBuffer } from '../../support/write/virtualbox.js';

const PAGE = 0x1000;

describe('VirtualBox saved states', () => {
  const generated = generateMemory({
    seed: 7,
    tableSlots: 64,
    tagCount: 30,
    ramRanges: [
      [0, 0xa0000],
      [0x100000, 0x600000],
    ],
  });
  const { memory } = generated;
  const file = virtualBoxBuffer(generated);
  const unitAt = (name: string): number => file.indexOf(`${name}\0`) - 44;

  for (const version of [11, 12, 13, 14] as const) {
    it(`reads pages of every kind of record, in version ${version} of the unit`, async () => {
      const image = await openImage(new BufferSource(virtualBoxBuffer(generated, { version })));
      assert.equal(image.format, 'virtualbox-sav');
      assert.deepEqual(image.warnings, []);
      await expectMemory(image, memory, memory.ranges);
      assert.deepEqual(image.hints, {
        pageTableRoots: [{ address: generated.truth.dtb, from: 'CR3 of processor 0 in the VirtualBox state' }],
        processors: 2,
      });
    });
  }

  it('reads pages that begin and end anywhere in records', async () => {
    for (const recordBytes of [1000, 7, 4095]) {
      const image = await openImage(new BufferSource(virtualBoxBuffer(generated, { recordBytes })));
      assert.deepEqual(image.warnings, []);
      await expectMemory(image, memory, memory.ranges);
    }
  });

  it('takes the last of the passes of a machine that ran on', async () => {
    const image = await openImage(new BufferSource(virtualBoxBuffer(generated, { isLive: true })));
    await expectMemory(image, memory, memory.ranges);
  });

  it('puts memory above the hole below 4 GiB where its records say', async () => {
    const high = generateMemory({
      seed: 5,
      tableSlots: 64,
      tagCount: 20,
      ramRanges: [
        [0, 0x400000],
        [0x100000000, 0x100400000],
      ],
    });
    const image = await openImage(new BufferSource(virtualBoxBuffer(high, { below: 0x400000 })));
    assert.deepEqual(image.warnings, []);
    await expectMemory(image, high.memory, high.memory.ranges);
  });

  it('leaves out pages that the guest gave back', async () => {
    const frame = 0x300;
    const image = await openImage(new BufferSource(virtualBoxBuffer(generated, { ballooned: [frame] })));
    const [, second] = addressRanges(image);
    assert.deepEqual(second, [0x100000, frame * PAGE]);
    assert.deepEqual(image.warnings, []);
  });

  it('gives what a cut file still has', async () => {
    const image = await openImage(new BufferSource(file.subarray(0, Math.floor(file.length / 2))));
    assert.deepEqual(
      image.warnings.map(({ code }) => code),
      ['image-cut'],
    );
    assert.ok(image.runs.byteLength > PAGE && image.runs.byteLength < memory.byteLength / 1.2);
    const live = virtualBoxBuffer(generated, { isLive: true });
    const cut = await openImage(new BufferSource(live.subarray(0, live.lastIndexOf('pgm\0'))));
    assert.match(cut.warnings[0]!.message, /saved again later are as they were before$/);
  });

  it('doubts memory whose checksum is not reached, and says that a file is cut behind its memory', async () => {
    // The record that ends the memory, of 16 bytes, stands before the next unit.
    const end = unitAt('cpum') - 16;
    const broken = Buffer.from(file);
    broken[end]! ^= 0x0f;
    const codes = async (bytes: Buffer): Promise<string[]> =>
      (await openImage(new BufferSource(bytes))).warnings.map(({ code }) => code);
    assert.deepEqual(await codes(broken), ['image-damaged', 'image-doubtful']);
    assert.deepEqual(await codes(file.subarray(0, end + 4)), ['image-cut']);
    const renamed = virtualBoxBuffer(generated, { isLive: true });
    renamed[renamed.indexOf('pgm\0', renamed.indexOf('pgm\0') + 1)]! ^= 1;
    assert.ok((await codes(renamed)).includes('image-doubtful'), 'what was passed over may be memory');
  });

  it('says that a checksum is wrong, and keeps to the rest where a page does not unpack', async () => {
    const changed = Buffer.from(file);
    const [record] = lzfRecords(changed).slice(-1);
    changed.fill(0xff, record! + 5, record! + 25);
    const image = await openImage(new BufferSource(changed));
    assert.deepEqual(
      image.warnings.map(({ code, message }) => `${code}: ${message.slice(0, 60)}`),
      [
        "image-damaged: the checksum of the unit 'pgm' is wrong: bytes of it were ch",
        'image-doubtful: the checksum of the saved memory is wrong: any page of it ma',
      ],
    );
    let lost = 0;
    for (const { start, length } of image.runs)
      for (let at = 0; at < length; at += PAGE) {
        const page = await readBytes(image.source, start + at, PAGE).catch(
          (error: unknown) => error as PoolTrackerError,
        );
        if (page instanceof Error) {
          assert.deepEqual(page.data, { local: true });
          lost++;
        } else assert.ok(page.equals(memory.read(start + at, PAGE)));
      }
    assert.equal(lost, 1);
    for (const [at, what] of [
      [40, 'the header'],
      [unitAt('pgm') + 28, "the header of the unit 'pgm'"],
    ] as const) {
      const odd = Buffer.from(file);
      odd[at]! ^= 1;
      const { warnings } = await openImage(new BufferSource(odd));
      assert.ok(warnings.some(({ message }) => message.startsWith(`the checksum of ${what}`)));
    }
  });

  it('says that pages are not there', async () => {
    const gap = virtualBoxBuffer(sampleMemory());
    const { warnings } = await openImage(new BufferSource(gap));
    assert.deepEqual(warnings, [
      {
        code: 'image-damaged',
        message: 'the saved state lacks pages: 1048576 of 26214400 bytes of memory are not in it',
      },
    ]);
  });

  it('keeps the pages before what breaks the rules', async () => {
    const broken = Buffer.from(file);
    const records = lzfRecords(broken);
    broken[records[records.length >> 1]!] = 0x1f;
    const image = await openImage(new BufferSource(broken));
    assert.match(
      image.warnings[0]!.message,
      /no record of a unit at file offset 0x[0-9a-f]+: .* it is read up to there: /,
    );
    assert.ok(image.runs.byteLength > 0 && image.runs.byteLength < memory.byteLength);
  });

  it('refuses other versions, and streams, by name', async () => {
    const refusal = async (at: number, bytes: string): Promise<unknown> => {
      const other = Buffer.from(file);
      other.write(bytes, at, 'latin1');
      return openImage(new BufferSource(other)).catch((error: unknown) => error);
    };
    assert.match(String(await refusal(23, 'V1.2')), /its format is V1\.2; V2\.0 is read/);
    assert.match(
      String(await refusal(unitAt('pgm') + 24, '\x0a')),
      /its memory is saved in version 10; 11 to 14 are read/,
    );
    const stream = new StreamedMemory(new ByteStream('piped', null, Readable.from([file])));
    const pool = new BufferPool(new ArrayBuffer(1 << 20), 0, 1 << 18, 4);
    await assert.rejects(stream.stretches(pool).next(), {
      code: 'FORMAT_REFUSED',
      message: /VirtualBox saved state \(\.sav\): its pages cannot be told from a stream/,
    });
  });

  it('survives hostile headers, records and cuts', async () => {
    const pgm = unitAt('pgm');
    const cpum = unitAt('cpum');
    const bytes = (from: number, count: number): Field[] => Array.from({ length: count }, (_, at) => [from + at, 1]);
    const layout = pgm + 48 + 3 + 25 + 2 * 53;
    await survivesHostileFields(virtualBoxState, file, [
      [45, 1],
      [46, 1],
      [52, 4],
      [pgm, 8],
      [pgm + 16, 4],
      [pgm + 24, 4],
      [pgm + 32, 4],
      [pgm + 40, 4],
      [layout, 4],
      [layout + 4, 8],
      ...bytes(pgm + 48, 60),
      ...bytes(layout + 12, 70),
      ...bytes(lzfRecords(file)[3]!, 12),
      ...bytes(cpum + 40, 20),
    ]);
    await survivesCuts(virtualBoxState, file, [
      0x20,
      63,
      64,
      100,
      pgm + 20,
      pgm + 50,
      layout + 6,
      layout + 200,
      cpum,
      cpum + 60,
    ]);
  });
});

/** File offsets of the compressed records of the unit `pgm`. */
function lzfRecords(file: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = file.lastIndexOf('pgm\0') + 4; file[at] !== 0x91;) {
    const wide = file[at + 1]! >= 0xe0;
    const size = wide
      ? ((file[at + 1]! & 0xf) << 12) | ((file[at + 2]! & 0x3f) << 6) | (file[at + 3]! & 0x3f)
      : file[at + 1]!;
    if (file[at] === 0x93) offsets.push(at);
    at += size + (wide ? 4 : 2);
  }
  return offsets;
}
