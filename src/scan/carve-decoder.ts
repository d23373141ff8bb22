import { PAGE_SIZE } from '../address.js';
import type { Warning } from '../errors.js';
import type { Architecture, MemoryImage } from '../image/image.js';
import { processorsOf, tracedVersion, type TracedKernel } from '../kernel/version.js';
import {
  carveReport,
  carveTables,
  type CarvedTables,
  type PageCarver,
  type PassCounts,
  processorTagsOf,
  sumCarved,
} from '../pool/carve/carve.js';
import { doubtWarnings, lossDoubts } from '../pool/proof/proof.js';
import { imageDoubts, withoutDoubts } from './image-doubts.js';
import { lawfulShare } from '../pool/table/hash-law.js';
import { keylessWarnings } from '../pool/table/keyless-overflow.js';
import type { TagTotals } from '../pool/table/tag-totals.js';
import { containerFacts, type DecodedScan, type KernelFacts, type TablesFound } from './scan-result.js';
import { elapsedSince, type ScanRequest } from './scan.js';

/** What is known about a carved image before its pages are read. */
export interface CarvedInput {
  readonly request: ScanRequest;
  /** The source's name. */
  readonly name: string;
  /** Null for a stream. */
  readonly image: MemoryImage | null;
  readonly bytesRead: number;
  readonly warnings: readonly Warning[];
}

const NO_OBJECTS = { missing: 'not available: the tables were carved, and carving knows no addresses' };

/** The complete result from the pages of a pass; null when they contain no table. */
export async function decodeCarved(
  carver: PageCarver,
  input: CarvedInput,
  keepProcessors: boolean,
): Promise<DecodedScan | null> {
  const { image, request } = input;
  const carved = await carveTables(carver, request.options.signal);
  if (carved === null) return null;
  const traced = await carver.traces.identify(carved.shape.channel.layout.size);
  const kernel = factsOf(input, carved, traced);
  const sums = sumCarved(carved, {
    processors: kernel.processors,
    isWhole: isWhole(input, carver, traced),
    isSeeding: (traced.sharedData?.majorVersion ?? 0) >= 10,
  });
  const { totals, proof, facts } = sums;
  const ofImage = imageDoubts(input.warnings);
  for (const doubt of ofImage) totals.doubt(doubt);
  const doubts = [...sums.doubts, ...ofImage];
  const tags = [...totals.totals()];
  const isUndecided = carved.warnings.length > 0 || doubts.length > 0;
  const isIncomplete =
    totals.pagesMissing > 0 || totals.conflicts > 0 || isUndecided || tags.some(({ complete }) => !complete);
  return {
    imageId: totals.imageId(tags),
    system: 0,
    path: input.name,
    labels: request.options.labels ?? {},
    container: image === null ? null : containerFacts(image),
    kernel,
    tables: { ...tablesFound(carver, carved, totals), hashLawShare: lawfulShare(proof), facts },
    totals: tags,
    processorTags: keepProcessors ? processorTagsOf(carved, { ...sums, doubts }) : [],
    objects: NO_OBJECTS,
    warnings: [
      ...withoutDoubts(input.warnings),
      ...carved.warnings,
      ...carved.notes,
      ...doubtWarnings(doubts),
      ...lostWarnings(totals),
    ],
    doubts: [...doubts, ...lossDoubts(totals)],
    rejected: [],
    outcome: { status: isIncomplete ? 'incomplete' : 'ok' },
    bytesRead: input.bytesRead,
    elapsedMs: elapsedSince(request),
  };
}

function factsOf(input: CarvedInput, carved: CarvedTables, traced: TracedKernel): KernelFacts {
  const { sharedData, pdb, ntBuildLab } = traced;
  const hints = input.image?.hints;
  const clock = sharedData?.systemTime ?? null;
  const capturedAt = clock ?? hints?.systemTime ?? null;
  return {
    version: tracedVersion(traced),
    architecture: architectureOf(input, carved, traced),
    capturedAt,
    capturedAtSource: capturedAt === null ? null : clock === null ? 'header' : 'kernel',
    processors: processorsOf(hints?.processors, sharedData),
    pdb,
    ntBuildLab,
    location: null,
    others: [],
  };
}

function tablesFound(
  carver: PageCarver,
  carved: CarvedTables,
  totals: TagTotals,
): Omit<TablesFound, 'hashLawShare' | 'facts'> {
  const { shape, tables } = carved;
  const { layout } = shape.channel;
  return {
    locatedBy: 'carve',
    layout,
    slots: shape.slots,
    processorTables: tables.map((table, index) => ({
      processor: index === 0 ? 0 : null,
      address: null,
      pages: table.pageCount,
      pagesMissing: table.pagesMissing,
      unread: table.unreadStretches(),
    })),
    expansion: null,
    processorsSeen: totals.tables,
    pagesMissing: totals.pagesMissing,
    entriesMissing: totals.entriesMissing,
    carve: carveReport(carved, carver.collection, carver.counts),
  };
}

/** ARM64 uses the 56- and 80-byte layouts too. */
function architectureOf(
  { image }: CarvedInput,
  { shape }: CarvedTables,
  { symbols, ntBuildLab }: TracedKernel,
): Architecture | null {
  const { pointerBits, size } = shape.channel.layout;
  if (pointerBits === 32) return 'x86';
  if (size === 40 || symbols?.origin === 'known-build' || ntBuildLab?.includes('.amd64') === true) return 'x64';
  return ntBuildLab?.includes('.arm64') === true ? 'arm64' : (image?.hints.architecture ?? null);
}

/** A complete raw file is a multiple of this; any other length means truncation. */
const WHOLE_RAW = 1 << 20;
const [HOLE_START, HOLE_END] = [0xc0000000, 0x100000000];

/** Of images of which parts are known to be lost, though their run lists may name as many pages as the machine has. */
const LOSSES = ['image-cut', 'image-damaged', 'image-header-wiped', 'image-unreadable'];

/**
 * Whether all of the machine's memory was seen, by the kernel's count in KUSER_SHARED_DATA. Page 0 belongs to the
 * firmware; a raw file's bytes for the holes below 1 MiB and 4 GiB are not memory.
 */
function isWhole({ image, warnings }: CarvedInput, { counts }: PageCarver, { sharedData }: TracedKernel): boolean {
  const expected = sharedData?.physicalPages ?? 0;
  const told = [...warnings, ...(image?.unreadable.warnings ?? [])];
  if (expected === 0 || told.some(({ code }) => LOSSES.includes(code))) return false;
  if (image === null && counts.addressed > 0) return counts.addressed >= expected;
  if (image !== null && image.format !== 'raw') return seenPages(image) >= expected;
  const bytes = image === null ? counts.pages * PAGE_SIZE : image.runs.byteLength;
  const holes = (0x100000 - 0xa0000 + Math.max(0, Math.min(bytes, HOLE_END) - HOLE_START)) / PAGE_SIZE;
  return bytes % WHOLE_RAW === 0 && bytes / PAGE_SIZE - holes - 1 >= expected;
}

function seenPages({ runs }: MemoryImage): number {
  let pages = 0;
  for (const { start, length } of runs) pages += Math.floor(length / PAGE_SIZE) - (start === 0 ? 1 : 0);
  return pages;
}

function lostWarnings(totals: TagTotals): Warning[] {
  const keyless = keylessWarnings(totals.keyless);
  if (totals.pagesMissing === 0) return keyless;
  return [
    ...keyless,
    {
      code: 'pages-missing',
      message: `${totals.pagesMissing} pages of the tables were never seen: ${totals.entriesMissing} entries are missing; the tags that this can touch are marked incomplete`,
    },
  ];
}

/** Describes, for messages, a pass that found nothing. */
export function describePass({ pages, used, looked }: PassCounts, sure: number): string {
  if (used === 0) return `all ${pages} pages are zeros: nothing was copied into it; copy or capture it again`;
  return `${pages} pages seen, ${used} of them not zero, ${looked} looked at closely, ${sure} of them like a page of a table`;
}
