import assert from 'node:assert/strict';
import { deflateRawSync, deflateSync } from 'node:zlib';
import { decodeRawDeflate, decodeZlib } from '../../src/codec/zlib.js';
import { decodeZstdFrame } from '../../src/codec/zstd/zstd.js';
import { hasProgram, run } from '../support/run/programs.js';
import { sampleMemory } from '../support/images/sample-memory.js';

const PAGE = 0x1000;

describe('zlib, deflate and zstd decoders', () => {
  const { memory, truth } = sampleMemory();
  const page = memory.read(truth.tables[0]!.pages[0]!, PAGE);

  it('give back a page', async () => {
    assert.ok((await decodeZlib(deflateSync(page), PAGE)).equals(page));
    assert.ok((await decodeRawDeflate(deflateRawSync(page), PAGE)).equals(page));
  });

  it('give back what the zstd program makes of a page, with its size announced and without', async function () {
    if (!hasProgram('zstd', '--version')) return this.skip();
    for (const level of ['-1', '-19']) {
      const streamed = run('zstd', [level, '-c', '-q'], page);
      assert.ok(Buffer.from(await decodeZstdFrame(streamed, PAGE)).equals(page));
      const sized = run('zstd', [level, '-c', '-q', `--stream-size=${PAGE}`], page);
      assert.ok(Buffer.from(await decodeZstdFrame(sized, PAGE)).equals(page));
    }
  });

  it('refuse more than belongs there, and noise', async () => {
    const bomb = deflateSync(Buffer.alloc(8 << 20));
    await assert.rejects(decodeZlib(bomb, PAGE), { code: 'FORMAT_DAMAGED', message: /zlib/ });
    await assert.rejects(decodeRawDeflate(deflateRawSync(Buffer.alloc(8 << 20)), PAGE), { code: 'FORMAT_DAMAGED' });
    await assert.rejects(decodeZlib(Buffer.from('no zlib'), PAGE), { code: 'FORMAT_DAMAGED' });
    const tebibyte = Buffer.concat([
      Buffer.from('28b52ffde0', 'hex'),
      Buffer.from('0000000000010000', 'hex'),
      Buffer.alloc(16),
    ]);
    await assert.rejects(decodeZstdFrame(tebibyte, PAGE), { code: 'FORMAT_DAMAGED', message: /1099511627776 bytes/ });
    await assert.rejects(decodeZstdFrame(Buffer.from('no zstd frame at all'), PAGE), {
      code: 'FORMAT_DAMAGED',
      message: /zstd: no frame begins there$/,
    });
  });

  it('never put out more than the limit of a zstd frame that does not announce its size', async () => {
    const block = Buffer.alloc(3);
    block.writeUIntLE((100_000 << 3) | (1 << 1) | 1, 0, 3);
    const frame = Buffer.concat([Buffer.from('28b52ffd0058', 'hex'), block, Buffer.of(0x41), Buffer.alloc(12)]);
    let length = 0;
    try {
      length = (await decodeZstdFrame(frame, PAGE)).length;
    } catch (error) {
      assert.equal((error as { code: string }).code, 'FORMAT_DAMAGED');
    }
    assert.ok(length <= PAGE);
  });
});
