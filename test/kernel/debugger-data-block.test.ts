import assert from 'node:assert/strict';
import fc from 'fast-check';
import { virtualAddress } from '../../src/address.js';
import { decodeWord } from '../../src/kernel/symbols/debugger-data-block.js';
import { encodeDebuggerBlock } from '../support/generate/kernel/kernel-debugger-block.js';
import { assertProperty } from '../support/lanes/property.js';

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe('an encoded debugger block', () => {
  it('decodes to what was encoded, whatever the keys are', () =>
    assertProperty(
      fc.property(u64, u64, u64, u64, (word, waitNever, waitAlways, flag) => {
        const plain = Buffer.alloc(8);
        plain.writeBigUInt64LE(word);
        const encoded = encodeDebuggerBlock(plain, { waitNever, waitAlways, dataBlockEncoded: flag });
        assert.equal(decodeWord(encoded.readBigUInt64LE(), waitNever, waitAlways, virtualAddress(flag)), word);
      }),
    ));
});
