import type { Readable } from 'node:stream';
import type { Warning } from '../errors.js';
import type { MemoryImage } from '../image/image.js';
import { type KernelObjects, surveyObjects } from '../kernel/objects/objects.js';
import { findKernel, type Kernel, type Rejection } from '../kernel/root/root.js';
import { kernelLayout } from '../kernel/symbols/kernel-layout.js';
import type { KernelSymbols } from '../kernel/symbols/kernel-symbols.js';
import { processorsOf, readNtBuildLab, windowsVersion } from '../kernel/version.js';
import { PhysicalMemory } from '../memory/physical-memory.js';
import { BigPageTable } from '../pool/big-pages.js';
import { type LocatedTables, locateTables } from '../pool/locate/locate.js';
import { TableDecoder } from '../pool/table-decoder.js';
import { tablePages } from '../pool/table-pages.js';
import type { MemoryPage } from '../pool/table/memory-page.js';
import { containerColumns, kernelColumns, outcomeColumns, tableColumns } from '../record/rows/image-row.js';
import { toolVersion } from '../record/schema/file-metadata.js';
import { type DecodedImage, identityRow, type ImageFacts, type PageDecoder, type WalkedKernel } from './scan-result.js';
import type { Scan, ScanOptions } from './scan.js';

/**
 * What can be read beside the tables. Objects are read only when they are asked for; the big allocations at once, as
 * far as they belong to `keys`.
 */
export async function walkedKernel(
  kernel: Kernel,
  symbols: KernelSymbols | null,
  keys: Iterable<number>,
): Promise<WalkedKernel> {
  const bigPages =
    symbols === null
      ? 'not available for this build: the address of PoolBigPageTable is not known'
      : await BigPageTable.open(kernel.memory, await kernelLayout(kernel, symbols), kernel.sharedData.majorVersion);
  const bigTotals = typeof bigPages === 'string' ? null : await bigPages.totals(keys);
  let objects: Promise<KernelObjects> | undefined;
  return {
    objects: () => (objects ??= surveyObjects(kernel, symbols)),
    bigPages,
    bigTotals,
  };
}

/** What a walk has found so far: kept by who wants to tell of it when the walk fails. */
export interface WalkFindings {
  image: MemoryImage | null;
  kernel: Kernel | null;
  readonly rejected: Rejection[];
}

export function noFindings(): WalkFindings {
  return { image: null, kernel: null, rejected: [] };
}

/** A scan that walks from the page table root to the tables. */
export class WalkScan implements Scan {
  readonly method = 'walk';

  private constructor(
    readonly image: MemoryImage,
    readonly kernel: Kernel,
    readonly located: LocatedTables,
    readonly facts: ImageFacts,
    readonly ntBuildLab: string | null,
    private readonly rejected: readonly Rejection[],
    private readonly startedAt: number,
  ) {}

  /**
   * Finds the kernel and its tables.
   * @param findings filled as they come
   * @throws PoolTrackerError NO_KERNEL, TABLES_NOT_FOUND, SYMBOL_FILE_DAMAGED
   */
  static async open(
    image: MemoryImage,
    options: ScanOptions,
    findings: WalkFindings = noFindings(),
  ): Promise<WalkScan> {
    const startedAt = performance.now();
    findings.image = image;
    const kernel = await findKernel(new PhysicalMemory(image), findings.rejected);
    findings.kernel = kernel;
    const located = await locateTables(kernel, options, findings.rejected);
    const ntBuildLab = await readNtBuildLab(kernel, located.symbols);
    const facts: ImageFacts = {
      path: image.source.name,
      labels: options.labels ?? {},
      capturedAt: kernel.sharedData.systemTime,
      windowsVersion: windowsVersion(kernel, located.symbols, ntBuildLab),
      architecture: 'x64',
      kernelGuid: kernel.image.pdb?.guid ?? null,
      locatedBy: located.tables.locatedBy,
    };
    return new WalkScan(image, kernel, located, facts, ntBuildLab, findings.rejected, startedAt);
  }

  pages(): Readable {
    return tablePages(this.kernel.memory, this.located.tables);
  }

  decoder(keepProcessors = false): PageDecoder {
    const { tables } = this.located;
    const decoder = new TableDecoder(
      {
        layout: tables.layout,
        slots: tables.slots,
        expansionEntries: tables.expansion?.entries ?? 0,
        processorsMissing: this.processorsMissing(),
        doubts: tables.doubts,
      },
      keepProcessors,
    );
    return {
      take: (page: MemoryPage) => decoder.take(page),
      finish: () => this.decoded(decoder),
    };
  }

  /** Processors without a table. Where nobody says how many there are, one at least when the array is not whole. */
  private processorsMissing(): number {
    const { tables, unreadablePointers } = this.located.tables;
    const expected = this.processors();
    if (expected === null) return unreadablePointers > 0 ? 1 : 0;
    return Math.max(0, expected - tables.length);
  }

  private processors(): number | null {
    return processorsOf(this.image.hints.processors, this.kernel.sharedData);
  }

  private async decoded(decoder: TableDecoder): Promise<DecodedImage> {
    decoder.finish();
    const { totals, readings } = decoder;
    const imageId = totals.imageId();
    const tags = [...totals.totals()];
    const warnings = [
      ...this.image.warnings,
      ...this.located.tables.warnings,
      ...decodeWarnings(decoder, this.processorsMissing()),
    ];
    const walked = await walkedKernel(
      this.kernel,
      this.located.symbols,
      tags.map(({ key }) => key),
    );
    return {
      imageId,
      walked,
      facts: this.facts,
      totals: tags,
      processorTags: decoder.processorTags,
      image: {
        ...identityRow(this.facts, imageId),
        ...outcomeColumns(
          warnings,
          totals.pagesMissing > 0 ||
            totals.conflicts > 0 ||
            decoder.doubts.length > 0 ||
            this.located.tables.warnings.length > 0,
          null,
        ),
        ...containerColumns(this.image),
        processors: this.processors(),
        ...kernelColumns(this.kernel, this.ntBuildLab),
        ...tableColumns(this.located.tables, readings, this.rejected),
        tags: tags.length,
        expansion_tags: tags.filter(({ place }) => place === 'expansion').length,
        processors_seen: totals.tables,
        pages_missing: totals.pagesMissing,
        entries_missing: totals.entriesMissing,
        carve: null,
        bytes_read: BigInt(this.image.source.bytesRead),
        elapsed_ms: BigInt(Math.round(performance.now() - this.startedAt)),
        tool_version: toolVersion(),
      },
    };
  }

  close(): Promise<void> {
    return this.image.source.close();
  }
}

function decodeWarnings({ totals, doubts }: TableDecoder, processorsMissing: number): Warning[] {
  const warnings: Warning[] = [];
  if (totals.pagesMissing > 0) {
    warnings.push({
      code: 'pages-missing',
      message: `${totals.pagesMissing} pages of the tables are missing: ${totals.entriesMissing} entries were not read; the tags that this can touch are marked incomplete`,
    });
  }
  if (processorsMissing > 0) {
    warnings.push({
      code: 'processors-missing',
      message: `${processorsMissing} or more processors have no table that could be found: every total may lack their share`,
    });
  }
  for (const { code, message } of doubts) warnings.push({ code, message });
  if (totals.conflicts > 0) {
    warnings.push({
      code: 'image-smeared',
      message: `${totals.conflicts} slots hold different tags in two processors' tables: the image changed while it was taken`,
    });
  }
  return warnings;
}
