import { hex } from '../../address.js';
import type { PoolTrackerError, Warning } from '../../errors.js';
import type { MemoryImage } from '../../image/image.js';
import type { Kernel } from '../../kernel/root/root.js';
import { lawfulShare } from '../../pool/table/hash-law.js';
import type { TableReading } from '../../pool/table-decoder.js';
import type { TableSet } from '../../pool/locate/locate.js';
import type { Rejection } from '../../kernel/root/root.js';
import type { Row } from '../schema/record-type.js';

/** Runs written into a record at most; a kernel dump may have a million. */
const LISTED_RUNS = 64;

/** What the container tells. */
export function containerColumns(image: MemoryImage): Row {
  const runs = [];
  for (let index = 0; index < Math.min(image.runs.count, LISTED_RUNS); index++) runs.push(image.runs.at(index)!);
  return {
    format: image.format,
    image_bytes: BigInt(image.source.byteLength),
    memory_bytes: BigInt(image.runs.byteLength),
    runs: JSON.stringify(runs),
  };
}

/** What the kernel tells. */
export function kernelColumns(kernel: Kernel, ntBuildLab: string | null): Row {
  const { image, memory } = kernel;
  return {
    page_table_root: hex(kernel.root),
    page_table_root_from: kernel.rootFrom,
    page_table_root_verified_by: 'KUSER_SHARED_DATA is mapped and sane, and leads to the kernel image',
    paging_levels: memory.pageTable.levels,
    kernel_base: hex(image.base),
    kernel_size: BigInt(image.header.imageSize),
    pdb_name: image.pdb?.name ?? null,
    pdb_age: image.pdb?.age ?? null,
    nt_build_lab: ntBuildLab,
  };
}

/** Where the tables lie and how they are proved. */
export function tableColumns(set: TableSet, readings: readonly TableReading[], rejected: readonly Rejection[]): Row {
  const tables = set.tables.map(({ processor, address }) => {
    const reading = readings.find((read) => read.table === 'processor' && read.processor === processor);
    return {
      processor,
      address: hex(address),
      pages: reading?.pages ?? null,
      pages_missing: reading?.pagesMissing ?? null,
    };
  });
  const expansion =
    set.expansion === null
      ? []
      : [{ processor: null, address: hex(set.expansion.address), entries: set.expansion.entries }];
  return {
    located_by: set.locatedBy,
    tables: JSON.stringify([...tables, ...expansion]),
    entry_size: set.layout.size,
    table_slots: set.slots,
    hash_law_share: lawfulShare(set.proof),
    rejected: JSON.stringify(rejected),
  };
}

/** How the scan ended. */
export function outcomeColumns(warnings: readonly Warning[], incomplete: boolean, error: PoolTrackerError | null): Row {
  return {
    status: error !== null ? 'failed' : incomplete ? 'incomplete' : 'ok',
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
    warnings: JSON.stringify(warnings),
  };
}
