import assert from 'node:assert/strict';
import { openImage } from '../../../src/image/formats.js';
import type { DecodedScan } from '../../../src/scan/scan-result.js';
import { CarveScan } from '../../../src/scan/carve-scan.js';
import { decodeScan, scanRequest } from '../../../src/scan/scan.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { generateMemory } from '../../support/generate/memory.js';
import { crashDumpBuffer } from '../../support/write/crash-dump/crash-dump.js';
import { rawBuffer } from '../../support/write/raw.js';

async function carve(bytes: Buffer): Promise<DecodedScan | null> {
  const image = await openImage(new BufferSource(bytes));
  const scan = new CarveScan(image, scanRequest(image.source.name, { threads: 0 }));
  return decodeScan(scan)
    .catch(() => null)
    .finally(() => scan.close());
}

describe('carving what is not whole', () => {
  const generated = generateMemory({ layout: 40, processors: 2, tagCount: 320, memoryBytes: 16 * 2 ** 20 });
  const truth = new Map(generated.truth.merged.map((entry) => [`${entry.place} ${entry.slot}`, entry]));

  for (const [name, whole] of [
    ['a crash dump, which says how many processors there are', crashDumpBuffer(generated)],
    ['raw memory', rawBuffer(generated)],
  ] as const) {
    it(`gives no wrong total as a complete one, wherever it is cut: ${name}`, async () => {
      let found = 0;
      for (let length = 64 * 1024 + 100; length < whole.length; length += 0x91000) {
        const decoded = await carve(whole.subarray(0, length));
        if (decoded === null) continue;
        found++;
        for (const total of decoded.totals.filter(({ complete }) => complete)) {
          const entry = truth.get(`${total.place} ${total.slot}`);
          assert.equal(total.key, entry?.key);
          assert.equal(total.counters[0], entry!.counters.nonPagedAllocs, `cut to ${length}`);
          assert.equal(BigInt.asUintN(64, total.counters[2]), entry!.counters.nonPagedBytes, `cut to ${length}`);
        }
      }
      assert.ok(found > 0, 'some cuts leave pages of a table');
    });
  }

  it("says that a processor's table was not seen", async () => {
    const lost = generateMemory({
      layout: 56,
      processors: 2,
      missingPages: Array.from({ length: 8 }, (_, page) => ({ processor: 1, page })),
    });
    const decoded = await carve(crashDumpBuffer(lost, { dumpType: 5 }));
    assert.equal(decoded?.outcome.status, 'incomplete');
    assert.ok(decoded.warnings.some(({ message }) => /the tables of 1 of 2 processors were seen/.test(message)));
    assert.ok(decoded.totals.every(({ complete }) => !complete));
  });
});
