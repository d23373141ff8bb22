import type { ObjectBuild } from '../kernel/kernel-structures.js';
import type { BigPagePlan, BigPageTruth } from './object-plan.js';
import type { PageTableWriter } from '../paging/page-table-writer.js';

const FIRST_ALLOCATION = 0xffffa50000000000n;

/** The first build that multiplies the page's number; before, its bytes are folded. */
const FIRST_MULTIPLIED = 20348;

function homeOf(allocation: bigint, build: ObjectBuild, slots: number): number {
  const page = BigInt.asUintN(52, allocation >> 12n);
  if (Number(build.version.split('.')[2]) >= FIRST_MULTIPLIED) {
    const product = BigInt.asUintN(64, page * 40543n);
    return Number(BigInt.asUintN(32, product ^ (product >> 32n))) & (slots - 1);
  }
  const low = Number(BigInt.asUintN(32, page));
  return ((low >>> 24) ^ (low >>> 16) ^ (low >>> 8) ^ low) & (slots - 1);
}

/** Writes PoolBigPageTable by its own hash law; some slots that were never used are marked as Windows 7 does. */
export function writeBigPages(
  space: PageTableWriter,
  build: ObjectBuild,
  variables: Readonly<Record<string, bigint>>,
  plans: readonly BigPagePlan[],
  address: bigint,
): BigPageTruth[] {
  const entry = build.structures['bigPagesEntry'] ?? {};
  const size = entry['size'] ?? 24;
  const slots = 2 ** Math.ceil(Math.log2(Math.max(64, plans.length * 2)));
  const bytes = Buffer.alloc(slots * size);
  const used = new Set<number>();
  const truth = plans.map((plan, order): BigPageTruth => {
    // Not at equal distances, which a hash might send to one slot.
    const allocation = FIRST_ALLOCATION + BigInt(order * 0x100000 + ((order * order * 7) % 251) * 0x1000);
    let slot = homeOf(allocation, build, slots);
    while (used.has(slot)) slot = (slot + 1) % slots;
    used.add(slot);
    const at = slot * size;
    bytes.writeBigUInt64LE(allocation | (plan.free === true ? 1n : 0n), at + (entry['Va'] ?? 0));
    bytes.writeUInt32LE(plan.key, at + (entry['Key'] ?? 8));
    bytes.writeUInt32LE(
      (((plan.poolType ?? 0) << (entry['PoolType.bit'] ?? 0)) | (entry['PoolType.bit'] === undefined ? 0 : 0xa5)) >>> 0,
      at + (entry['PoolType'] ?? 12),
    );
    bytes.writeBigUInt64LE(BigInt.asUintN(64, plan.bytes), at + (entry['NumberOfBytes'] ?? 16));
    return { ...plan, slot, address: allocation };
  });
  for (let slot = 2; slot < slots; slot += 6)
    if (!used.has(slot)) bytes.writeBigUInt64LE(1n, slot * size + (entry['Va'] ?? 0));
  space.mapFresh(address, bytes.length);
  space.write(address, bytes);
  space.writeU64(variables['PoolBigPageTable'] ?? 0n, address);
  space.writeU64(variables['PoolBigPageTableSize'] ?? 0n, BigInt(slots));
  return truth.sort((a, b) => a.slot - b.slot);
}
