import type { ObjectBuild } from '../kernel/kernel-structures.js';
import type { BigPagePlan, BigPageTruth } from './object-plan.js';
import type { PageTableWriter } from '../paging/page-table-writer.js';

const FIRST_ALLOCATION = 0xffffa50000000000n;

/** Writes PoolBigPageTable: every third slot is one never used, some as Windows 7 marks them. */
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
  const truth: BigPageTruth[] = [];
  for (const [order, plan] of plans.entries()) {
    const slot = order + Math.floor(order / 2);
    const at = slot * size;
    const allocation = FIRST_ALLOCATION + BigInt(order) * 0x100000n;
    bytes.writeBigUInt64LE(allocation | (plan.free === true ? 1n : 0n), at + (entry['Va'] ?? 0));
    bytes.writeUInt32LE(plan.key, at + (entry['Key'] ?? 8));
    bytes.writeUInt32LE(
      (((plan.poolType ?? 0) << (entry['PoolType.bit'] ?? 0)) | (entry['PoolType.bit'] === undefined ? 0 : 0xa5)) >>> 0,
      at + (entry['PoolType'] ?? 12),
    );
    bytes.writeBigUInt64LE(BigInt.asUintN(64, plan.bytes), at + (entry['NumberOfBytes'] ?? 16));
    truth.push({ ...plan, slot, address: allocation });
  }
  for (let slot = 2; slot < slots; slot += 6) bytes.writeBigUInt64LE(1n, slot * size + (entry['Va'] ?? 0));
  space.mapFresh(address, bytes.length);
  space.write(address, bytes);
  space.writeU64(variables['PoolBigPageTable'] ?? 0n, address);
  space.writeU64(variables['PoolBigPageTableSize'] ?? 0n, BigInt(slots));
  return truth;
}
