import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { openSymbolFile } from '../../../src/kernel/symbols/symbol-file.js';
import { assertTotals, walkBuffer } from '../../support/expect/generated-scan.js';
import { generateMemory } from '../../support/generate/memory.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { rawBuffer } from '../../support/write/raw.js';

describe('Rekall profiles', () => {
  const folder = temporaryFolder();
  const generated = generateMemory({ build: 'unknown', layout: 56, processors: 2 });
  const { build } = generated.truth;
  const profile = {
    $METADATA: {
      Type: 'Profile',
      ProfileClass: 'Nt',
      PDBFile: 'ntkrnlmp.pdb',
      GUID_AGE: `${build.guid}${build.age.toString(16)}`,
    },
    $CONSTANTS: { ...build.rva, Ignored: -1, AfterTables: build.rva['ExPoolTagTables']! + build.tagTablesCapacity * 8 },
    $STRUCTS: {
      _LIST_ENTRY: [16, {}],
      _POOL_TRACKER_TABLE: [56, { Key: [0, ['long']] }],
      _POOL_TRACKER_BIG_PAGES: [
        24,
        {
          Va: [0, ['unsigned long long']],
          Key: [8, ['unsigned long']],
          PoolType: [12, ['BitField', { start_bit: 8, end_bit: 20, target: 'unsigned long' }]],
          NumberOfBytes: [16, ['unsigned long long']],
        },
      ],
    },
  };

  function write(name: string, content: object): string {
    const path = folder.path(name);
    writeFileSync(path, name.endsWith('.gz') ? gzipSync(JSON.stringify(content)) : JSON.stringify(content));
    return path;
  }

  it('locate the tables of their kernel, plain and gzipped', async () => {
    for (const name of ['profile.json', `${build.guid}1.gz`]) {
      const options = { symbols: write(name, profile), locate: 'symbols', cache: false } as const;
      const decoded = await walkBuffer(rawBuffer(generated), options);
      assert.equal(decoded.tables.locatedBy, 'symbols');
      assertTotals(decoded.totals, generated.truth.merged, 56);
    }
  });

  it('give bit fields, and the distance to the next constant', async () => {
    const file = await openSymbolFile(write('fields.json', profile));
    assert.deepEqual(file.identity, { name: 'ntkrnlmp.pdb', guid: build.guid, age: build.age });
    const { structures, tagTablesCapacity } = await file.resolve();
    assert.deepEqual(structures.bigPagesEntry, {
      size: 24,
      Va: 0,
      Key: 8,
      PoolType: 12,
      'PoolType.bit': 8,
      'PoolType.bits': 12,
      NumberOfBytes: 16,
    });
    assert.equal(tagTablesCapacity, build.tagTablesCapacity);
  });

  it('are refused in one line where they lack what is needed', async () => {
    for (const [content, why] of [
      [{ ...profile, $CONSTANTS: {} }, /has no symbol PoolTrackTable/],
      [{ ...profile, $STRUCTS: { _POOL_TRACKER_TABLE: 'x' } }, /has no type _POOL_TRACKER_TABLE/],
    ] as const) {
      const file = await openSymbolFile(write('bad.json', content));
      await assert.rejects(file.resolve(), (error: Error & { code: string }) => {
        assert.equal(error.code, 'SYMBOL_FILE_DAMAGED');
        assert.match(error.message, why);
        return true;
      });
    }
  });
});
