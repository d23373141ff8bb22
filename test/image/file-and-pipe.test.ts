import assert from 'node:assert/strict';
import { PAGE_SIZE } from '../../src/address.js';
import { type Answer, asFile, same, throughPipe } from '../support/expect/file-and-pipe.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { elf32Buffer } from '../support/write/elf/elf-32.js';
import { elfCoreBuffer } from '../support/write/elf/elf-core.js';
import { limeBuffer } from '../support/write/lime/lime.js';
import { xenCoreBuffer } from '../support/write/elf/xen-core.js';

async function sameDamage(bytes: Buffer, problem: RegExp): Promise<void> {
  const answer = await same(bytes);
  assert.ok('code' in answer);
  assert.equal(answer.code, 'FORMAT_DAMAGED');
  assert.match(answer.message, problem);
}

/** A LiME header alone. */
function limeHeader(first: bigint, last: bigint, version = 1): Buffer {
  const header = Buffer.alloc(32);
  header.writeUInt32LE(0x4c694d45, 0);
  header.writeUInt32LE(version, 4);
  header.writeBigUInt64LE(first, 8);
  header.writeBigUInt64LE(last, 16);
  return header;
}

describe('a container from a file and from a pipe', () => {
  const generated = sampleMemory();
  const written = generated.memory.writtenFrames().length;

  function requirePages(answer: Answer, warnings: readonly string[] = []): void {
    assert.ok('pages' in answer);
    assert.ok(answer.pages.size > written / 2 && answer.pages.size <= written, `${answer.pages.size} pages`);
    assert.deepEqual(
      answer.warnings.map(({ code }) => code),
      warnings,
    );
  }

  it('LiME has the same pages, and leaves out the same behind them', async () => {
    const file = limeBuffer(generated);
    requirePages(await same(file));
    for (const trailing of [1, 31, 32, 70_000])
      requirePages(await same(Buffer.concat([file, Buffer.alloc(trailing)])), ['image-trailing-bytes']);
  });

  it('LiME of another version is damaged, wherever the range is', async () => {
    const page = Buffer.alloc(PAGE_SIZE, 1);
    const version =
      /^the image is a damaged LiME file: the header of range \d at file offset 0x\d+ has version 2; expected 1$/;
    await sameDamage(Buffer.concat([limeHeader(0n, 0xfffn, 2), page]), version);
    await sameDamage(Buffer.concat([limeHeader(0n, 0xfffn), page, limeHeader(0x2000n, 0x2fffn, 2), page]), version);
  });

  it('LiME of ranges that cannot be is damaged', async () => {
    const page = Buffer.alloc(PAGE_SIZE, 1);
    const behind = (header: Buffer): Buffer => Buffer.concat([limeHeader(0n, 0xfffn), page, header, page]);
    await sameDamage(behind(limeHeader(0x3000n, 0x2fffn)), /range 2 ends at 0x2fff, before it starts at 0x3000$/);
    await sameDamage(behind(limeHeader(0n, 2n ** 63n)), /expected less than 2\^53$/);
    await sameDamage(
      behind(limeHeader(0n, 2n ** 52n)),
      /^the image \(LiME file\): a run of .* is beyond what memory can hold/,
    );
    await sameDamage(limeHeader(0n, 0xfffn).subarray(0, 20), /it does not begin with a range header$/);
    const empty = Buffer.concat(
      Array.from({ length: 16_385 }, (_, at) => Buffer.concat([limeHeader(BigInt(at), BigInt(at)), Buffer.alloc(1)])),
    );
    await sameDamage(empty, /it lists more than 16384 ranges$/);
  });

  it('ELF cores have the same pages: with physical addresses, with virtual ones alone, of 32 bits', async () => {
    requirePages(await same(elfCoreBuffer(generated)));
    requirePages(await same(elfCoreBuffer(generated, { addressIn: 'vaddr', notes: 'none' })));
    requirePages(await same(elf32Buffer(generated)));
    requirePages(await same(elf32Buffer(generated, { zeroTails: true })));
  });

  it('an ELF core of two segments has both, though both physical addresses are 0', async () => {
    const core = Buffer.alloc(0x3000);
    elfCoreBuffer(generated, { notes: 'none' }).copy(core, 0, 0, 64);
    core.writeUInt16LE(2, 0x38);
    for (const [index, address] of [0, 0x100000].entries()) {
      const at = 64 + 56 * index;
      core.writeUInt32LE(1, at);
      for (const [field, value] of [
        [8, 0x1000 * (index + 1)],
        [16, address],
        [32, 0x1000],
        [40, 0x1000],
      ] as const)
        core.writeBigUInt64LE(BigInt(value), at + field);
      core.fill(index + 1, 0x1000 * (index + 1), 0x1000 * (index + 2));
    }
    const answer = await same(core);
    assert.ok('pages' in answer);
    assert.deepEqual([...answer.pages.keys()], [0, 0x100000]);
  });

  it('an ELF core of 400 segments is read, though its table is longer than what formats are told by', async () => {
    const core = elfCoreBuffer(generated, { segmentBytes: 0xf000 });
    assert.ok(core.readUInt16LE(0x38) > 400);
    requirePages(await same(core));
  });

  it('an ELF core that is cut, or lists nothing, is so both ways', async () => {
    const core = elfCoreBuffer(generated);
    const [file, pipe] = [await asFile(core.subarray(0, -0x3800)), await throughPipe(core.subarray(0, -0x3800))];
    requirePages(file, ['image-cut']);
    requirePages(pipe, ['image-cut']);
    assert.ok('pages' in file && 'pages' in pipe);
    assert.deepEqual(pipe.pages, file.pages);
    const none = Buffer.from(core);
    none.writeUInt16LE(1, 0x38);
    await sameDamage(none, /^the image is a damaged ELF core: it lists no memory$/);
    const wrong = Buffer.from(core);
    wrong.writeUInt16LE(57, 0x36);
    await sameDamage(wrong, /its program header table has \d+ entries of 57 bytes/);
    const far = Buffer.from(core);
    far.writeBigUInt64LE(2n ** 51n, 64 + 56 + 24);
    far.writeBigUInt64LE(2n ** 52n, 64 + 56 + 32);
    far.writeBigUInt64LE(2n ** 52n, 64 + 56 + 40);
    await sameDamage(far, /^the image \(ELF core\): a run of .* is beyond what memory can hold/);
  });

  it('what a pipe cannot tell is refused: a count or a table at the end, segments within each other', async () => {
    const refused = async (bytes: Buffer, why: RegExp): Promise<void> => {
      const file = await asFile(bytes);
      assert.ok('pages' in file || file.code === 'FORMAT_DAMAGED', 'as a file it is read');
      const pipe = await throughPipe(bytes);
      assert.ok('code' in pipe);
      assert.equal(pipe.code, 'FORMAT_REFUSED');
      assert.match(pipe.message, why);
    };
    await refused(
      elf32Buffer(generated, { countInSection: true }),
      /^the image \(ELF core\) cannot be used: the number of its segments is told at its end$/,
    );
    const core = elfCoreBuffer(generated);
    const [, second] = [64 + 56, 64 + 2 * 56];
    const within = Buffer.from(core);
    within.writeBigUInt64LE(within.readBigUInt64LE(second + 8) - 0x1000n, second + 8);
    await refused(within, /its segment at file offset 0x[0-9a-f]+ begins within another one$/);
    const behind = Buffer.concat([core, core.subarray(64, 64 + 56 * core.readUInt16LE(0x38))]);
    behind.writeBigUInt64LE(BigInt(core.length), 0x20);
    await refused(behind, /its program header table ends \d+ bytes in; expected at most 16777216 from a stream$/);
    await refused(xenCoreBuffer(generated), /^the image: Xen core .*: its pages cannot be told from a stream$/);
  });
});
