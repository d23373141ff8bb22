import { PAGE } from '../generate/sparse-memory.js';
import type { Damage, DamageKind, Scene } from './scene.js';

/** Tags that must tell: fewer torn ones any running machine shows. */
const TELLING = 4;

function overwrite(scene: Scene, processor: number | null, least: number): Damage | null {
  const page = processor === null ? null : scene.busyPage(processor, least);
  if (processor === null || page === null) return null;
  scene.put(processor, page, scene.random.bytes(PAGE));
  return { note: `page ${page} of processor ${processor}'s table holds random bytes`, lost: scene.slotsOf(page) };
}

function zero(scene: Scene, processor: number | null, least: number): Damage | null {
  const page = processor === null ? null : scene.busyPage(processor, least);
  if (processor === null || page === null) return null;
  scene.put(processor, page, Buffer.alloc(PAGE));
  return { note: `page ${page} of processor ${processor}'s table is zero`, lost: scene.slotsOf(page) };
}

/** Damage to pages of the tables: reused, unread, or of another moment than the rest. */
export const PAGE_DAMAGE: Readonly<Record<string, DamageKind>> = {
  'random-page': (scene) => overwrite(scene, scene.random.below(scene.processors), 8),
  'random-page-other': (scene) => overwrite(scene, scene.otherProcessor(), 6),
  'zero-page': (scene) => zero(scene, scene.otherProcessor(), 10),
  'zero-page-first': (scene) => zero(scene, 0, 6),

  'older-page': (scene) => {
    const before = scene.negative();
    for (let processor = 0; processor < scene.processors; processor++) {
      const page = scene.busyPage(processor, 12);
      if (page === null) continue;
      const kept = Buffer.from(scene.table(processor).subarray(page * PAGE, (page + 1) * PAGE));
      const old = scene.earlier(processor, 0.5 + 0.3 * (scene.random.below(100) / 100), processor === 0 ? 0 : 0.1);
      const part = Buffer.alloc(PAGE);
      old.copy(part, 0, page * PAGE, (page + 1) * PAGE);
      scene.put(processor, page, part);
      const told = [...scene.negative()].filter((key) => !before.has(key)).length;
      if (told >= TELLING)
        return {
          note: `page ${page} of processor ${processor} is older: ${told} tags tell`,
          lost: scene.slotsOf(page),
        };
      scene.put(processor, page, kept);
    }
    return null;
  },

  'older-page-quiet': (scene) => {
    const processor = scene.random.below(scene.processors);
    const page = scene.busyPage(processor, 6);
    if (page === null) return null;
    const part = Buffer.alloc(PAGE);
    scene.earlier(processor, 0.999, 0).copy(part, 0, page * PAGE, (page + 1) * PAGE);
    scene.put(processor, page, part);
    return { note: `page ${page} of processor ${processor}'s table is a moment older`, lost: new Set(), asIs: true };
  },

  'last-table-zero': (scene) => {
    if (scene.processors < 2) return null;
    const last = scene.processors - 1;
    for (let page = 0; page < scene.pagesPerTable; page++) scene.put(last, page, Buffer.alloc(PAGE));
    return { note: `the whole table of processor ${last} is zero`, lost: 'all' };
  },

  'swapped-pages': (scene) => {
    const processor = scene.random.below(scene.processors);
    const [one, two] = [scene.busyPage(processor, 4), scene.busyPage(processor, 4)];
    if (one === null || two === null || one === two) return null;
    const bytes = Buffer.from(scene.table(processor));
    scene.put(processor, one, bytes.subarray(two * PAGE, (two + 1) * PAGE));
    scene.put(processor, two, bytes.subarray(one * PAGE, (one + 1) * PAGE));
    return {
      note: `pages ${one} and ${two} of processor ${processor}'s table changed places`,
      lost: new Set([...scene.slotsOf(one), ...scene.slotsOf(two)]),
    };
  },
};
