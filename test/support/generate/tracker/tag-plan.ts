import type { Random } from '../random.js';
import type { Counters, EntrySize } from './tracker-layouts.js';
import { OVERFLOW_KEY, type TagPlan } from './tracker-table-writer.js';

/** Tags that every kernel has from its start. */
const SEEDED = [
  'IoM ',
  'Irp ',
  'MdlP',
  'Pool',
  'ObjT',
  'File',
  'CMVa',
  'Key ',
  'Proc',
  'Thre',
  'Toke',
  'Even',
  'Ntff',
  'TcpE',
  'Vad ',
  'VadS',
  'MmSt',
  'CcSc',
  'Cont',
  'Driv',
  'Devi',
  'SeAt',
  'ObNm',
  'AlPr',
  'Sema',
  'Muta',
  'FMfn',
  'WfpC',
  'CM10',
  'CM31',
  'PsJb',
  'EtwR',
];

/** The tags that the kernel enters before all others, in its order (`ExpSeedHotTags`). */
const KERNEL_SEEDS: readonly number[] = (
  'Io  |Hal |MdlP|PooL|ObSt|Irp |NDdb|IrpL|IoOp|Mdl |File|CMVa|SeSd|NtFC|Pool|TCPr|CMNb|SeTd|NtFs|TCPT|TCPC|Key |ObSq|IoNm|' +
  'IoEa|TCPc|NtFa|Ntf0|Sect|IrpS|Toke|Se  |ObCl|CcSc|NtFL|SeAc|FSfm|CcWk|FSim|AfdC|AfdE|FSro|Ntfn|UIRP|NpFr|NpFR|SePa|SeUs|' +
  'AcpF|AcpM|SeSc|ObNm|NpFs|SeLu|ScPD|Even|Rqrv|Vadl|Pp  |VadS|Vad |VadL|VadF|Mmdi'
)
  .split('|')
  .map(tagKey);

/** Keys whose bytes trouble programs that print or quote them. */
export const ODD_TAGS: readonly { readonly key: number; readonly what: string }[] = [
  { key: tagKey('Ab"c'), what: 'a quotation mark' },
  { key: tagKey("a',\\"), what: 'an apostrophe, a comma, a backslash' },
  { key: tagKey('a\r\nb'), what: 'a line break' },
  { key: tagKey('x\0\0y'), what: 'zero bytes inside' },
  { key: tagKey('\xff\xfe\xfd\x7c'), what: 'bytes over 0x7F' },
  { key: (tagKey('Prot') | 0x80000000) >>> 0, what: 'bit 31: protected' },
  { key: 0xffffffff, what: 'every bit set' },
  { key: 1, what: 'one byte, then zeros' },
  { key: tagKey('=1+2'), what: 'what a spreadsheet takes for a formula' },
];

/** The key of four Latin-1 characters, lowest address first. */
export function tagKey(name: string): number {
  return Buffer.from(name.padEnd(4), 'latin1').readUInt32LE();
}

/**
 * `count` tags with plausible counts: the seeded ones, the odd ones, then random names. Memory is freed on another
 * processor than it was allocated on, so single shares go below zero; some totals wrap, some are smeared.
 */
export function generateTags(
  random: Random,
  count: number,
  processors: number,
  entrySize: EntrySize,
  seeded = false,
): TagPlan[] {
  const keys = new Set<number>(seeded ? KERNEL_SEEDS : []);
  for (const name of SEEDED) keys.add(tagKey(name));
  for (const odd of ODD_TAGS) keys.add(odd.key);
  while (keys.size < count) {
    const key = tagKey(
      Array.from({ length: random.oneIn(8) ? 3 : 4 }, () => random.pick([...NAME_CHARACTERS])).join(''),
    );
    if (key !== OVERFLOW_KEY) keys.add(key);
  }
  return [...keys]
    .slice(0, count)
    .map((key, order) => ({ key, perProcessor: shares(random, processors, entrySize, order) }));
}

const NAME_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function shares(random: Random, processors: number, entrySize: EntrySize, order: number): (Partial<Counters> | null)[] {
  const list: Partial<Counters>[] = Array.from({ length: processors }, () => ({}));
  const touched = new Set<number>([0]);
  for (const pool of random.pick([['nonPaged'], ['paged'], ['nonPaged', 'paged']] as const)) {
    const size = BigInt(16 * (1 + random.below(64)));
    // Every 23rd tag: the allocations have just passed 2^32, the frees not yet. Every 29th: far beyond 2^53.
    // Every 31st was read while it changed: one free more than there were allocations.
    const wraps = order % 23 === 7;
    const smeared = order % 31 === 13;
    const base = wraps ? 1n << 32n : order % 29 === 11 && entrySize >= 56 ? 1n << 60n : 0n;
    const allocs = base + BigInt(wraps ? random.below(20) : random.below(1 << random.below(22)) + 1);
    const inUse = BigInt(
      smeared ? -1 : wraps ? 30 + random.below(1000) : random.below(Math.min(Number(allocs & 0xfffffn), 4000) + 1),
    );
    const from = list[random.below(processors)] ?? {};
    const to = list[random.below(processors)] ?? {};
    touched.add(list.indexOf(from)).add(list.indexOf(to));
    from[`${pool}Allocs`] = (from[`${pool}Allocs`] ?? 0n) + allocs;
    from[`${pool}Bytes`] = (from[`${pool}Bytes`] ?? 0n) + allocs * size;
    to[`${pool}Frees`] = (to[`${pool}Frees`] ?? 0n) + allocs - inUse;
    to[`${pool}Bytes`] = (to[`${pool}Bytes`] ?? 0n) - (allocs - inUse) * size;
  }
  return list.map((share, processor) => (touched.has(processor) ? share : null));
}
