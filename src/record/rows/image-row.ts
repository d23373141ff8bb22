import { hex } from '../../address.js';
import type { Warning } from '../../errors.js';
import type { Run, RunList } from '../../image/run-list.js';
import type { Rejection } from '../../kernel/root/root.js';
import type { CarveReport } from '../../pool/carve/carve.js';
import { type DoubtSummary, type Fact, summarizeDoubts } from '../../pool/proof/proof.js';
import type { ContainerFacts, KernelFacts, KernelLocation, Labels, ScanResult } from '../../scan/scan-result.js';
import { toolVersion } from '../schema/file-metadata.js';
import { type Row, SCHEMA_VERSION, type Value } from '../schema/record-type.js';

/** Maximum number of runs in a record; a kernel dump may have a million. */
const MAX_LISTED_RUNS = 64;

/** An element of the column `tables`: a processor's table, or the expansion table, whose processor is null. */
export interface ListedTable {
  readonly processor: number | null;
  /** Absent for a table assembled from pages. */
  readonly address?: string;
  readonly pages?: number | null;
  readonly pages_missing?: number | null;
  /** Number of entries; only for the expansion table. */
  readonly entries?: number;
}

/** The columns of the `image` record before lists become text. Columns that do not apply to the result are absent. */
export interface ImageColumns extends Readonly<Record<string, Value | object | undefined>> {
  readonly labels: Labels | null;
  readonly warnings: readonly Warning[];
  readonly rejected: readonly Rejection[];
  readonly doubts?: readonly DoubtSummary[];
  readonly facts?: readonly Fact[];
  readonly other_systems?: readonly ListedSystem[];
  readonly runs?: readonly Run[];
  readonly tables?: readonly ListedTable[];
  readonly carve?: object | null;
}

/** The leading columns of every record. */
export function identityRow({ imageId, path, system, labels, kernel }: ScanResult) {
  const hasLabels = Object.keys(labels).length > 0;
  return {
    schema_version: SCHEMA_VERSION,
    image_id: imageId,
    image_path: path,
    system,
    host: labels.host ?? null,
    labels: hasLabels ? JSON.stringify(labels) : null,
    captured_at: kernel.capturedAt?.getTime() ?? null,
    windows_version: kernel.version,
    arch: kernel.architecture,
    kernel_guid: kernel.pdb?.guid ?? null,
  } satisfies Row;
}

/** The columns of a result's `image` record, in the order of `info`; lists are kept as lists. */
export function imageColumns(result: ScanResult): ImageColumns {
  const { container, kernel, outcome, tables } = result;
  const identity = identityRow(result);
  const error = outcome.status === 'failed' ? outcome.error : null;
  return {
    ...identity,
    labels: identity.labels === null ? null : result.labels,
    captured_at_source: kernel.capturedAtSource,
    status: outcome.status,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
    warnings: result.warnings,
    ...(tables === null ? {} : { doubts: summarizeDoubts(result.doubts) }),
    ...(container === null ? {} : containerColumns(container)),
    ...(tables === null ? {} : { processors: kernel.processors }),
    ...(kernel.location === null ? {} : { ...locationColumns(kernel.location), other_systems: otherSystems(kernel) }),
    ...(tables === null && kernel.location === null ? {} : buildColumns(kernel)),
    ...tableColumns(result),
    bytes_read: BigInt(result.bytesRead),
    elapsed_ms: BigInt(result.elapsedMs),
    tool_version: toolVersion(),
  };
}

/** The `image` row: the same with lists as JSON text, since record columns cannot hold lists. */
export function imageRow(result: ScanResult): Row {
  const entries = Object.entries(imageColumns(result)).map(([name, value]): [string, Value] => [
    name,
    typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? null),
  ]);
  return Object.fromEntries(entries);
}

function containerColumns({ format, byteLength, runs }: ContainerFacts) {
  return {
    format,
    image_bytes: BigInt(byteLength),
    memory_bytes: BigInt(runs.byteLength),
    runs: firstRuns(runs),
  };
}

function firstRuns(runs: RunList): Run[] {
  return Array.from({ length: Math.min(runs.count, MAX_LISTED_RUNS) }, (_, index) => runs.at(index)!);
}

function locationColumns({ root, rootFrom, levels, base, size }: KernelLocation): Row {
  return {
    page_table_root: hex(root),
    page_table_root_from: rootFrom,
    page_table_root_verified_by: 'KUSER_SHARED_DATA is mapped and sane, and leads to the kernel image',
    paging_levels: levels,
    kernel_base: hex(base),
    kernel_size: BigInt(size),
  };
}

/** An element of the column `other_systems`. */
export interface ListedSystem {
  readonly page_table_root: string;
  readonly kernel_base: string;
  readonly kernel_guid: string | null;
  readonly system_time: string;
}

function otherSystems({ others }: KernelFacts): ListedSystem[] {
  return others.map(({ root, base, pdb, systemTime }) => ({
    page_table_root: hex(root),
    kernel_base: hex(base),
    kernel_guid: pdb?.guid ?? null,
    system_time: systemTime.toISOString(),
  }));
}

function buildColumns({ pdb, ntBuildLab }: KernelFacts): Row {
  return {
    pdb_name: pdb?.name ?? null,
    pdb_age: pdb?.age ?? null,
    nt_build_lab: ntBuildLab,
  };
}

/** Columns about the tables: location, proof and rejections; before the counts after a walk, else after them. */
function tableColumns({ tables, totals, rejected }: ScanResult) {
  if (tables === null) return { rejected };
  const { carve } = tables;
  return {
    located_by: tables.locatedBy,
    tables: listedTables(tables),
    entry_size: tables.layout.size,
    table_slots: tables.slots,
    hash_law_share: tables.hashLawShare,
    facts: tables.facts,
    facts_failed: tables.facts.filter(({ outcome }) => outcome === 'failed').length,
    facts_unknown: tables.facts.filter(({ outcome }) => outcome === 'unknown').length,
    ...(carve === null ? { rejected } : {}),
    tags: totals.length,
    tags_incomplete: totals.filter(({ complete }) => !complete).length,
    ...consistencyCounts(totals),
    expansion_tags: totals.filter(({ place }) => place === 'expansion').length,
    processors_seen: tables.processorsSeen,
    pages_missing: tables.pagesMissing,
    entries_missing: tables.entriesMissing,
    rejected,
    carve: carve === null ? null : carveColumns(carve),
  };
}

function consistencyCounts(totals: ScanResult['totals']) {
  const counts = { consistent: 0, torn: 0, impossible: 0 };
  for (const { consistency } of totals) counts[consistency]++;
  return { tags_consistent: counts.consistent, tags_torn: counts.torn, tags_impossible: counts.impossible };
}

function listedTables({ processorTables, expansion }: NonNullable<ScanResult['tables']>): ListedTable[] {
  const listed = processorTables.map(({ processor, address, pages, pagesMissing }): ListedTable => ({
    processor,
    ...(address === null ? {} : { address: hex(address) }),
    pages,
    pages_missing: pagesMissing,
  }));
  if (expansion === null) return listed;
  return [...listed, { processor: null, address: hex(expansion.address), entries: expansion.entries }];
}

function carveColumns(report: CarveReport) {
  return {
    pages_seen: report.pagesSeen,
    pages_not_zero: report.pagesNotZero,
    pages_looked_at: report.pagesLookedAt,
    pages_found: report.pagesFound,
    entry_size: report.entrySize,
    table_slots: report.tableSlots,
    hash: report.hash,
    copies: report.copies,
    live: report.live,
    never_seen: report.neverSeen,
    set_aside: report.setAside,
    alternatives: report.alternatives,
    other_tables: report.otherTables.map(({ entrySize, tableSlots, pages, keys }) => ({
      entry_size: entrySize,
      table_slots: tableSlots,
      pages,
      keys,
    })),
  };
}
