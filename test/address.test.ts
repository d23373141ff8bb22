import assert from 'node:assert/strict';
import { rootAddress } from '../src/address.js';

describe('addresses', () => {
  it('of page table roots are without the flags around them', () => {
    assert.equal(rootAddress(0x8000_0000_001a_d002n, 64), 0x1ad000, 'no flush, PCID 2');
    assert.equal(rootAddress(0xffff_ffff_ffff_ffffn, 64), 0x000f_ffff_ffff_f000);
    assert.equal(rootAddress(0x0018_5fe8n, 32), 0x185fe0, 'PAE');
    assert.equal(rootAddress(0x0000_0001_0018_5000n, 32), 0x185000);
  });
});
