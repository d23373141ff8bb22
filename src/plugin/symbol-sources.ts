import {
  type FieldOffsets,
  KERNEL_VARIABLES,
  type KernelSymbols,
  MAX_TAG_TABLES,
  STRUCTURE_NAMES,
  type SymbolSource,
} from '../kernel/symbols/symbols.js';
import { membersOf, textOf, wholeNumber } from './answers.js';
import { Calls } from './calls.js';

/** Addresses relative to the kernel's base have 32 bits; no structure that is read is larger than a page. */
const MAX_RVA = 0xffff_ffff;
const MAX_OFFSET = 0xffff;
const MAX_NOTE = 1000;

/** A plug-in's source of symbols as one of ours. Whether they are true is proved as that of any symbols is. */
export function ownSymbolSource(plugin: string, source: SymbolSource): SymbolSource {
  const { name } = source;
  const calls = new Calls(plugin);
  return {
    name,
    find: async (pdb, options, note) => {
      const what = `symbol source '${name}': find`;
      const tell = (line: string): void => note?.(`plug-in '${plugin}': ${String(line).slice(0, MAX_NOTE)}`);
      const found: unknown = await calls.ask(what, () => source.find({ ...pdb }, { ...options }, tell));
      return found === null ? null : symbolsOf(calls, what, found);
    },
  };
}

function symbolsOf(calls: Calls, what: string, found: unknown): KernelSymbols {
  const { source, version, trackerEntrySize, tagTablesCapacity, rva, structures } = membersOf(calls, what, found);
  const offsets = (name: string, given: unknown, names: readonly string[] | null, most: number): FieldOffsets =>
    Object.fromEntries(
      Object.entries(membersOf(calls, `${what}: ${name}`, given)).map(([key, value]) => {
        if (names !== null && !names.includes(key))
          throw calls.failed(what, `${name}: expected some of ${names.join(', ')}, found '${key}'`);
        return [key, wholeNumber(calls, what, `${name}.${key}`, value, most)];
      }),
    );
  const known = Object.entries(membersOf(calls, `${what}: structures`, structures)).map(([key, fields]) => {
    if (!STRUCTURE_NAMES.includes(key))
      throw calls.failed(what, `structures: expected some of ${STRUCTURE_NAMES.join(', ')}, found '${key}'`);
    return [key, offsets(`structures.${key}`, fields, null, MAX_OFFSET)] as const;
  });
  return {
    origin: 'symbols',
    source: textOf(calls, what, 'source', source),
    version: version === null ? null : textOf(calls, what, 'version', version),
    trackerEntrySize: wholeNumber(calls, what, 'trackerEntrySize', trackerEntrySize, MAX_OFFSET),
    tagTablesCapacity: wholeNumber(calls, what, 'tagTablesCapacity', tagTablesCapacity, MAX_TAG_TABLES),
    rva: offsets('rva', rva, KERNEL_VARIABLES, MAX_RVA),
    structures: Object.fromEntries(known),
  };
}
