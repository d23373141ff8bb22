import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeCodeView, isKernelPdb } from '../../src/kernel/pe.js';
import { rsdsRecord } from '../support/generate/kernel/kernel-image-writer.js';
import { assertProperty } from '../support/lanes/property.js';

describe('a CodeView record', () => {
  it('gives name, GUID and age', () => {
    const identity = { guid: '733830ECAFA1A3073FFA9CC3A38FE93C', age: 1, pdb: 'ntkrnlmp.pdb' };
    assert.deepEqual(decodeCodeView(rsdsRecord(identity)), { name: 'ntkrnlmp.pdb', guid: identity.guid, age: 1 });
  });
  it('is refused without its magic, its end, or a printable name', () => {
    const record = rsdsRecord({ guid: '733830ECAFA1A3073FFA9CC3A38FE93C', age: 1, pdb: 'ntkrnlmp.pdb' });
    assert.equal(decodeCodeView(Buffer.concat([Buffer.from('X'), record.subarray(1)])), null);
    assert.equal(decodeCodeView(record.subarray(0, 30)), null);
    const odd = Buffer.from(record);
    odd[25] = 7;
    assert.equal(decodeCodeView(odd), null);
  });
  it('never throws', () =>
    assertProperty(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        decodeCodeView(Buffer.concat([Buffer.from('RSDS'), bytes]));
        decodeCodeView(Buffer.from(bytes));
      }),
    ));
  it("knows the kernels' PDBs, in any case", () => {
    assert.ok(isKernelPdb('NTKRNLMP.PDB') && isKernelPdb('ntkrpamp.pdb'));
    assert.ok(!isKernelPdb('hal.pdb') && !isKernelPdb('ntkrnlmp.pdb.bak'));
  });
});
