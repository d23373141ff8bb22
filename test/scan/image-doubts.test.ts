import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { openScan } from '../../src/scan/open-scan.js';
import { decodeScan, type ScanOptions } from '../../src/scan/scan.js';
import type { DecodedScan } from '../../src/scan/scan-result.js';
import { generateMemory } from '../support/generate/memory.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { savevmBuffer } from '../support/write/savevm.js';
import { virtualBoxBuffer } from '../support/write/virtualbox.js';

describe('what a container says against all of its memory', () => {
  const folder = temporaryFolder();
  const generated = generateMemory({ seed: 7 });

  async function scanned(bytes: Buffer, options: ScanOptions = {}): Promise<DecodedScan> {
    const path = folder.path('image');
    writeFileSync(path, bytes);
    const scan = await openScan(path, { cache: false, ...options });
    try {
      return await decodeScan(scan);
    } finally {
      await scan.close();
    }
  }

  function expectDoubt({ doubts, outcome, totals, warnings }: DecodedScan, message: RegExp): void {
    const [doubt] = doubts.filter(({ code }) => code === 'image-doubtful');
    assert.match(doubt!.message, message);
    assert.equal(outcome.status, 'incomplete');
    assert.ok(totals.length > 0 && totals.every(({ complete }) => !complete));
    assert.equal(warnings.filter(({ code }) => code === 'image-doubtful').length, 1);
  }

  for (const method of ['walk', 'carve'] as const) {
    it(`a wrong checksum over all pages makes every count doubtful: ${method}`, async () => {
      const whole = virtualBoxBuffer(generated);
      const { doubts } = await scanned(whole, { method });
      assert.ok(doubts.every(({ code }) => code !== 'image-doubtful'));
      expectDoubt(await scanned(withWrongChecksum(whole), { method }), /checksum of the saved memory is wrong/);
    });
  }

  it('a state that ends before its last pass may have earlier versions of any page', async () => {
    const file = savevmBuffer(generated);
    expectDoubt(
      await scanned(file.subarray(0, file.lastIndexOf('pc.rom') - 20)),
      /of any page it may have an earlier version/,
    );
  });
});

/** The end record of the unit with memory stands before the next unit; its last twelve bytes are a CRC and a length. */
function withWrongChecksum(state: Buffer): Buffer {
  const next = state.indexOf('\nUnit\n', state.lastIndexOf('pgm\0'));
  assert.ok(next > 0);
  const changed = Buffer.from(state);
  changed[next - 12]! ^= 1;
  return changed;
}
