import type { Damage, DamageKind, Scene } from './scene.js';

const TELLING = 4;

function size(scene: Scene, slots: number): Damage | null {
  const at = scene.variable('PoolTrackTableSize');
  if (at === null || slots < 64) return null;
  scene.generated.space.writeU64(at, BigInt(slots + 1));
  return {
    note: `PoolTrackTableSize is ${slots + 1}, PoolTrackTableMask ${scene.truth.tracker.slots - 1}`,
    lost: new Set(),
    exactBy: ['carve', 'pipe'],
  };
}

function pointTo(scene: Scene, variable: string, index: number, bytes: Buffer): boolean {
  const at = scene.variable(variable);
  if (at === null) return false;
  scene.generated.space.writeU64(at + BigInt(index * 8), scene.mapInPool(bytes));
  return true;
}

function nullEntry(scene: Scene, processor: number | null): Damage | null {
  const at = scene.variable('ExPoolTagTables');
  if (at === null || processor === null || processor < 1) return null;
  scene.generated.space.writeU64(at + BigInt(processor * 8), 0n);
  return {
    note: `ExPoolTagTables[${processor}] is NULL, and the processor exists`,
    lost: new Set(),
    exactBy: ['carve', 'pipe'],
  };
}

/** Damage to the variables that lead to the tables: a moment's halfway state, or another owner. */
export const VARIABLE_DAMAGE: Readonly<Record<string, DamageKind>> = {
  'size-against-mask': (scene) => size(scene, scene.truth.tracker.slots / 2),
  'size-doubled': (scene) => size(scene, scene.truth.tracker.slots * 2),
  'pointer-to-snapshot': (scene) =>
    pointTo(scene, 'PoolTrackTable', 0, scene.snapshot(1))
      ? { note: 'PoolTrackTable points to a snapshot, ExPoolTagTables[0] to table 0', lost: new Set() }
      : null,
  'pointer-to-older': (scene) =>
    pointTo(scene, 'PoolTrackTable', 0, scene.earlier(0, 0.6, 0.05))
      ? { note: 'PoolTrackTable points to an older copy, ExPoolTagTables[0] to table 0', lost: new Set() }
      : null,
  'first-entry-older': (scene) =>
    pointTo(scene, 'ExPoolTagTables', 0, scene.earlier(0, 0.6, 0.05))
      ? { note: 'ExPoolTagTables[0] points to an older copy, PoolTrackTable to table 0', lost: new Set() }
      : null,
  'entry-null': (scene) => nullEntry(scene, scene.otherProcessor()),
  'entry-last-null': (scene) => nullEntry(scene, scene.processors - 1),

  'entry-to-older': (scene) => {
    const processor = scene.otherProcessor();
    if (processor === null) return null;
    const before = scene.negative();
    const kept = Buffer.from(scene.table(processor));
    const older = scene.earlier(processor, 0.5, 0.1);
    scene.generated.space.write(scene.truth.tables[processor]!.address, older);
    const told = [...scene.negative()].filter((key) => !before.has(key)).length;
    scene.generated.space.write(scene.truth.tables[processor]!.address, kept);
    if (told < TELLING || !pointTo(scene, 'ExPoolTagTables', processor, older)) return null;
    return { note: `ExPoolTagTables[${processor}] leads to an older copy: ${told} tags tell`, lost: new Set() };
  },
};
