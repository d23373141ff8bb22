import assert from 'node:assert/strict';
import { openImage } from '../../../src/image/formats.js';
import type { MemoryImage } from '../../../src/image/image.js';
import { readBytes } from '../../../src/source/source.js';
import { u32be, u64be } from '../../support/encode/bytes.js';
import { asFile, same, throughPipe } from '../../support/expect/file-and-pipe.js';
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
import { hasProgram, run } from '../../support/run/programs.js';
import { survivesCuts, survivesHostileFields } from '../../support/expect/hostile-fields.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { mappedSavevmBuffer, savevmBuffer, type SavevmOptions } from '../../support/write/savevm.js';

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

  it('doubts memory whose blocks have names that do not tell their order', async () => {
    const large = generateMemory({ memoryBytes: 64 * 2 ** 20 });
    const codes = async (nodes: readonly [string, string]): Promise<string[]> =>
      (await openImage(new BufferSource(savevmBuffer(large, { nodes })))).warnings.map(({ code }) => code);
    assert.deepEqual(await codes(['ram-node0', 'ram-node1']), ['memory-blocks']);
    for (const nodes of [
      ['mem1', 'mem2'],
      ['ram-node0', 'ram-node2'],
      ['ram-node0', 'ram-node00'],
      ['memory', 'mem'],
    ] as const)
      assert.ok((await codes(nodes)).includes('image-doubtful'), nodes.join());
  });

  it('counts memory that was plugged into the running machine as missing', async () => {
    const large = generateMemory({ memoryBytes: 64 * 2 ** 20 });
    const image = await openImage(new BufferSource(savevmBuffer(large, { nodes: ['ram-node0', 'dimm1'] })));
    assert.deepEqual(
      image.warnings.map(({ code }) => code),
      ['memory-blocks', 'image-damaged'],
    );
    await expectMemory(image, large.memory, [[0, large.memory.byteLength / 2]]);
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
      const mapped = mappedSavevmBuffer(generated, { base: 92 + xml.length });
      const sparse = await scanned(Buffer.concat([header('LibvirtQemudSave', 6), mapped]));
      assert.deepEqual(sparse.warnings, []);
      assertTotals(sparse.totals, merged, entrySize);
      const packed = await scanned(Buffer.concat([header('LibvirtQemudSave', 1), gzipSync(paused)]));
      assert.equal(packed.tables.locatedBy, 'carve');
      assertTotals(
        packed.totals.map((total) => ({ ...total, complete: true })),
        merged,
        entrySize,
      );
      if (hasProgram('lzop', '--version')) {
        const lzop = await scanned(Buffer.concat([header('LibvirtQemudSave', 4), run('lzop', ['-c', '-q'], paused)]));
        assert.deepEqual(lzop.totals, packed.totals);
      }
      await assert.rejects(scanned(Buffer.concat([header('LibvirtQemudPart', 0), paused])), {
        code: 'FORMAT_REFUSED',
        message: /libvirt save file.*not written to its end/,
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
      ['image-cut', 'image-doubtful'],
    );
    assert.ok(image.runs.byteLength > 0 && image.runs.byteLength < memory.byteLength);
    // Every page is there, and of the first one not the last version.
    const early = await openImage(new BufferSource(file.subarray(0, file.lastIndexOf('pc.rom') - 20)));
    assert.equal(early.runs.byteLength, memory.byteLength);
    assert.match(early.warnings[0]!.message, /cut short: 0 of .*, and of others there may be an earlier version only$/);
  });

  it('undoes changes of pages, and counts those to unknown versions as missing', async () => {
    const last = memory.read(0, 0x1000);
    // The version before is 0xaa all over, and then the page itself: all of it is sent as changes.
    const all = Buffer.concat([Buffer.of(0, 0x80, 0x20), last]);
    const some = Buffer.concat([
      Buffer.of(0, 1),
      last.subarray(0, 1),
      Buffer.of(0x82, 0x01, 2),
      last.subarray(131, 133),
    ]);
    const open = (changes: readonly Buffer[], options: SavevmOptions = {}): Promise<MemoryImage> =>
      openImage(new BufferSource(savevmBuffer(generated, { changes, ...options })));
    const wrong = Buffer.concat([Buffer.of(0x10, 3), Buffer.from('xyz')]);
    for (const changes of [[all.subarray(0, 4090)], [wrong, all.subarray(0, 1), some]]) {
      const image = await open(changes);
      await assert.rejects(readBytes(image.source, 0, 0x1000), {
        code: 'FORMAT_DAMAGED',
        message: /the memory at 0x0 of its contents cannot be decompressed: .* damaged/,
      });
    }
    const halves = [0, 0x800].map((at) =>
      Buffer.concat([
        at === 0 ? Buffer.of(0, 0x80, 0x10) : Buffer.of(0x80, 0x10, 0x80, 0x10),
        last.subarray(at, at + 0x800),
      ]),
    );
    const image = await open([wrong, ...halves, some]);
    assert.deepEqual(image.warnings, []);
    await expectMemory(image, memory, [[0, memory.byteLength]]);
    const lost = await open([some], { hasNoBase: true });
    assert.deepEqual(lost.warnings, [
      {
        code: 'image-damaged',
        message:
          'the saved state holds changes (XBZRLE) of 1 pages without what was changed: these pages count as missing',
      },
    ]);
    await expectMemory(lost, memory, [[0x1000, memory.byteLength]]);
    const many = await open(Array.from({ length: 1025 }, () => some));
    assert.deepEqual(many.warnings, lost.warnings);
    const pipe = await throughPipe(savevmBuffer(generated, { changes: [some], isPaused: true }));
    assert.ok('code' in pipe);
    assert.match(pipe.message, /it holds pages twice/);
  });

  it('unpacks compressed pages, as a file and through a pipe', async () => {
    const packed = savevmBuffer(generated, { isPacked: true, isPaused: true });
    await expectMemory(await openImage(new BufferSource(packed)), memory, [[0, memory.byteLength]]);
    const answer = await same(packed);
    assert.ok('pages' in answer && answer.pages.size > memory.writtenFrames().length / 2);
    const at = packed.indexOf(Buffer.of(0x78, 0x9c)) + 20;
    packed.fill(0xff, at, at + 40);
    const image = await openImage(new BufferSource(packed));
    await assert.rejects(readBytes(image.source, 0, memory.byteLength), { code: 'FORMAT_DAMAGED', message: /zlib/ });
    const [file, pipe] = [await asFile(packed), await throughPipe(packed)];
    assert.ok('pages' in file && 'pages' in pipe);
    assert.deepEqual(pipe.pages, file.pages);
    assert.match(pipe.warnings[0]!.message, /^1 pages of the saved state do not unpack: they count as missing$/);
  });

  it('ends with the first device where a snapshot was taken in the background', async () => {
    const answer = await same(savevmBuffer(generated, { hasNoLast: true, isPaused: true }));
    assert.ok('pages' in answer);
    assert.deepEqual(answer.warnings, []);
  });

  it('reads what lies in a volume that is longer than it', async () => {
    const state = savevmBuffer(generated, { isPaused: true });
    for (const behind of [Buffer.alloc(0x10000), state])
      assert.deepEqual(await same(Buffer.concat([state, behind])), await same(state));
  });

  it('refuses what it cannot undo, by name', async () => {
    const refused = async (bytes: Buffer, message: RegExp): Promise<void> => {
      const answer = await same(bytes);
      assert.ok('code' in answer, 'it is refused');
      assert.equal(answer.code, 'FORMAT_REFUSED');
      assert.match(answer.message, message);
    };
    const changed = (at: number, bytes: Buffer): Buffer =>
      Buffer.concat([file.subarray(0, at), bytes, file.subarray(at + bytes.length)]);
    const record = file.indexOf(Buffer.from('pc.ram'), file.indexOf(Buffer.from('pc.rom'))) - 9;
    await refused(changed(record, u64be(0x200)), /flags 0x200: its pages went through other channels \(multifd\)/);
    await refused(changed(record, u64be(0x80)), /flags 0x80: its pages went by RDMA/);
    await refused(changed(record, u64be(0x800)), /flags 0x800, which are not known$/);
    const ram = file.indexOf('\x03ram') - 5;
    for (const type of [1, 4]) {
      const device = Buffer.concat([Buffer.of(type), Buffer.alloc(4), Buffer.from('\x0evirtio-mem-dev')]);
      await refused(
        Buffer.concat([file.subarray(0, ram), device, file.subarray(ram)]),
        /the section 'virtio-mem-dev' stands before the end of memory, and where it ends is not known$/,
      );
    }
    const bits = file.indexOf('target-page-bits');
    await refused(changed(bits, Buffer.from('target-page-bats')), /a subsection 'configuration\/target-page-bats'/);
    await refused(changed(bits + 20, u32be(14)), /its pages have 2\^14 bytes/);
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
