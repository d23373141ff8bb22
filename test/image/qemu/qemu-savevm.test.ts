import assert from 'node:assert/strict';
import { openImage } from '../../../src/image/formats.js';
import { qemuSavevm } from '../../../src/image/qemu/savevm.js';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openScan } from '../../../src/scan/open-scan.js';
import { decodeScan } from '../../../src/scan/scan.js';
import type { DecodedScan } from '../../../src/scan/scan-result.js';
import { assertTotals } from '../../support/expect/generated-scan.js';
import { generateMemory } from '../../support/generate/memory.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { expectMemory } from '../../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../../support/expect/hostile-fields.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { savevmBuffer } from '../../support/write/savevm.js';

describe('QEMU saved states', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  const file = savevmBuffer(generated);

  it('reads pages, pages of one byte, and the last of those that were sent twice', async () => {
    const image = await openImage(new BufferSource(file));
    assert.equal(image.format, 'qemu-savevm');
    assert.deepEqual(image.warnings, []);
    await expectMemory(image, memory, [[0, memory.byteLength]]);
  });

  it('reads memory that has the names of its nodes, and says so', async () => {
    for (const nodes of [
      ['ram-node0', 'ram-node1'],
      ['/objects/mem0', '/objects/mem1'],
    ] as const) {
      const large = generateMemory({ memoryBytes: 64 * 2 ** 20 });
      const image = await openImage(new BufferSource(savevmBuffer(large, { nodes })));
      await expectMemory(image, large.memory, [[0, large.memory.byteLength]]);
      assert.match(image.warnings[0]!.message, new RegExp(`${nodes.join(', ')} are taken for it, in this order$`));
    }
  });

  it('passes over commands that stand between sections', async () => {
    const at = file.indexOf('\x03ram') - 5;
    const command = Buffer.from([8, 0, 11, 0, 4, 1, 2, 3, 4]);
    const image = await openImage(new BufferSource(Buffer.concat([file.subarray(0, at), command, file.subarray(at)])));
    await expectMemory(image, memory, [[0, memory.byteLength]]);
  });

  it('is read out of what libvirt writes around it', async () => {
    const paused = savevmBuffer(generated, { isPaused: true });
    const xml = Buffer.from("<domain type='kvm'/>\0");
    const header = (magic: string, compressed: number): Buffer => {
      const bytes = Buffer.alloc(92);
      bytes.write(magic, 'latin1');
      [2, xml.length, 1, compressed].forEach((value, index) => bytes.writeUInt32LE(value, 16 + index * 4));
      return Buffer.concat([bytes, xml]);
    };
    const folder = mkdtempSync(join(tmpdir(), 'pool-tracker-libvirt-'));
    try {
      const path = join(folder, 'web01.save');
      const scanned = async (bytes: Buffer): Promise<DecodedScan> => {
        writeFileSync(path, bytes);
        const scan = await openScan(path, { cache: false });
        return decodeScan(scan).finally(() => scan.close());
      };
      const { merged, entrySize } = generated.truth;
      const plain = await scanned(Buffer.concat([header('LibvirtQemudSave', 0), paused]));
      assert.equal(plain.container?.format, 'qemu-savevm');
      assertTotals(plain.totals, merged, entrySize);
      const packed = await scanned(Buffer.concat([header('LibvirtQemudSave', 1), gzipSync(paused)]));
      assert.equal(packed.tables.locatedBy, 'carve');
      assertTotals(
        packed.totals.map((total) => ({ ...total, complete: true })),
        merged,
        entrySize,
      );
      await assert.rejects(scanned(Buffer.concat([header('LibvirtQemudPart', 0), paused])), {
        code: 'FORMAT_REFUSED',
        message: /libvirt save file.*not written to its end/,
      });
      await assert.rejects(scanned(Buffer.concat([header('LibvirtQemudSave', 4), paused])), {
        code: 'FORMAT_REFUSED',
        message: /compressed by lzop/,
      });
      // A machine that runs on sends pages again: a stream cannot tell which are the last.
      await assert.rejects(scanned(Buffer.concat([header('LibvirtQemudSave', 1), gzipSync(file)])), {
        code: 'FORMAT_REFUSED',
        message: /it holds pages twice/,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('gives what a cut file still has', async () => {
    const image = await openImage(new BufferSource(file.subarray(0, Math.floor(file.length / 2))));
    assert.deepEqual(
      image.warnings.map((warning) => warning.code),
      ['image-cut'],
    );
    assert.ok(image.runs.byteLength > 0 && image.runs.byteLength < memory.byteLength);
  });

  it('refuses what it cannot undo', async () => {
    const xbzrle = Buffer.from(file);
    const pageRecord = xbzrle.indexOf(Buffer.from('pc.ram'), xbzrle.indexOf('pc.rom')) - 9;
    xbzrle.writeBigUInt64BE(0x40n, pageRecord);
    await assert.rejects(openImage(new BufferSource(xbzrle)), { code: 'FORMAT_REFUSED', message: /flags 0x40/ });
  });

  it('survives hostile headers and cuts', async () => {
    const ram = file.indexOf('\x03ram');
    const sizes = ram + 12;
    await survivesHostileFields(
      qemuSavevm,
      file,
      [
        [4, 4],
        [8, 1],
        [9, 4],
        [26, 1],
        [ram - 5, 1],
        [ram, 1],
        [sizes, 8],
        [sizes + 8, 1],
        [sizes + 15, 8],
        [sizes + 23, 1],
        [sizes + 30, 8],
        [sizes + 38, 8],
        [sizes + 46, 1],
        [sizes + 51, 1],
        [sizes + 56, 8],
      ],
      true,
    );
    await survivesCuts(qemuSavevm, file, [8, 12, 30, ram, sizes, sizes + 20, sizes + 60, sizes + 100]);
  });
});
