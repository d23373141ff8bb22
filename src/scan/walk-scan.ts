import { foundOnce } from '../source/reading/cache.js';
import { hex } from '../address.js';
import type { Readable } from 'node:stream';
import { isMissing, type Missing, type PoolTrackerError, type Warning } from '../errors.js';
import { type MemoryImage, warningsOf } from '../image/image.js';
import { findLoadedModules, type KernelObjects, surveyObjects } from '../kernel/objects/objects.js';
import { findKernel, type Kernel, type Rejection } from '../kernel/root/root.js';
import { kernelLayout, type LayoutOptions } from '../kernel/structures/structures.js';
import { KernelLayout } from '../kernel/symbols/symbols.js';
import { processorsOf, readNtBuildLab, windowsVersion } from '../kernel/version.js';
import { PhysicalMemory } from '../memory/physical-memory.js';
import { BigPageTable } from '../pool/big-pages/big-pages.js';
import { type LocatedTables, locateTables } from '../pool/locate/locate.js';
import { lawfulShare } from '../pool/table/hash-law.js';
import { doubtWarnings, lossDoubts } from '../pool/proof/proof.js';
import { imageDoubts, withoutDoubts } from './image-doubts.js';
import { readSessionPools, type SessionPools } from '../pool/session-pool/session-pool.js';
import { type DriverImage, moduleInMemory } from '../pool/tag-names/tag-names.js';
import { keylessWarnings } from '../pool/table/keyless-overflow.js';
import type { MemoryPage } from '../pool/table/memory-page.js';
import { TableDecoder } from '../pool/table-decoder.js';
import { tablePages } from '../pool/table-pages.js';
import {
  containerFacts,
  type DecodedScan,
  type FailedScan,
  type KernelFacts,
  kernelLocation,
  type KernelReadings,
  type TablesFound,
} from './scan-result.js';
import { elapsedSince, failedScan, type PageDecoder, type Scan, type ScanRequest } from './scan.js';
import { unlessAborted } from '../work.js';

/** A scan that walks from the page table root to the tables. */
export class WalkScan implements Scan {
  readonly method = 'walk';

  private constructor(
    /** As the walk reads it: its addresses may be known by the page tables alone. */
    private readonly image: MemoryImage,
    readonly kernel: Kernel,
    readonly located: LocatedTables,
    private readonly rejected: readonly Rejection[],
    private readonly request: ScanRequest,
  ) {}

  get location(): string {
    return this.request.location;
  }

  get signal(): AbortSignal | undefined {
    return this.request.options.signal;
  }

  /** Finds the kernel and its tables; if either fails, the result has the error and what was found before. */
  static async open(image: MemoryImage, request: ScanRequest): Promise<WalkScan | FailedScan> {
    const { root, architecture } = request.options;
    const kernels = await findKernel(new PhysicalMemory(image), {
      ...(root !== undefined && { root }),
      ...(architecture !== undefined && { architecture }),
    });
    if ('error' in kernels) {
      return failedScan(request, kernels.error, { image, kernel: null, rejected: kernels.rejected });
    }
    return WalkScan.ofKernel(request, kernels.found, kernels.rejected);
  }

  /** Finds the tables of a kernel that was found. */
  static async ofKernel(
    request: ScanRequest,
    kernel: Kernel,
    rejectedRoots: readonly Rejection[],
  ): Promise<WalkScan | FailedScan> {
    const { image } = kernel.memory.physical;
    // A server of symbols may not answer, and is not the image's source.
    const tables = await unlessAborted(locateTables(kernel, request.options), request.options.signal);
    const rejected = [...rejectedRoots, ...tables.rejected];
    if ('error' in tables) return failedScan(request, tables.error, { image, kernel, rejected });
    return new WalkScan(image, kernel, tables.found, rejected, request);
  }

  pages(): Readable {
    const { onProgress } = this.request.options;
    const { name } = this.image.source;
    return tablePages(
      this.kernel.memory,
      this.located.tables,
      onProgress === undefined ? undefined : (done, total) => onProgress({ name, unit: 'bytes', done, total }),
    );
  }

  decoder(keepProcessors = false): PageDecoder {
    const { tables } = this.located;
    const decoder = new TableDecoder(
      {
        layout: tables.layout,
        slots: tables.slots,
        expansionEntries: tables.expansion?.entries ?? 0,
        processorsMissing: this.processorsMissing(),
        doubts: [...tables.doubts, ...imageDoubts(this.image.warnings)],
      },
      keepProcessors,
    );
    return {
      take: (page: MemoryPage) => decoder.take(page),
      finish: () => this.decoded(decoder),
    };
  }

  failed(error: PoolTrackerError): FailedScan {
    const { image, kernel, rejected, request } = this;
    return failedScan(request, error, { image, kernel, rejected });
  }

  /** Number of processors without a table. If their number is unknown, at least 1 when the array is incomplete. */
  private processorsMissing(): number {
    const { tables, unreadablePointers } = this.located.tables;
    const expected = this.processors();
    if (expected === null) return unreadablePointers > 0 ? 1 : 0;
    return Math.max(0, expected - tables.length);
  }

  private processors(): number | null {
    return processorsOf(this.image.hints.processors, this.kernel.sharedData);
  }

  private async decoded(decoder: TableDecoder): Promise<DecodedScan> {
    decoder.finish();
    const { image, kernel, located, request } = this;
    const { totals } = decoder;
    const tags = [...totals.totals()];
    const keys = tags.map(({ key }) => key);
    const facts = await this.kernelFacts();
    const objects = await kernelReadings(kernel, located, keys, request.options);
    const isIncomplete = totals.pagesMissing > 0 || totals.conflicts > 0 || decoder.doubts.length > 0;
    return {
      imageId: totals.imageId(tags),
      system: kernel.system,
      path: image.source.name,
      labels: request.options.labels ?? {},
      container: containerFacts(image),
      kernel: facts,
      tables: tablesFound(located, decoder),
      totals: tags,
      processorTags: decoder.processorTags,
      objects,
      warnings: [
        ...withoutDoubts(warningsOf(image)),
        ...located.notes.map(noSymbols),
        ...otherSystems(kernel),
        ...decodeWarnings(decoder, this.processorsMissing()),
      ],
      doubts: [...decoder.doubts, ...lossDoubts(totals, this.processorsMissing())],
      rejected: this.rejected,
      outcome: { status: isIncomplete ? 'incomplete' : 'ok' },
      bytesRead: image.source.bytesRead,
      elapsedMs: elapsedSince(request),
    };
  }

  private async kernelFacts(): Promise<KernelFacts> {
    const { kernel, located } = this;
    const ntBuildLab = await readNtBuildLab(kernel, located.symbols);
    return {
      version: windowsVersion(kernel, located.symbols, ntBuildLab),
      architecture: kernel.memory.pageTable.paging.architecture,
      capturedAt: kernel.sharedData.systemTime,
      capturedAtSource: 'kernel',
      processors: this.processors(),
      pdb: kernel.image.pdb,
      ntBuildLab,
      location: kernelLocation(kernel),
      others: kernel.others,
    };
  }

  close(): Promise<void> {
    return this.image.source.close();
  }
}

/**
 * What can be read besides the tables. Objects are read on demand; big allocations immediately, as far as they belong
 * to `keys`.
 */
async function kernelReadings(
  kernel: Kernel,
  { symbols, tables }: LocatedTables,
  keys: Iterable<number>,
  options: LayoutOptions,
): Promise<KernelReadings> {
  const layout = symbols === null ? KernelLayout.UNKNOWN : KernelLayout.ofSymbols(kernel.image, symbols);
  const addresses = tables.tables.map(({ address }) => address);
  const bigPages = await BigPageTable.open(kernel, layout, addresses);
  const bigTotals = isMissing(bigPages) ? null : await bigPages.totals(keys);
  const objects = new WeakMap<Kernel, Promise<KernelObjects>>();
  const sessions = new WeakMap<Kernel, Promise<SessionPools | Missing>>();
  const survey = (): Promise<KernelObjects> =>
    foundOnce(objects, kernel, () => surveyObjects(kernel, symbols, options));
  const readSessions = async (): Promise<SessionPools | Missing> => {
    const { processes } = await survey();
    return readSessionPools(kernel, await kernelLayout(kernel, symbols, options), processes, tables.layout);
  };
  const loadedDrivers = async (): Promise<DriverImage[] | null> => {
    const found = await findLoadedModules(kernel, symbols);
    return found?.modules.map((module) => moduleInMemory(kernel.memory, module)) ?? null;
  };
  return {
    objects: survey,
    bigPages,
    bigTotals,
    loadedDrivers,
    sessionPools: () => foundOnce(sessions, kernel, readSessions),
  };
}

function noSymbols(message: string): Warning {
  return { code: 'symbols-not-found', message };
}

function tablesFound({ tables: set }: LocatedTables, { totals, readings }: TableDecoder): TablesFound {
  return {
    locatedBy: set.locatedBy,
    layout: set.layout,
    slots: set.slots,
    hashLawShare: lawfulShare(set.proof),
    facts: set.facts,
    processorTables: set.tables.map(({ processor, address }) => {
      const reading = readings.find((read) => read.table === 'processor' && read.processor === processor);
      return {
        processor,
        address,
        pages: reading?.pages ?? null,
        pagesMissing: reading?.pagesMissing ?? null,
        unread: reading?.unread ?? [],
      };
    }),
    expansion: set.expansion,
    processorsSeen: totals.tables,
    pagesMissing: totals.pagesMissing,
    entriesMissing: totals.entriesMissing,
    carve: null,
  };
}

function otherSystems({ others, sharedData, root }: Kernel): Warning[] {
  return others.map((other) => ({
    code: 'other-system',
    message: `another system lies in the memory (page table root ${hex(other.root)}, kernel at ${hex(other.base)}, time ${other.systemTime.toISOString()}); answered is the one at ${hex(root)}, ${sharedData.systemTime.toISOString()}`,
  }));
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
  warnings.push(...doubtWarnings(doubts));
  if (totals.conflicts > 0) {
    warnings.push({
      code: 'image-smeared',
      message: `${totals.conflicts} slots hold different tags in two processors' tables: the image changed while it was taken`,
    });
  }
  warnings.push(...keylessWarnings(totals.keyless));
  return warnings;
}
