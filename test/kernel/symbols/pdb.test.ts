import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { PoolTrackerError } from '../../../src/errors.js';
import { AddressMap } from '../../../src/kernel/symbols/pdb/address-map.js';
import { openSymbolFile } from '../../../src/kernel/symbols/symbol-file.js';
import { assertTotals, walkBuffer } from '../../support/expect/generated-scan.js';
import { generateMemory } from '../../support/generate/memory.js';
import { assertAsyncProperty } from '../../support/lanes/property.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { buildOfPdb, cabinetOf, NTKRNLMP, testPdb } from '../../support/symbols/test-pdb.js';
import { rawBuffer } from '../../support/write/raw.js';

describe('program databases', () => {
  const folder = temporaryFolder();

  function write(name: string, bytes: Buffer): string {
    const path = folder.path(name);
    writeFileSync(path, bytes);
    return path;
  }

  async function read(path: string) {
    const file = await openSymbolFile(path);
    try {
      return { identity: file.identity, symbols: await file.resolve() };
    } finally {
      await file.close();
    }
  }

  it('give publics by their sections, and structures with their bit fields: x64', async () => {
    const { identity, symbols } = await read(write('ntkrnlmp.pdb', testPdb('ntkrnlmp')));
    assert.deepEqual(identity, NTKRNLMP);
    assert.equal(symbols.trackerEntrySize, 56);
    assert.equal(symbols.tagTablesCapacity, 64);
    const { rva, structures } = symbols;
    assert.equal(rva.PoolTrackTable! - rva.ExPoolTagTables!, 64 * 8, 'kernel.c defines one behind the other');
    assert.deepEqual(structures.bigPagesEntry, {
      size: 24,
      Va: 0,
      Key: 8,
      PoolType: 12,
      'PoolType.bit': 8,
      'PoolType.bits': 12,
      NumberOfBytes: 16,
    });
    assert.deepEqual(structures.handleTableEntry, {
      size: 16,
      ObjectPointerBits: 0,
      'ObjectPointerBits.bit': 20,
      'ObjectPointerBits.bits': 44,
    });
    assert.deepEqual(structures.kprocess, { size: 304, DirectoryTableBase: 40 });
    assert.equal(structures.eprocess!['ImageFileName'], 384);
    assert.deepEqual(structures.objectType, { size: 48, Name: 16, Index: 40, TotalNumberOfObjects: 44 });
  });

  it('give names without their underscore, and pointers of four bytes: x86', async () => {
    const { symbols } = await read(write('ntkrpamp.pdb', testPdb('ntkrpamp')));
    assert.equal(symbols.trackerEntrySize, 28);
    assert.equal(symbols.tagTablesCapacity, 64);
    assert.ok(symbols.rva.PsActiveProcessHead! > 0x5000);
    assert.deepEqual(symbols.structures.bigPagesEntry!['size'], 16);
  });

  it('are read of ARM64 kernels, and whatever the file is called', async () => {
    const { symbols } = await read(write('anything', testPdb('ntkrla57')));
    assert.equal(symbols.trackerEntrySize, 56);
  });

  for (const [what, method, pack] of [
    ['stored', 0, (block: Buffer) => block],
    [
      'MSZIP, whose blocks refer to those before',
      1,
      (block: Buffer, dictionary: Buffer) =>
        Buffer.concat([Buffer.from('CK'), deflateRawSync(block, dictionary.length === 0 ? {} : { dictionary })]),
    ],
  ] as const)
    it(`are unpacked from cabinets: ${what}`, async () => {
      const { identity, symbols } = await read(write('ntkrnlmp.pd_', cabinetOf(testPdb('ntkrnlmp'), method, pack)));
      assert.deepEqual(identity, NTKRNLMP);
      assert.equal(symbols.trackerEntrySize, 56);
    });

  for (const [what, bytes, reason] of [
    [
      'LZX',
      cabinetOf(testPdb('ntkrnlmp'), 0x1503, (block) => block),
      /compressed by LZX, which is not read: unpack it/,
    ],
    ['a cut block', cabinetOf(testPdb('ntkrnlmp'), 0, (block) => block).subarray(0, 40_000), /it is cut/],
    ['another compression', cabinetOf(testPdb('ntkrnlmp'), 1, (block) => block), /does not begin with CK/],
  ] as const)
    it(`refuse a cabinet in one line: ${what}`, () =>
      assert.rejects(read(write('bad.pd_', bytes)), (error: PoolTrackerError) => {
        assert.equal(error.code, 'SYMBOL_FILE_DAMAGED');
        assert.match(error.message, reason);
        return true;
      }));

  it('locate the tables of the kernel that they are of', async () => {
    const path = write('located.pdb', testPdb('ntkrnlmp'));
    const { symbols } = await read(path);
    const generated = generateMemory({ build: buildOfPdb(symbols.rva as Record<string, number>), processors: 3 });
    const options = { symbols: path, locate: 'symbols', cache: false } as const;
    const decoded = await walkBuffer(rawBuffer(generated), options);
    assert.equal(decoded.tables.locatedBy, 'symbols');
    assertTotals(decoded.totals, generated.truth.merged, 56);
  });

  it('are refused in one line wherever they are cut', async () => {
    const bytes = testPdb('ntkrnlmp');
    for (let length = 33; length < bytes.length; length += 2048)
      await assert.rejects(read(write('cut.pdb', bytes.subarray(0, length))), { code: 'SYMBOL_FILE_DAMAGED' });
  });

  it('give an answer or one error, whatever bytes are changed', async () => {
    const bytes = testPdb('ntkrnlmp');
    const change = fc.tuple(fc.nat(bytes.length - 5), fc.nat(0xffffffff));
    await assertAsyncProperty(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 20 }), async (changes) => {
        const damaged = Buffer.from(bytes);
        for (const [at, value] of changes) damaged.writeUInt32LE(value, at);
        await read(write('hostile.pdb', damaged)).catch((error: unknown) => {
          assert.ok(error instanceof PoolTrackerError, String(error));
          assert.equal(error.code, 'SYMBOL_FILE_DAMAGED');
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe('the map of what was moved after linking', () => {
  const pairs = Buffer.alloc(24);
  for (const [index, value] of [0x1000, 0x5000, 0x2000, 0, 0x3000, 0x9000].entries())
    pairs.writeUInt32LE(value, index * 4);
  const map = new AddressMap(pairs);

  it('moves addresses with the range that they are in', () => {
    assert.equal(map.moved(0x1000), 0x5000);
    assert.equal(map.moved(0x1fff), 0x5fff);
    assert.equal(map.moved(0x3010), 0x9010);
  });

  it('has none for what was removed, or lies before all', () => {
    assert.equal(map.moved(0x2000), null);
    assert.equal(map.moved(0xfff), null);
  });
});
