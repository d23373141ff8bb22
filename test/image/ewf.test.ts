import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ewf } from '../../src/image/ewf/ewf.js';
import { segmentExtension } from '../../src/image/ewf/segments.js';
import { openImage } from '../../src/image/formats.js';
import { openSource } from '../../src/source/open-source.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { expectMemory } from '../support/expect/memory.js';
import type { RamRange } from '../support/generate/sparse-memory.js';
import { survivesCuts, survivesHostileFields } from '../support/expect/hostile-fields.js';
import { hasProgram, run } from '../support/run/programs.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { ewfBuffers } from '../support/write/ewf.js';
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
    const file = ewfBuffers(media, 10_000)[0]!;
    const volume = 13 + 76;
    const sectors = volume + 1052;
    const table = Number(file.readBigUInt64LE(sectors + 16)) + 76;
    await survivesHostileFields(ewf, file, [
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
    ]);
    await survivesCuts(ewf, file, [13, 80, 89, 200, sectors, sectors + 80, table - 76, table, table + 30]);
    file.writeBigUInt64LE(13n, sectors + 16);
    await assert.rejects(ewf.open(new BufferSource(file)), { code: 'FORMAT_DAMAGED', message: /expected a later one/ });
  });
});
