import assert from 'node:assert/strict';
import { rootAddress } from '../src/address.js';

describe('addresses', () => {
  it('of page table roots are without the flags around them', () => {
    assert.equal(rootAddress(0x8000_0000_001a_d002n, 'x64'), 0x1ad000, 'no flush, PCID 2');
    assert.equal(rootAddress(0xffff_ffff_ffff_ffffn, 'x64'), 0x000f_ffff_ffff_f000);
    assert.equal(rootAddress(0x0018_5fe8n, 'x86'), 0x185fe0, 'PAE');
    assert.equal(rootAddress(0x0000_0001_0018_5000n, 'x86'), 0x185000);
    assert.equal(rootAddress(0x0042_0000_401a_1001n, 'arm64'), 0x401a1000, 'an address space identifier');
    assert.equal(rootAddress(0x8000_0000_0018_5fe8n, 'unknown'), 0x185fe0, 'what PAE may have');
  });
});
