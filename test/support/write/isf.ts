import { type KernelBuild, pointerSizeOf } from '../generate/kernel/kernel-builds.js';

const FIELD = (offset: number): object => ({ offset, type: { kind: 'base', name: 'unsigned long long' } });

/** A Volatility 3 symbol document of a build: its symbols, and the types that finding the tables needs. */
export function isfDocument(build: KernelBuild): object {
  const symbols = Object.fromEntries(Object.entries(build.rva).map(([name, address]) => [name, { address }]));
  const pointerSize = pointerSizeOf(build);
  const arrayEnd = (build.rva.ExPoolTagTables ?? 0) + build.tagTablesCapacity * pointerSize;
  return {
    base_types: { pointer: { endian: 'little', kind: 'int', signed: false, size: pointerSize } },
    enums: {},
    metadata: {
      format: '6.1.0',
      windows: { pdb: { GUID: build.guid, age: build.age, database: build.pdb, machine_type: 34404 } },
    },
    symbols: {
      ...symbols,
      AfterExPoolTagTables: { address: arrayEnd },
      Negative: { address: -5 },
      Text: { address: 'x' },
    },
    user_types: {
      _POOL_TRACKER_TABLE: { kind: 'struct', size: build.trackerEntry.size, fields: { Key: FIELD(0) } },
      _UNWANTED: { kind: 'struct', size: 8, fields: { Flink: FIELD(0) } },
    },
  };
}
