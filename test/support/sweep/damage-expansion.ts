import { PAGE } from '../generate/sparse-memory.js';
import { COUNTER_NAMES, counterBits, type Counters } from '../generate/tracker/tracker-layouts.js';
import { grownSize, tableBytes } from '../generate/tracker/tracker-table-writer.js';
import type { Damage, DamageKind, Scene } from './scene.js';

const BY_SYMBOLS = ['auto', 'symbols'];

/** The expansion table's first entries as they were when `share` of the counts had been made, in whole pages. */
function outgrown(scene: Scene, entries: number, share: number): Buffer {
  const { entrySize, tracker } = scene.truth;
  const bits = counterBits(entrySize);
  const part = BigInt(Math.floor(share * 1_000_000));
  const earlier = tracker.expansion.slice(0, entries).map((entry) => {
    const scaled: Counters = { ...entry.counters };
    for (const [index, name] of COUNTER_NAMES.entries()) {
      const value = name.endsWith('Bytes') ? BigInt.asIntN(bits[index]!, scaled[name]) : scaled[name];
      scaled[name] = (value * part) / 1_000_000n;
    }
    return { ...entry, counters: scaled };
  });
  const bytes = Buffer.alloc(Math.ceil((entries * entrySize) / PAGE) * PAGE);
  tableBytes(entrySize, Math.floor(bytes.length / entrySize), earlier).copy(bytes);
  return bytes;
}

/** The sizes that the table had before. */
function earlierSizes({ truth: { tracker, entrySize } }: Scene): number[] {
  const sizes: number[] = [];
  for (let size = grownSize(1, entrySize); size < tracker.expansion.length; size = grownSize(size + 1, entrySize))
    sizes.push(size);
  return sizes;
}

/** Leaves the outgrown copies, mapped or not. @returns addresses of those that are mapped */
function leaveCopies(scene: Scene): bigint[] {
  const sizes = earlierSizes(scene);
  return sizes.flatMap((size, index) => {
    const copy = outgrown(scene, size, (index + 1) / (sizes.length + 1));
    if (scene.random.oneIn(3)) {
      scene.plant(copy);
      return [];
    }
    return [scene.mapInPool(copy)];
  });
}

/** Writes words among the variables of the tables, where none is: their addresses differ from build to build. */
function strayWord(scene: Scene, value: bigint): void {
  const near = scene.variable('PoolTrackTableExpansion');
  if (near === null) return;
  const known = new Set(Object.values(scene.truth.variables));
  const array = scene.variable('ExPoolTagTables');
  for (let attempt = 0; attempt < 256; attempt++) {
    const at = near + BigInt(8 * (scene.random.below(128) - 64));
    if (array !== null && at >= array && at < array + BigInt(8 * scene.truth.build.tagTablesCapacity)) continue;
    if (known.has(at) || at >> 12n !== near >> 12n) continue;
    if (scene.generated.space.read(at, 8).readBigUInt64LE() !== 0n) continue;
    scene.generated.space.writeU64(at, value);
    return;
  }
}

function whereSpilled(scene: Scene, make: () => Damage): Damage | null {
  return earlierSizes(scene).length === 0 ? null : make();
}

/** Copies that the expansion table left when it grew, and what they are taken for. */
export const EXPANSION_DAMAGE: Readonly<Record<string, DamageKind>> = {
  'outgrown-expansion': (scene) =>
    whereSpilled(scene, () => {
      leaveCopies(scene);
      return { note: 'outgrown expansion tables in freed memory', lost: new Set(), exactBy: [...BY_SYMBOLS, 'kdbg'] };
    }),

  'outgrown-expansion-named': (scene) =>
    whereSpilled(scene, () => {
      for (const address of leaveCopies(scene)) strayWord(scene, address);
      return { note: 'outgrown expansion tables, which stray words name', lost: new Set(), exactBy: BY_SYMBOLS };
    }),

  'outgrown-expansion-sized': (scene) =>
    whereSpilled(scene, () => {
      for (const address of leaveCopies(scene)) strayWord(scene, address);
      for (const size of earlierSizes(scene)) strayWord(scene, BigInt(size));
      return {
        note: 'outgrown expansion tables, which stray words name and size',
        lost: new Set(),
        exactBy: BY_SYMBOLS,
      };
    }),

  'expansion-pointer-old': (scene) =>
    whereSpilled(scene, () => {
      const pointer = scene.variable('PoolTrackTableExpansion');
      const [address] = leaveCopies(scene).slice(-1);
      if (pointer === null || address === undefined) return { note: 'copies alone', lost: new Set() };
      scene.generated.space.writeU64(pointer, address);
      return { note: 'PoolTrackTableExpansion names an outgrown copy', lost: new Set() };
    }),

  'expansion-page-lost': (scene) =>
    whereSpilled(scene, () => {
      for (const address of leaveCopies(scene)) strayWord(scene, address);
      const { memory } = scene.generated;
      const page = scene.random.pick(scene.truth.expansion!.pages);
      memory.lost.add(page / PAGE);
      memory.pages.delete(page / PAGE);
      return { note: 'a page of the expansion table is lost, and outgrown copies are there', lost: new Set() };
    }),

  'expansion-page-zero': (scene) =>
    whereSpilled(scene, () => {
      for (const address of leaveCopies(scene)) strayWord(scene, address);
      const pages = scene.truth.expansion!.pages;
      scene.generated.memory.write(pages[0]!, Buffer.alloc(PAGE));
      return {
        note: 'the first page of the expansion table is zeroed, and outgrown copies are there',
        lost: new Set(),
      };
    }),
};
