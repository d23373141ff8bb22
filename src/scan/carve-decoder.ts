import { PAGE_SIZE } from '../address.js';
import type { Warning } from '../errors.js';
import type { Architecture, MemoryImage } from '../image/image.js';
import { tracedVersion, type TracedKernel } from '../kernel/version.js';
import { carveTables, processorTagsOf, sumCarved, type CarvedTables } from '../pool/carve/carve.js';
import { doubtWarnings } from '../pool/proof/proof.js';
import { carveReport } from '../pool/carve/carve-report.js';
import { processorsOf } from '../kernel/version.js';
import type { PageCarver, PassCounts } from '../pool/carve/page-carver.js';
import { judge, lawfulShare } from '../pool/table/hash-law.js';
import type { TagTotals } from '../pool/table/tag-totals.js';
import type { DecodedImage } from './scan-result.js';
import { identityRow, type ImageFacts } from './scan-result.js';
import { containerColumns, outcomeColumns } from '../record/rows/image-row.js';
import { toolVersion } from '../record/schema/file-metadata.js';

/** What is known of a carved image before its pages are. */
export interface CarvedInput {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Null for a stream. */
  readonly image: MemoryImage | null;
  readonly bytesRead: number;
  readonly warnings: readonly Warning[];
  readonly startedAt: number;
}

/** Everything that the pages of a pass tell; null when no table is among them. */
export async function decodeCarved(
  carver: PageCarver,
  input: CarvedInput,
  keepProcessors: boolean,
): Promise<DecodedImage | null> {
  const carved = carveTables(carver);
  if (carved === null) return null;
  const { shape, tables } = carved;
  const kernel = await carver.traces.identify(shape.channel.layout.size);
  const facts = factsOf(input, carved, kernel);
  const processors = processorsOf(input.image?.hints.processors, kernel.sharedData);
  const { totals, doubts } = sumCarved(carved, { processors, isWhole: isWhole(input, carver, kernel) });
  const imageId = totals.imageId();
  const tags = [...totals.totals()];
  const warnings = [...input.warnings, ...carved.warnings, ...doubtWarnings(doubts), ...lostWarnings(totals)];
  const undecided = carved.warnings.length > 0 || doubts.length > 0;
  return {
    imageId,
    facts,
    totals: tags,
    processorTags: keepProcessors ? processorTagsOf(carved) : [],
    image: {
      ...identityRow(facts, imageId),
      ...outcomeColumns(
        warnings,
        totals.pagesMissing > 0 || totals.conflicts > 0 || undecided || tags.some(({ complete }) => !complete),
        null,
      ),
      ...(input.image === null ? {} : containerColumns(input.image)),
      processors,
      pdb_name: kernel.pdb?.name ?? null,
      pdb_age: kernel.pdb?.age ?? null,
      nt_build_lab: kernel.ntBuildLab,
      located_by: facts.locatedBy,
      tables: JSON.stringify(
        tables.map((table, index) => ({
          processor: index === 0 ? 0 : null,
          pages: table.pageCount,
          pages_missing: table.pagesMissing,
        })),
      ),
      entry_size: shape.channel.layout.size,
      table_slots: shape.slots,
      hash_law_share: lawfulShare(judge(tables[0]!.keys(), shape.slots, shape.channel.hash)),
      tags: tags.length,
      expansion_tags: tags.filter(({ place }) => place === 'expansion').length,
      processors_seen: totals.tables,
      pages_missing: totals.pagesMissing,
      entries_missing: totals.entriesMissing,
      rejected: '[]',
      carve: JSON.stringify(carveReport(carved, carver.collection, carver.counts)),
      bytes_read: BigInt(input.bytesRead),
      elapsed_ms: BigInt(Math.round(performance.now() - input.startedAt)),
      tool_version: toolVersion(),
    },
  };
}

function factsOf(input: CarvedInput, carved: CarvedTables, kernel: TracedKernel): ImageFacts {
  return {
    path: input.name,
    labels: input.labels,
    capturedAt: kernel.sharedData?.systemTime ?? input.image?.hints.systemTime ?? null,
    windowsVersion: tracedVersion(kernel),
    architecture: architectureOf(input, carved, kernel),
    kernelGuid: kernel.pdb?.guid ?? null,
    locatedBy: 'carve',
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

/** Raw memory ends where a memory module does: a file that does not was cut. */
const WHOLE_RAW = 1 << 20;
const [HOLE_START, HOLE_END] = [0xc0000000, 0x100000000];

/**
 * Whether all of the machine's memory was seen, as its kernel counts it in KUSER_SHARED_DATA. Page 0 is the firmware's;
 * what a raw file has for the holes below 1 MiB and 4 GiB is no memory.
 */
function isWhole({ image, warnings }: CarvedInput, { counts }: PageCarver, { sharedData }: TracedKernel): boolean {
  const expected = sharedData?.physicalPages ?? 0;
  if (expected === 0 || warnings.some(({ code }) => code === 'image-cut')) return false;
  const isRaw = image === null || image.format === 'raw';
  if (!isRaw) return seenPages(image) >= expected;
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
