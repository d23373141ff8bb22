import { hex, virtualAddress, type VirtualAddress } from '../../address.js';
import type { Kernel } from '../../kernel/root/root.js';
import type { KernelSymbols, KernelVariable } from '../../kernel/symbols/symbols.js';
import { describeMissing, isMapped } from '../../memory/paging/paging.js';
import { doubtsOf, fact, failed, held, unknown, type Fact, type FactName } from '../proof/proof.js';
import { describeProof, isSlotCount, judge } from '../table/hash-law.js';
import { layoutOfSize } from '../table/tracker-layout.js';
import { describeArray } from './candidate.js';
import { expansionBySymbols, type Variable } from './expansion/expansion-by-symbols.js';
import { notLocated, refuted, type Located } from './located.js';
import { isLawful } from './measure-table.js';
import { readTable } from './read-table.js';
import type { TableSet } from './table-set.js';
import { readTagTables, type TagTablesArray } from './tag-tables-array.js';

async function readVariable(kernel: Kernel, symbols: KernelSymbols, name: KernelVariable): Promise<Variable> {
  const rva = symbols.rva[name];
  if (rva === undefined) return { missing: `${symbols.source} has no ${name}` };
  const address = virtualAddress(kernel.image.base + BigInt(rva));
  const value = await kernel.memory.readPointer(address);
  if (value !== null) return { value };
  const translation = await kernel.memory.translate(address);
  return { missing: `${name}: ${isMapped(translation) ? 'its page is cut' : describeMissing(translation)}` };
}

const READ: readonly KernelVariable[] = [
  'PoolTrackTable',
  'ExPoolTagTables',
  'PoolTrackTableSize',
  'PoolTrackTableMask',
  'PoolTrackTableExpansion',
  'PoolTrackTableExpansionSize',
];

function prefetchVariables({ memory, image }: Kernel, symbols: KernelSymbols): Promise<void> {
  const places = READ.flatMap((name) => symbols.rva[name] ?? []);
  return memory.prefetch(
    places.map((rva) => ({ address: virtualAddress(image.base + BigInt(rva)), length: memory.pointerSize })),
  );
}

/** N from a variable: PoolTrackTableSize holds N + 1, PoolTrackTableMask N - 1. */
function slotsOf(variable: Variable, more: 1 | -1): number | null {
  if ('missing' in variable || variable.value > 0x100000n) return null;
  const slots = Number(variable.value) - more;
  return isSlotCount(slots) ? slots : null;
}

/** N, when the readable variables agree on it; else the reason. */
function agreedSlots(size: Variable, mask: Variable): { readonly slots: number; readonly fact: Fact } | string {
  const told = [
    'value' in size ? `PoolTrackTableSize is ${size.value}` : null,
    'value' in mask ? `PoolTrackTableMask is ${mask.value}` : null,
  ].filter((text) => text !== null);
  const detail = told.join(', ');
  const [bySize, byMask] = [slotsOf(size, 1), slotsOf(mask, -1)];
  if ('missing' in size && 'missing' in mask) return size.missing;
  const slots = bySize ?? byMask;
  if ('value' in size && bySize === null)
    return `PoolTrackTableSize is ${size.value}; expected 2^n + 1 from 65 to 65537`;
  if (slots === null) return `${detail}; expected 2^n - 1 from 63 to 65535`;
  if (('value' in size && bySize !== slots) || ('value' in mask && byMask !== slots))
    return `${detail}: they contradict each other; expected N + 1 and N - 1`;
  const isWhole = 'value' in size && 'value' in mask;
  return { slots, fact: (isWhole ? held : unknown)('size-mask', detail) };
}

/** Table 0, when the readable variables agree on it. */
function agreedTable(
  kernel: Kernel,
  pointer: Variable,
  first: Variable,
): { readonly address: VirtualAddress; readonly fact: Fact } | Located {
  const known = 'value' in pointer ? pointer.value : 'value' in first ? first.value : null;
  if (known === null) return notLocated('missing' in pointer ? pointer.missing : '');
  const address = virtualAddress(known);
  if (!kernel.memory.pageTable.isKernelAddress(address) || (address & 0xfffn) !== 0n)
    return refutedBy('identity', `PoolTrackTable is ${hex(address)}; expected a page-aligned kernel address`, address);
  if ('value' in pointer && 'value' in first && pointer.value !== first.value) {
    const found = `PoolTrackTable is ${hex(pointer.value)}, ExPoolTagTables[0] is ${hex(first.value)}`;
    return refutedBy('identity', `table 0 is not proved: ${found}; expected the same table`, address);
  }
  const absent = 'missing' in pointer ? pointer.missing : 'missing' in first ? first.missing : null;
  return {
    address,
    fact:
      absent === null
        ? held('identity', `PoolTrackTable and ExPoolTagTables[0] are ${hex(address)}`)
        : unknown('identity', absent),
  };
}

/** The named table fails this fact; `others` were checked before. */
function refutedBy(name: FactName, reason: string, address: VirtualAddress, others: readonly Fact[] = []): Located {
  return refuted(reason, address, [...others, failed(name, reason)]);
}

/**
 * Locates the tables by the kernel's own variables, at the addresses that symbols give. Contradictory variables, or a
 * table that fails the proof, are a veto: no table found elsewhere may take its place.
 */
export async function locateBySymbols(
  kernel: Kernel,
  symbols: KernelSymbols,
  processors: number | null,
): Promise<Located> {
  const layout = layoutOfSize(symbols.trackerEntrySize);
  if (layout === undefined)
    return notLocated(
      `${symbols.source} gives entries of ${symbols.trackerEntrySize} bytes, a layout that is not known`,
    );
  await prefetchVariables(kernel, symbols);
  const read = (name: KernelVariable): Promise<Variable> => readVariable(kernel, symbols, name);
  const table0 = agreedTable(kernel, await read('PoolTrackTable'), await read('ExPoolTagTables'));
  if ('isVeto' in table0) return table0;
  const size = agreedSlots(await read('PoolTrackTableSize'), await read('PoolTrackTableMask'));
  if (typeof size === 'string') return refutedBy('size-mask', size, table0.address, [table0.fact]);
  const { slots } = size;
  const first = await readTable(kernel.memory, table0.address, layout, slots + 1);
  const proof = judge(first.keys(), slots);
  if (!isLawful(first, slots)) {
    return refutedBy(
      'law',
      `the table at ${hex(table0.address)} that PoolTrackTable points to is not proved: ${describeProof(proof)}, ${first.pagesMissing} of ${first.pageCount} pages missing`,
      table0.address,
      [table0.fact, size.fact],
    );
  }
  const arrayRva = symbols.rva.ExPoolTagTables;
  const array =
    arrayRva === undefined
      ? null
      : await readTagTables(
          kernel.memory,
          virtualAddress(kernel.image.base + BigInt(arrayRva)),
          symbols.tagTablesCapacity,
          table0.address,
          first,
        );
  const expansion = await expansionBySymbols(
    kernel,
    { pointer: await read('PoolTrackTableExpansion'), size: await read('PoolTrackTableExpansionSize') },
    layout,
    first,
    slots,
  );
  const facts = [
    table0.fact,
    size.fact,
    fact('law', proof.lawful === proof.keys, describeProof(proof)),
    ...arrayFacts(array, processors),
  ];
  const tables: TableSet = {
    locatedBy: symbols.origin,
    layout,
    slots,
    proof,
    facts: [...facts, ...expansion.facts],
    doubts: [...doubtsOf(facts), ...expansion.doubts],
    expansion: expansion.expansion,
    tables: array?.tables ?? [{ processor: 0, address: table0.address }],
    unreadablePointers: array?.unreadable ?? 1,
  };
  return { tables, reason: '', rejected: array === null ? [] : strangersOf(array), isVeto: false };
}

function arrayFacts(array: TagTablesArray | null, processors: number | null): Fact[] {
  if (array === null) return [unknown('array-shape', 'where ExPoolTagTables lies is not known')];
  const count = `${array.tables.length} tables of ${processors ?? 'an unknown number of'} processors`;
  return [
    fact('array-shape', array.strangers.length === 0, describeArray(array)),
    processors === null
      ? unknown('processor-count', count)
      : fact('processor-count', array.tables.length === processors, count),
  ];
}

function strangersOf({ strangers }: TagTablesArray): Located['rejected'] {
  return strangers.map(({ index, pointer, reason }) => ({
    what: 'table',
    address: hex(pointer),
    from: `ExPoolTagTables[${index}]`,
    reason,
  }));
}
