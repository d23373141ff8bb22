import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { physicalAddress } from '../../src/address.js';
import { ewf } from '../../src/image/ewf/ewf.js';
import { segmentExtension } from '../../src/image/ewf/segments.js';
import { openImage } from '../../src/image/formats.js';
import { warningsOf } from '../../src/image/image.js';
import { PhysicalMemory } from '../../src/memory/physical-memory.js';
import { openSource } from '../../src/source/open-source.js';
import { readBytes } from '../../src/source/source.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { FailingSource } from '../support/sources/failing-source.js';
import { expectLost, expectMemory } from '../support/expect/memory.js';
import type { RamRange } from '../support/generate/sparse-memory.js';
import { type Field, survivesCuts, survivesHostileFields } from '../support/expect/hostile-fields.js';
import { hasProgram, run } from '../support/run/programs.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { ewfBuffers, withoutChecksums } from '../support/write/evidence/ewf.js';
import { rawBuffer } from '../support/write/raw.js';

describe('EWF (E01)', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  const media = rawBuffer(generated);
  const whole: readonly RamRange[] = [[0, memory.byteLength]];
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ewf-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function writeSegments(segments: readonly Buffer[]): Promise<string> {
    await Promise.all(
      segments.map((segment, index) => writeFile(join(folder, `memory.${segmentExtension(index + 1, 'E')}`), segment)),
    );
    return join(folder, 'memory.E01');
  }

  it('reads one segment and more than a hundred', async () => {
    for (const chunks of [10_000, 7]) {
      const image = await openImage(await openSource(await writeSegments(ewfBuffers(media, chunks))));
      assert.equal(image.format, 'ewf');
      assert.deepEqual(image.warnings, []);
      await expectMemory(image, memory, whole);
      await image.source.close();
    }
    assert.ok((await readdir(folder)).includes('memory.EAC'));
  });

  for (const compression of ['none', 'empty-block', 'fast', 'best']) {
    for (const format of ['encase6', 'ftk', 'encase2']) {
      it(`reads what ewfacquirestream writes: ${format}, compression ${compression}, several segments`, async function () {
        if (!hasProgram('ewfacquirestream', '-V')) return this.skip();
        run(
          'ewfacquirestream',
          ['-q', '-t', join(folder, 'real'), '-f', format, '-c', compression, '-S', '1500000'],
          media,
        );
        const image = await openImage(await openSource(join(folder, 'real.E01')));
        assert.deepEqual(image.warnings, []);
        await expectMemory(image, memory, whole);
        await image.source.close();
      });
    }
  }

  describe('whose bytes are not what they were', () => {
    const CHUNK = 0x8000;
    /** A chunk that holds something: a stream of zeros may be changed and mean the same. The writer compresses even ones. */
    const holding = (parity: number): number => {
      for (let chunk = parity; ; chunk += 2)
        if (media.subarray(chunk * CHUNK + 0x4000, chunk * CHUNK + 0x5000).some((byte) => byte !== 0)) return chunk;
    };
    const packed = holding(0);
    const stored = holding(1);
    const whole = ewfBuffers(media, 10_000)[0]!;
    const sectors = 13 + 76 + 1052;
    const tables = [whole.indexOf('table\0', sectors), whole.indexOf('table2', sectors)].map((at) => at + 76);
    /** Where a chunk's data begin. */
    const dataAt = (chunk: number): number =>
      Number(whole.readBigUInt64LE(tables[0]! + 8)) + (whole.readUInt32LE(tables[0]! + 24 + chunk * 4) & 0x7fff_ffff);
    const changedAt = (...places: readonly number[]): BufferSource => {
      const file = Buffer.from(whole);
      for (const at of places) file[at]! ^= 0x10;
      return new BufferSource(file, 'memory.E01');
    };

    for (const [what, chunk, at] of [
      ['a compressed chunk', packed, (): number => (dataAt(packed) + dataAt(packed + 1)) >> 1],
      ["a compressed chunk's own checksum", packed, (): number => dataAt(packed + 1) - 1],
      ['a stored chunk', stored, (): number => dataAt(stored) + 0x4321],
      ["a stored chunk's checksum", stored, (): number => dataAt(stored + 1) - 2],
    ] as const) {
      it(`lose the pages of ${what}, and no other`, async () => {
        const image = await openImage(changedAt(at()));
        await expectLost(image, memory, [[chunk * CHUNK, (chunk + 1) * CHUNK]]);
      });
    }

    it('take the copy of a table that is wrong', async () => {
      for (const at of [4, 20, 24, 100, 25 + 4 * (media.length / CHUNK)])
        await expectLost(await openImage(changedAt(tables[0]! + at)), memory, []);
    });

    describe('or cannot be read where a table stands', () => {
      const size = 24 + 4 * (media.length / CHUNK) + 4;
      const failing = (...bad: readonly (readonly [number, number])[]): FailingSource =>
        new FailingSource(whole, 'memory.E01', bad);
      const places = [
        [0, 24],
        [24, 28],
        [size - 4, size],
      ] as const;

      for (const [from, to] of places) {
        it(`take the copy of the table: bytes ${from} to ${to}`, async () => {
          for (const table of tables)
            await expectLost(await openImage(failing([table + from, table + to])), memory, []);
        });
      }

      it('take neither where the copy is wrong too, and try both again', async () => {
        const file = Buffer.from(whole);
        file[tables[1]! + 100]! ^= 0x10;
        const source = new FailingSource(file, 'memory.E01', [[tables[0]! + 24, tables[0]! + 28]]);
        const image = await openImage(source);
        const page = (at: number): Promise<{ whole: boolean }> =>
          new PhysicalMemory(image).read(physicalAddress(at), 0x1000);
        assert.equal((await page(0)).whole, false);
        assert.match(warningsOf(image)[0]!.message, /cannot read memory.E01$/);
        source.bad = [];
        assert.equal((await page(0x1000)).whole, true, 'what failed is not kept');
      });

      it('give up where the headers of both cannot be read', async () => {
        await assert.rejects(openImage(failing(...tables.map((at) => [at, at + 1] as const))), {
          code: 'SOURCE_UNREADABLE',
        });
      });
    });

    it('keep the verdict on a table: it is not read again for each chunk', async () => {
      const source = changedAt(tables[0]! + 100, tables[1]! + 100);
      const memoryOf = new PhysicalMemory(await openImage(source));
      await memoryOf.read(physicalAddress(0), 0x1000);
      const { reads } = source;
      for (let at = 0x1000; at < 0x100_0000 && at < media.length; at += CHUNK)
        await memoryOf.read(physicalAddress(at), 0x1000);
      assert.equal(source.reads, reads);
    });

    it('lose what a table lists when both copies are wrong', async () => {
      const image = await openImage(changedAt(tables[0]! + 100, tables[1]! + 100));
      const { bytes, whole: isWhole } = await new PhysicalMemory(image).read(physicalAddress(0), 0x1000);
      assert.ok(!isWhole && bytes.every((byte) => byte === 0));
      assert.match(warningsOf(image)[0]!.message, /the entries of the section 'table' at 0x.* do not match/);
    });

    it('are refused where they say how much there is', async () => {
      for (const [at, message] of [
        [13 + 76 + 500, /its section 'volume' does not match its checksum/],
        [13 + 30, /the descriptor of a section at 0xd does not match its checksum/],
      ] as const)
        await assert.rejects(openImage(changedAt(at)), { code: 'FORMAT_DAMAGED', message });
      await assert.rejects(openImage(changedAt(tables[0]!, tables[1]!)), {
        code: 'FORMAT_DAMAGED',
        message: /the header of the section 'table' at 0x.* does not match its checksum, nor does that of a copy/,
      });
    });

    it('are taken as they are where the writer kept no checksums', async () => {
      const file = withoutChecksums(whole);
      file.writeUInt32LE(0, dataAt(stored + 1) - 4);
      await expectLost(await openImage(new BufferSource(file)), memory, []);
    });

    it("lose a chunk of ewfacquirestream's, and read the rest", async function () {
      if (!hasProgram('ewfacquirestream', '-V')) return this.skip();
      for (const compression of ['none', 'fast']) {
        run('ewfacquirestream', ['-q', '-t', join(folder, compression), '-f', 'encase6', '-c', compression], media);
        const file = await readFile(join(folder, `${compression}.E01`));
        const table = file.indexOf('table\0') + 76;
        const entry = (chunk: number): number => file.readUInt32LE(table + 24 + chunk * 4) & 0x7fff_ffff;
        // In the middle of what is stored; of what is compressed, its own checksum.
        const within = compression === 'none' ? entry(stored) + 0x4321 : entry(stored + 1) - 1;
        const at = Number(file.readBigUInt64LE(table + 8)) + within;
        file[at]! ^= 0x10;
        await expectLost(await openImage(new BufferSource(file)), memory, [[stored * CHUNK, (stored + 1) * CHUNK]]);
      }
    });
  });

  describe('with sectors that could not be acquired', () => {
    // Unordered, within a page, over two pages, the same twice, and behind the medium's end.
    const sectors = media.length / 512;
    const errors = [
      [900, 1],
      [8 * 20 + 3, 2],
      [8 * 21 - 1, 2],
      [8 * 20 + 3, 4],
      [sectors - 1, 100],
      [sectors + 8, 1],
    ] as const;
    const page = (number: number): RamRange => [number * 0x1000, (number + 1) * 0x1000];
    const lost = [page(20), page(21), page(900 >> 3), page((sectors - 1) >> 3)];
    /** Zeros stand where nothing could be read, as an imager writes them. */
    const zeroed = Buffer.from(media);
    for (const [first, count] of errors) zeroed.subarray(first * 512, (first + count) * 512).fill(0);
    const error2 = (file: Buffer): number => file.lastIndexOf('error2') + 76;

    it('counts their pages as missing, and no other', async () => {
      for (const chunks of [10_000, 100]) {
        const image = await openImage(await openSource(await writeSegments(ewfBuffers(zeroed, chunks, errors))));
        await expectLost(image, memory, lost);
        const [told, ...others] = image.warnings;
        assert.deepEqual(others, []);
        assert.equal(told!.code, 'image-damaged');
        assert.match(told!.message, /^8 sectors could not be read .* first at 0x14600 .*: 4 pages count as missing$/);
        await image.source.close();
      }
    });

    it('doubts every page where the list of them is damaged', async () => {
      const whole = ewfBuffers(zeroed, 10_000, errors)[0]!;
      const entries = error2(whole) + 520;
      for (const [at, message] of [
        [0, /does not match its checksum/],
        [300, /does not match its checksum/],
        [520 + 5, /has entries that do not match their checksum/],
        [520 + 8 * errors.length, /has entries that do not match their checksum/],
      ] as const) {
        const file = Buffer.from(whole);
        file[error2(file) + at]! ^= 0x10;
        const { warnings, source, runs } = await openImage(new BufferSource(file));
        const told = warnings.filter(({ code }) => code === 'image-doubtful');
        assert.equal(told.length, 1);
        assert.match(told[0]!.message, message);
        // What a wrong list says is not believed: every page is there, in doubt.
        assert.equal((await readBytes(source, 0, runs.byteLength)).length, runs.byteLength);
      }
      const unreadable = new FailingSource(whole, 'memory.E01', [[entries, entries + 8]]);
      assert.ok((await openImage(unreadable)).warnings.some(({ code }) => code === 'image-doubtful'));
    });

    it('survives hostile lists of them', async () => {
      const checked = ewfBuffers(zeroed, 10_000, errors)[0]!;
      const fields: Field[] = [0, 520, 524, 528, 532].map((at) => [error2(checked) + at, 4] as const);
      await survivesHostileFields(ewf, withoutChecksums(checked), fields);
      await survivesHostileFields(ewf, checked, fields);
      await survivesCuts(
        ewf,
        checked,
        [0, 4, 516, 520, 530].map((at) => error2(checked) + at),
      );
    });
  });

  it('gives what is there when a segment is missing, and says which', async () => {
    const segments = ewfBuffers(media, 100);
    const image = await openImage(await openSource(await writeSegments(segments.slice(0, -1))));
    assert.deepEqual(
      image.warnings.map((warning) => warning.code),
      ['image-companion-missing', 'image-cut'],
    );
    assert.equal(image.runs.byteLength, (segments.length - 1) * 100 * 0x8000);
    await image.source.close();
  });

  it('asks for the first segment when it is given another', async () => {
    const second = new BufferSource(ewfBuffers(media, 100)[1]!, 'memory.E02');
    await assert.rejects(openImage(second), { code: 'FORMAT_REFUSED', message: /segment 2/ });
  });

  it('names segments as the format does', () => {
    assert.deepEqual(
      [1, 99, 100, 125, 126, 775, 776].map((number) => segmentExtension(number, 'E')),
      ['E01', 'E99', 'EAA', 'EAZ', 'EBA', 'EZZ', 'FAA'],
    );
    assert.equal(segmentExtension(100, 'e'), 'eaa');
  });

  it('survives hostile headers, cuts and sections in a circle', async () => {
    const checked = ewfBuffers(media, 10_000)[0]!;
    const file = withoutChecksums(checked);
    const volume = 13 + 76;
    const sectors = volume + 1052;
    const table = Number(file.readBigUInt64LE(sectors + 16)) + 76;
    const fields: Field[] = [
      [9, 2],
      [13 + 16, 8],
      [volume + 4, 4],
      [volume + 8, 4],
      [volume + 12, 4],
      [volume + 16, 8],
      [sectors + 16, 8],
      [table, 4],
      [table + 8, 8],
      [table + 24, 4],
      [table + 28, 4],
    ];
    await survivesHostileFields(ewf, file, fields);
    await survivesHostileFields(ewf, checked, fields);
    await survivesCuts(ewf, file, [13, 80, 89, 200, sectors, sectors + 80, table - 76, table, table + 30]);
    file.writeBigUInt64LE(13n, sectors + 16);
    await assert.rejects(ewf.open(new BufferSource(file)), { code: 'FORMAT_DAMAGED', message: /expected a later one/ });
  });
});
