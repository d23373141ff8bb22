import { PAGE } from '../generate/sparse-memory.js';
import type { Damage, DamageKind, Scene } from './scene.js';

/** Slots of which a part lies where the file does not reach. */
function beyond(scene: Scene, keeps: (address: number) => boolean): Damage['lost'] {
  const { tables, expansion } = scene.truth;
  if (expansion !== null && !expansion.pages.every(keeps)) return 'all';
  const lost = new Set<number>();
  for (const { pages } of tables)
    for (const [index, address] of pages.entries()) {
      if (keeps(address)) continue;
      for (const slot of scene.slotsOf(index)) lost.add(slot);
    }
  return lost;
}

function part(scene: Scene, from: number, to: number, note: string): Damage {
  return { note, lost: beyond(scene, (address) => address >= from && address < to), file: { from, to } };
}

/** Damage to the file: pages that a capture lacks, a copy that ended early, one part of a split. */
export const FILE_DAMAGE: Readonly<Record<string, DamageKind>> = {
  'lost-page': (scene) => {
    const processor = scene.random.below(scene.processors);
    const page = scene.busyPage(processor, 4);
    if (page === null) return null;
    const frame = scene.page(processor, page) / PAGE;
    scene.generated.memory.lost.add(frame);
    scene.generated.memory.pages.delete(frame);
    return { note: `page ${page} of processor ${processor}'s table is not in the dump`, lost: scene.slotsOf(page) };
  },

  cut: (scene) => {
    const pages = scene.truth.tables.flatMap(({ pages: all }) => all.slice(0, -1)).sort((a, b) => a - b);
    if (pages.length < 6) return null;
    const end = pages[(pages.length >> 1) + scene.random.below(pages.length >> 1)]!;
    return part(scene, 0, end, `cut at 0x${end.toString(16)}, between the tables' pages`);
  },

  'part-first': (scene) => {
    const third = Math.floor(scene.generated.memory.byteLength / 3 / PAGE) * PAGE;
    return part(scene, 0, third, 'the first of three parts alone');
  },

  'part-later': (scene) => {
    const size = scene.generated.memory.byteLength;
    const third = Math.floor(size / 3 / PAGE) * PAGE;
    return scene.random.oneIn(2)
      ? part(scene, third, 2 * third, 'the second of three parts alone')
      : part(scene, 2 * third, size, 'the last of three parts alone');
  },
};
