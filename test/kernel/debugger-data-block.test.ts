import assert from 'node:assert/strict';
import fc from 'fast-check';
import { virtualAddress } from '../../src/address.js';
import { findDebuggerDataBlock } from '../../src/kernel/symbols/symbols.js';
import { decodeBlock, encodedBlocks } from '../../src/kernel/symbols/encoded-block.js';
import { debuggerBlock, encodeDebuggerBlock } from '../support/generate/kernel/kernel-debugger-block.js';
import { generateMemory } from '../support/generate/memory.js';
import { Random } from '../support/generate/random.js';
import { openWalk } from '../support/expect/generated-scan.js';
import { assertProperty } from '../support/lanes/property.js';
import { rawBuffer } from '../support/write/raw.js';

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const pages = fc.bigInt({ min: 0n, max: 2n ** 24n });

/** A block of this kernel, with addresses of variables at some distances from its base. */
function plainBlock(kernelBase: bigint, size: number): Buffer {
  return debuggerBlock({
    size,
    kernelBase,
    listHead: kernelBase + 0xc493b0n,
    psLoadedModuleList: kernelBase + 0xc2a2b0n,
    psActiveProcessHead: kernelBase + 0xc1df60n,
    pspCidTable: kernelBase + 0xcfc5d0n,
    poolTrackTable: kernelBase + 0xc19180n,
    ntBuildLab: kernelBase + 0x1a40n,
  });
}

describe('an encoded debugger block', () => {
  it('is found and decoded without its keys, whatever these are', () =>
    assertProperty(
      fc.property(
        u64,
        u64,
        u64,
        pages,
        fc.integer({ min: 0, max: 500 }),
        fc.constantFrom(0x340, 0x360, 0x388),
        (waitNever, waitAlways, dataBlockEncoded, page, before, size) => {
          const kernelBase = 0xfffff80000000000n + page * 0x1000n;
          const plain = plainBlock(kernelBase, size);
          const data = new Random(page === 0n ? 1 : Number(page)).bytes(8 * before + size + 0x200);
          encodeDebuggerBlock(plain, { waitNever, waitAlways, dataBlockEncoded }).copy(data, 8 * before);
          const found = [...encodedBlocks(data, virtualAddress(kernelBase), 8)].map(({ at, size: claimed, turn }) => ({
            at,
            claimed,
            plain: decodeBlock(data.subarray(at, at + size), turn, virtualAddress(kernelBase)),
          }));
          assert.deepEqual(found, [{ at: 8 * before, claimed: size, plain }]);
        },
      ),
    ));

  it('is not seen in other bytes, nor where it is of another kernel', () =>
    assertProperty(
      fc.property(u64, u64, fc.integer({ min: 1, max: 2 ** 30 }), (waitNever, waitAlways, seed) => {
        const kernelBase = 0xfffff80123400000n;
        const data = new Random(seed).bytes(0x4000);
        const keys = { waitNever, waitAlways, dataBlockEncoded: kernelBase + 0x1000n };
        encodeDebuggerBlock(plainBlock(kernelBase, 0x360), keys).copy(data, 0x1000);
        assert.deepEqual([...encodedBlocks(data, virtualAddress(kernelBase + 0x200000n), 8)], []);
      }),
    ));
});

describe('the debugger block of a kernel that nobody has symbols of', () => {
  for (const kdbg of ['plain', 'encoded'] as const)
    it(`names its variables: ${kdbg}`, async () => {
      const generated = generateMemory({ build: 'unknown', kdbg });
      const { kernel } = await openWalk(rawBuffer(generated), { locate: 'structure' });
      const block = await findDebuggerDataBlock(kernel.memory, kernel.image, null);
      assert.ok(typeof block !== 'string', String(block));
      const { variables } = generated.truth;
      assert.deepEqual(
        [block.encoded, block.address, block.psActiveProcessHead, block.pspCidTable, block.poolTrackTable],
        [
          kdbg === 'encoded',
          generated.truth.kdbg!.address,
          variables['PsActiveProcessHead'],
          variables['PspCidTable'],
          variables['PoolTrackTable'],
        ],
      );
    });

  it('is told to be missing, not looked for elsewhere', async () => {
    const { kernel } = await openWalk(rawBuffer(generateMemory({ build: 'unknown', kdbg: 'absent' })));
    assert.equal(
      await findDebuggerDataBlock(kernel.memory, kernel.image, null),
      'no kernel debugger block, plain or encoded, names this kernel',
    );
  });
});
