import { deflateRawSync, gzipSync } from 'node:zlib';
import { PoolTrackerError } from '../../../../src/errors.js';
import { decodePeHeader, decodeCodeView } from '../../../../src/kernel/pe.js';
import { decodeBlock, encodedBlocks } from '../../../../src/kernel/symbols/encoded-block.js';
import { guarded, PdbFile } from '../../../../src/kernel/symbols/pdb/pdb.js';
import { openSymbolFile } from '../../../../src/kernel/symbols/symbol-file.js';
import { parseSymbolPath } from '../../../../src/kernel/symbols/store/symbol-path.js';
import { realBuild } from '../../generate/kernel/kernel-builds.js';
import { generateMemory } from '../../generate/memory.js';
import { cabinetOf, testPdb } from '../../symbols/test-pdb.js';
import { isfDocument } from '../../write/isf.js';
import { atPath } from '../case-file.js';
import type { FuzzTarget } from '../fuzz-target.js';

const mszip = (block: Buffer): Buffer => Buffer.concat([Buffer.from('CK'), deflateRawSync(block)]);

const PROFILE = {
  $METADATA: { Type: 'Profile', PDBFile: 'ntkrnlmp.pdb', GUID_AGE: 'ABCDEF0123456789ABCDEF01234567891' },
  $CONSTANTS: { PoolTrackTable: 4096, PoolTrackTableSize: 4104, Ignored: -1 },
  $STRUCTS: {
    _LIST_ENTRY: [16, {}],
    _POOL_TRACKER_TABLE: [56, { Key: [0, ['long']] }],
    _POOL_TRACKER_BIG_PAGES: [24, { PoolType: [12, ['BitField', { start_bit: 8, end_bit: 20 }]] }],
  },
};

const EXPORTED = {
  pool_tracker_symbols: { version: 1 },
  pdb: { name: 'ntkrnlmp.pdb', guid: 'ABCDEF0123456789ABCDEF0123456789', age: 1 },
  kernel: { version: '10.0.19041.1', tag_tables_capacity: 1280 },
  variables: { PoolTrackTable: 4096, PoolTrackTableSize: 4104 },
  structures: { _POOL_TRACKER_TABLE: { size: 56, Key: 0 } },
};

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));

async function open(path: string): Promise<void> {
  const file = await openSymbolFile(path);
  try {
    await file.resolve();
  } finally {
    await file.close();
  }
}

const RSDS = Buffer.concat([Buffer.from('RSDS'), Buffer.alloc(20, 1), Buffer.from('ntkrnlmp.pdb\0')]);

/** The page of a generated kernel that begins with its headers, and those around its debugger block. */
function kernelPages(): readonly Buffer[] {
  const { truth, space } = generateMemory({ seed: 5, tableSlots: 64, tagCount: 30, kdbg: 'encoded' });
  const block = space.read(truth.kdbg!.address, 0x400);
  return [space.read(truth.kernelBase, 0x1000), Buffer.concat([Buffer.alloc(64), block], 0x1000), RSDS];
}

/** Symbol files of every kind, and what is looked at in a kernel image to find the right one. */
export const SYMBOL_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'pdb',
    seeds: () => (['ntkrnlmp', 'ntkrpamp', 'ntkrla57'] as const).map((name) => testPdb(name)),
    async run(source) {
      const damaged = (why: string): PoolTrackerError => new PoolTrackerError('SYMBOL_FILE_DAMAGED', why);
      const pdb = await PdbFile.open(source, damaged);
      await guarded(damaged, () => pdb.publics());
      await guarded(damaged, () => pdb.structures({ _EPROCESS: ['UniqueProcessId', 'Token'] }));
    },
  },
  {
    name: 'cabinet',
    // Large claims are allowed here: a kernel's PDB has many MB.
    mostAtOnce: 256 << 20,
    seeds: () => [
      cabinetOf(testPdb('ntkrnlmp').subarray(0, 0x9000), 0, (block) => block),
      cabinetOf(testPdb('ntkrnlmp').subarray(0, 0x9000), 1, mszip),
    ],
    run: (source) => open(atPath(source.bytes, 'kernel.pd_')),
  },
  {
    name: 'symbol-document',
    seeds: () => [json(isfDocument(realBuild(40))), json(isfDocument(realBuild(56))), json(PROFILE), json(EXPORTED)],
    run: (source) => open(atPath(source.bytes, 'symbols.json')),
  },
  {
    name: 'packed-symbol-document',
    seeds: () => [gzipSync(json(isfDocument(realBuild(40)))), gzipSync(json(PROFILE))],
    run: (source) => open(atPath(source.bytes, 'symbols.json.gz')),
  },
  {
    name: 'kernel-image',
    seeds: kernelPages,
    run({ bytes }) {
      decodePeHeader(bytes.subarray(0, 0x1000));
      decodeCodeView(bytes.subarray(0, 0x200));
      const base = 0xfffff80000000000n;
      for (const { at, turn } of encodedBlocks(bytes, base, 8)) decodeBlock(bytes.subarray(at), turn, base);
      return Promise.resolve();
    },
  },
  {
    name: 'symbol-path',
    seeds: () => [
      Buffer.from('srv*C:\\near*https://server/symbols;cache*/folder;/folder;symsrv*symsrv.dll**https://x/y'),
    ],
    run: ({ bytes }) => Promise.resolve(void parseSymbolPath(bytes.toString('utf8'))),
  },
];
