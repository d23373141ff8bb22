import type { Warning } from '../errors.js';
import type { Architecture, MemoryImage } from '../image/image.js';
import { processorsOf, tracedVersion, type TracedKernel } from '../kernel/version.js';
import { carveTables, type CarvedTables, processorTagsOf, sumOf } from '../pool/carve/carve.js';
import { carveReport } from '../pool/carve/carve-report.js';
import type { PageCarver, PassCounts } from '../pool/carve/page-carver.js';
import { judge, lawfulShare } from '../pool/table/hash-law.js';
import type { TagTotals } from '../pool/table/tag-totals.js';
import { containerFacts, type DecodedScan, type KernelFacts, type TablesFound } from './scan-result.js';
import { elapsedSince, type ScanRequest } from './scan.js';

/** What is known of a carved image before its pages are. */
export interface CarvedInput {
  readonly request: ScanRequest;
  /** As the source names it. */
  readonly name: string;
  /** Null for a stream. */
  readonly image: MemoryImage | null;
  readonly bytesRead: number;
  readonly warnings: readonly Warning[];
}

const NO_OBJECTS = { missing: 'not available: the tables were carved, and carving knows no addresses' };

/** Everything that the pages of a pass tell; null when no table is among them. */
export async function decodeCarved(
  carver: PageCarver,
  input: CarvedInput,
  keepProcessors: boolean,
): Promise<DecodedScan | null> {
  const { image, request } = input;
  const carved = carveTables(carver);
  if (carved === null) return null;
  const { tables } = carved;
  const kernel = factsOf(input, carved, await carver.traces.identify(carved.shape.channel.layout.size));
  const lost = lostTables(tables.length, kernel.processors, input.warnings);
  const isCut = input.warnings.some(({ code }) => code === 'image-cut');
  const totals = sumOf(carved, lost !== null ? Infinity : isCut ? tables.length : 0);
  const tags = [...totals.totals()];
  const isUndecided = carved.warnings.length > 0 || lost !== null;
  const isIncomplete =
    totals.pagesMissing > 0 || totals.conflicts > 0 || isUndecided || tags.some(({ complete }) => !complete);
  return {
    imageId: totals.imageId(),
    path: input.name,
    labels: request.options.labels ?? {},
    container: image === null ? null : containerFacts(image),
    kernel,
    tables: tablesFound(carver, carved, totals),
    totals: tags,
    processorTags: keepProcessors ? processorTagsOf(carved) : [],
    objects: NO_OBJECTS,
    warnings: [...input.warnings, ...carved.warnings, ...lostWarnings(totals), ...(lost === null ? [] : [lost])],
    rejected: [],
    outcome: { status: isIncomplete ? 'incomplete' : 'ok' },
    bytesRead: input.bytesRead,
    elapsedMs: elapsedSince(request),
  };
}

function factsOf(input: CarvedInput, carved: CarvedTables, traced: TracedKernel): KernelFacts {
  const { sharedData, pdb, ntBuildLab } = traced;
  const hints = input.image?.hints;
  return {
    version: tracedVersion(traced),
    architecture: architectureOf(input, carved, traced),
    capturedAt: sharedData?.systemTime ?? hints?.systemTime ?? null,
    processors: processorsOf(hints?.processors, sharedData),
    pdb,
    ntBuildLab,
    location: null,
  };
}

function tablesFound(carver: PageCarver, carved: CarvedTables, totals: TagTotals): TablesFound {
  const { shape, tables } = carved;
  const { layout, hash } = shape.channel;
  return {
    locatedBy: 'carve',
    layout,
    slots: shape.slots,
    hashLawShare: lawfulShare(judge(tables[0]!.keys(), shape.slots, hash)),
    processorTables: tables.map(({ pageCount, pagesMissing }, index) => ({
      processor: index === 0 ? 0 : null,
      address: null,
      pages: pageCount,
      pagesMissing,
    })),
    expansion: null,
    processorsSeen: totals.tables,
    pagesMissing: totals.pagesMissing,
    entriesMissing: totals.entriesMissing,
    carve: carveReport(carved, carver.collection, carver.counts),
  };
}

/** The 56- and 80-byte layouts are those of ARM64 as well. */
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

/** Why whole tables may be missing: the machine has more processors, or memory is missing and nobody says how many it has. */
function lostTables(tables: number, processors: number | null, warnings: readonly Warning[]): Warning | null {
  if (processors !== null && tables < processors) {
    return {
      code: 'processors-missing',
      message: `the tables of ${tables} of ${processors} processors were seen: every total may lack the others' share`,
    };
  }
  if (processors === null && warnings.some(({ code }) => code === 'image-cut')) {
    return {
      code: 'processors-unknown',
      message:
        "memory is cut short, and how many processors the machine has is not known: every total may lack some processor's share",
    };
  }
  return null;
}

function lostWarnings(totals: TagTotals): Warning[] {
  if (totals.pagesMissing === 0) return [];
  return [
    {
      code: 'pages-missing',
      message: `${totals.pagesMissing} pages of the tables were never seen: ${totals.entriesMissing} entries are missing; the tags that this can touch are marked incomplete`,
    },
  ];
}

/** For messages: what a pass that found nothing has seen. */
export function describePass({ pages, used, looked }: PassCounts, sure: number): string {
  return `${pages} pages seen, ${used} of them not zero, ${looked} looked at closely, ${sure} of them like a page of a table`;
}
