import assert from 'node:assert/strict';
import { hpak } from '../../src/image/hpak.js';
import { openImage } from '../../src/image/formats.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { expectMemory } from '../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../support/expect/hostile-fields.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { hpakBuffer } from '../support/write/hpak.js';

const SECOND = 0x20 + 0xe0;

describe('HPAK', () => {
  const generated = sampleMemory();

  it('reads the section of physical memory', async () => {
    const image = await openImage(new BufferSource(hpakBuffer(generated)));
    assert.equal(image.format, 'hpak');
    await expectMemory(image, generated.memory, [[0, generated.memory.byteLength]]);
  });

  it('refuses a compressed section, which is one stream', async () => {
    await assert.rejects(openImage(new BufferSource(hpakBuffer(generated, true))), {
      code: 'FORMAT_REFUSED',
      message: /compressed stream/,
    });
  });

  it('survives hostile headers, cuts and a list of sections that leads in a circle', async () => {
    const file = hpakBuffer(generated);
    await survivesHostileFields(hpak, file, [
      [0x20 + 0xb0, 8],
      [SECOND, 8],
      [SECOND + 0x8c, 4],
      [SECOND + 0x98, 8],
      [SECOND + 0xa8, 8],
    ]);
    await survivesCuts(hpak, file, [4, 0x20, 0x100, 0x1df, 0x1e0]);
    file.writeBigUInt64LE(0x20n, 0x20 + 0xb0);
    await assert.rejects(hpak.open(new BufferSource(file)), { code: 'FORMAT_DAMAGED', message: /does not end/ });
  });
});
