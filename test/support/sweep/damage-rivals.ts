import { generateMemory } from '../generate/memory.js';
import { lowStub } from '../generate/kernel/low-stub.js';
import { PAGE } from '../generate/sparse-memory.js';
import type { Damage, DamageKind, Scene } from './scene.js';

const BY_WALKING = ['auto', 'symbols', 'kdbg'];

function olderSet(scene: Scene, share: number, forget: number, note: string): Damage {
  for (let processor = 0; processor < scene.processors; processor++)
    scene.plant(scene.earlier(processor, share, processor === 0 ? forget / 2 : forget));
  return { note, lost: new Set(), exactBy: BY_WALKING };
}

/** What an earlier boot left, wherever this one wrote nothing: its page tables, kernel and pool tables. */
function earlierBoot(scene: Scene): void {
  const { memory } = scene.generated;
  const seed = scene.random.below(2 ** 31);
  const earlier = generateMemory({
    seed,
    layout: scene.random.pick([40, 56, 80]),
    tableSlots: scene.random.pick([512, 1024]),
    seeded: true,
    tagCount: 150 + scene.random.below(250),
    processors: 1 + scene.random.below(4),
    ramRanges: memory.ranges,
    systemTime: new Date(scene.truth.systemTime.getTime() - 3_600_000 * (1 + scene.random.below(200))),
  });
  for (const [frame, bytes] of earlier.memory.pages) if (!memory.pages.has(frame)) memory.write(frame * PAGE, bytes);
}

/** Rivals of the true tables: nothing is damaged, but older states and other systems lie in the memory as well. */
export const RIVAL_DAMAGE: Readonly<Record<string, DamageKind>> = {
  none: () => ({ note: 'nothing', lost: new Set(), exactBy: BY_WALKING }),

  'older-set': (scene) => olderSet(scene, 0.7, 0.05, 'a whole older set of all tables in free memory'),
  'older-set-nearly-new': (scene) => olderSet(scene, 0.98, 0, 'a whole set of all tables, 2 % older, in free memory'),

  snapshots: (scene) => {
    for (const share of [0.9, 0.97, 0.995]) scene.plant(scene.snapshot(share));
    return { note: 'three older reports in free memory', lost: new Set(), exactBy: BY_WALKING };
  },

  'snapshots-mapped': (scene) => {
    for (const share of [0.9, 1]) scene.mapInPool(scene.snapshot(share));
    return { note: 'two reports in mapped pool, one of them of this moment', lost: new Set(), exactBy: BY_WALKING };
  },

  'two-systems': (scene) => {
    earlierBoot(scene);
    return { note: "an earlier boot's memory in what is free", lost: new Set(), exactBy: ['auto'] };
  },

  'two-systems-no-stub': (scene) => {
    earlierBoot(scene);
    for (let page = 1; page < 0x20; page++) scene.generated.memory.write(page * PAGE, Buffer.alloc(PAGE));
    return { note: "an earlier boot's memory in what is free, and no low stub", lost: new Set(), exactBy: ['auto'] };
  },

  'stale-stub-first': (scene) => {
    const { memory } = scene.generated;
    const stub = memory.allocateLowPage();
    memory.write(
      stub,
      lowStub({
        kernelEntry: scene.truth.kernelBase + 0x5a30n,
        selfMap: 0xfffff7a000000000n,
        root: memory.allocatePage(),
      }),
    );
    return { note: 'a low stub of an earlier boot that leads nowhere', lost: new Set(), exactBy: BY_WALKING };
  },
};
