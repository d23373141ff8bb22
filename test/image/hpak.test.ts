import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PoolTrackerError } from '../../src/errors.js';
import { hpak } from '../../src/image/hpak.js';
import { openImage } from '../../src/image/formats.js';
import { openScan } from '../../src/scan/open-scan.js';
import { decodeScan } from '../../src/scan/scan.js';
import type { DecodedScan } from '../../src/scan/scan-result.js';
import { detectWrapper, unwrap } from '../../src/source/wrapper/wrappers.js';
import { assertTotals } from '../support/expect/generated-scan.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { expectMemory } from '../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../support/expect/hostile-fields.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { hpakBuffer } from '../support/write/hpak.js';
import { rawBuffer } from '../support/write/raw.js';

const SECOND = 0x20 + 0xe0;

describe('HPAK', () => {
  const generated = sampleMemory();

  it('reads the section of physical memory', async () => {
    const image = await openImage(new BufferSource(hpakBuffer(generated)));
    assert.equal(image.format, 'hpak');
    await expectMemory(image, generated.memory, [[0, generated.memory.byteLength]]);
  });

  describe('with compressed memory', () => {
    const packed = hpakBuffer(generated, true);
    const memory = rawBuffer(generated);
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), 'pool-tracker-hpak-'))));
    after(() => rmSync(folder, { recursive: true }));

    async function unwrapped(bytes: Buffer): Promise<Buffer> {
      const pieces: Uint8Array[] = [];
      for await (const piece of unwrap(detectWrapper(bytes)!, new BufferSource(bytes), 'm.hpak')) pieces.push(piece);
      return Buffer.concat(pieces);
    }

    it('is damaged where the stream holds less than its section says', async () => {
      const short = Buffer.from(packed);
      const section = short.indexOf('HPAKSECTHPAK_SECTION_PHYSDUMP');
      short.writeBigUInt64LE(BigInt(memory.length + 4096), section + 0x98);
      await assert.rejects(unwrapped(short), { code: 'FORMAT_DAMAGED', message: /its section says/ });
    });

    it('is a gzip stream, up to the next section, whose checksum is verified', async () => {
      assert.ok((await unwrapped(packed)).equals(memory));
      assert.equal(await detectWrapper(packed)!.unwrappedSize!(new BufferSource(packed)), memory.length);
      const changed = Buffer.from(packed);
      changed[changed.length - 0x1000 - 8]! ^= 1;
      await assert.rejects(unwrapped(changed), { code: 'FORMAT_DAMAGED', message: /^m\.hpak is a damaged HPAK.* CRC/ });
      await assert.rejects(unwrapped(packed.subarray(0, packed.length - 0x1000 - 100)), { message: /it ends after/ });
      const none = Buffer.from(packed);
      none[SECOND + 0xe0] = 0;
      await assert.rejects(unwrapped(none), { message: /no gzip stream at 0x1e0/ });
    });

    it('is carved from the file and walked with a spool, and files without compression as ever', async () => {
      const path = join(folder, 'm.hpak');
      const scanned = async (bytes: Buffer, spool?: string): Promise<DecodedScan> => {
        writeFileSync(path, bytes);
        const scan = await openScan(path, { cache: false, ...(spool !== undefined && { spool }) });
        return decodeScan(scan).finally(() => scan.close());
      };
      const { merged, entrySize } = generated.truth;
      const carved = await scanned(packed);
      assert.equal(carved.tables.locatedBy, 'carve');
      assertTotals(
        carved.totals.map((total) => ({ ...total, complete: true })),
        merged,
        entrySize,
      );
      const walked = await scanned(packed, folder);
      assert.notEqual(walked.tables.locatedBy, 'carve');
      assertTotals(walked.totals, merged, entrySize);
      assert.equal((await scanned(hpakBuffer(generated))).container?.format, 'hpak');
    });

    it('is refused where only the container is opened', async () => {
      await assert.rejects(openImage(new BufferSource(packed)), {
        code: 'FORMAT_REFUSED',
        message: /compressed stream/,
      });
    });

    it('is read from a pipe, as memory without compression is', async () => {
      assert.ok((await unwrapped(hpakBuffer(generated))).equals(memory));
    });

    it('survives hostile headers', async () => {
      for (const [at, width] of [
        [0x20 + 0xb0, 8],
        [SECOND + 0x8c, 4],
        [SECOND + 0x98, 8],
        [SECOND + 0xa8, 8],
      ] as const) {
        for (const value of [0n, 1n, 0x20n, 2n ** 63n, 2n ** 64n - 1n]) {
          const bytes = Buffer.from(packed);
          bytes.writeBigUInt64LE(value, at);
          bytes.set(packed.subarray(at + width, at + 8), at + width);
          const error: unknown = await unwrapped(bytes).then(
            () => null,
            (thrown: unknown) => thrown,
          );
          if (error === null) continue;
          assert.ok(error instanceof PoolTrackerError, String(error));
          assert.equal(error.code, 'FORMAT_DAMAGED');
          assert.match(error.message, /^m\.hpak is a damaged HPAK file: [^\n]+$/);
        }
      }
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
