import assert from 'node:assert/strict';
import { openImage } from '../../../src/image/formats.js';
import { qemuSavevm } from '../../../src/image/qemu/savevm.js';
import { PartSource } from '../../../src/source/reading/part-source.js';
import { u32be, u64be } from '../../support/encode/bytes.js';
import { asFile, same, throughPipe } from '../../support/expect/file-and-pipe.js';
import { survivesCuts, survivesHostileFields } from '../../support/expect/hostile-fields.js';
import { expectMemory } from '../../support/expect/memory.js';
import { generateMemory } from '../../support/generate/memory.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { mappedSavevmBuffer } from '../../support/write/savevm.js';

describe('QEMU saved states with mapped-ram', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  const file = mappedSavevmBuffer(generated);
  /** Behind the name and the size of the first block: version, page size, and where the bitmap and the pages lie. */
  const header = file.indexOf('pc.ram') + 6 + 8;
  const [bitmapAt, pagesAt] = [header + 28, 0x100000];

  it('are read from the places of their pages; what the bitmap leaves out is zeros', async () => {
    assert.equal(Number(file.readBigUInt64BE(header + 20)), pagesAt);
    const image = await openImage(new BufferSource(file));
    assert.equal(image.format, 'qemu-savevm');
    assert.deepEqual(image.warnings, []);
    await expectMemory(image, memory, [[0, memory.byteLength]]);
    const answer = await same(file);
    assert.ok('pages' in answer && answer.pages.size > memory.writtenFrames().length / 2);
  });

  it('are read out of a file in which they begin behind something else', async () => {
    const base = 4321;
    const whole = Buffer.concat([Buffer.alloc(base, 1), mappedSavevmBuffer(generated, { base })]);
    const image = await openImage(new PartSource(new BufferSource(whole), base, whole.length - base));
    await expectMemory(image, memory, [[0, memory.byteLength]]);
    assert.deepEqual(await same(whole.subarray(base)), await same(file));
  });

  it('are read of nodes by their names as a file; from a pipe it cannot be known how many there are', async () => {
    const named = generateMemory({ memoryBytes: 32 * 2 ** 20 });
    const bytes = mappedSavevmBuffer(named, { name: 'ram-node0' });
    const image = await openImage(new BufferSource(bytes));
    await expectMemory(image, named.memory, [[0, named.memory.byteLength]]);
    assert.match(image.warnings[0]!.message, /ram-node0 are taken for it/);
    const pipe = await throughPipe(bytes);
    assert.ok('code' in pipe);
    assert.equal(pipe.code, 'FORMAT_REFUSED');
    assert.match(pipe.message, /memory has the name of a node, ram-node0/);
  });

  it('that were not written to their end have no memory, and not zeros in its place', async () => {
    const unfinished = mappedSavevmBuffer(generated, { isUnfinished: true });
    await assert.rejects(openImage(new BufferSource(unfinished)), {
      code: 'FORMAT_DAMAGED',
      message: /it ends before its first page of memory$/,
    });
    const pipe = await throughPipe(unfinished);
    assert.ok('pages' in pipe);
    assert.equal(pipe.pages.size, 0);
    assert.deepEqual(
      pipe.warnings.map(({ code }) => code),
      ['image-cut'],
    );
  });

  it('that are cut have what is left of them', async () => {
    const cut = file.subarray(0, pagesAt + 0x500800);
    const [read, piped] = [await asFile(cut), await throughPipe(cut)];
    assert.ok('pages' in read && 'pages' in piped);
    assert.equal(read.pages.size > 0 && read.warnings[0]!.code, 'image-cut');
    assert.equal(piped.warnings.at(-1)!.code, 'image-cut');
    for (const [address, hash] of read.pages) assert.equal(piped.pages.get(address), hash);
    for (const address of read.pages.keys()) assert.ok(Number(address) < 0x500000);
  });

  it('are refused where memory was left out, or the form is another', async () => {
    const refused = async (bytes: Buffer, message: RegExp): Promise<void> => {
      const answer = await same(bytes);
      assert.ok('code' in answer);
      assert.equal(answer.code, 'FORMAT_REFUSED');
      assert.match(answer.message, message);
    };
    await refused(mappedSavevmBuffer(generated, { isShared: true }), /pc\.ram is shared with other programs/);
    const changed = (at: number, bytes: Buffer): Buffer =>
      Buffer.concat([file.subarray(0, at), bytes, file.subarray(at + bytes.length)]);
    await refused(changed(header, u32be(2)), /'pc\.ram' is mapped in version 2, with pages of 4096 bytes/);
    await refused(changed(header + 4, u64be(0x10000)), /mapped in version 1, with pages of 65536 bytes/);
    const answer = await same(changed(header + 12, u64be(bitmapAt + 8)));
    assert.ok('code' in answer, 'what lies elsewhere than its header says is no memory');
  });

  it('survive hostile headers and cuts', async () => {
    const fields = [
      [header - 8, 8],
      [header, 4],
      [header + 4, 8],
      [header + 12, 8],
      [header + 20, 8],
      [bitmapAt, 8],
    ] as const;
    await survivesHostileFields(qemuSavevm, file, fields, true);
    await survivesCuts(qemuSavevm, file, [header, header + 20, bitmapAt, bitmapAt + 9, pagesAt, pagesAt + 1]);
  });
});
