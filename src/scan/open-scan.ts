import { PoolTrackerError } from '../errors.js';
import type { MemoryImage } from '../image/image.js';
import { keepsWrapper, openImage } from '../image/formats.js';
import { RunListBuilder } from '../image/run-list.js';
import { Unreadable } from '../image/unreadable.js';
import { ByteStream } from '../source/stream/byte-stream.js';
import type { Source } from '../source/source.js';
import { openBytes } from '../source/open-source.js';
import { abortable } from '../work.js';
import { CarveScan } from './carve-scan.js';
import type { FailedScan } from './scan-result.js';
import { dated, failedScan, type Scan, type ScanOptions, type ScanRequest, scanRequest } from './scan.js';
import { WalkScan } from './walk-scan.js';
import { findKernels } from '../kernel/root/root.js';
import { PhysicalMemory } from '../memory/physical-memory.js';

/** Walk errors after which carving is tried. */
const CARVED_AFTER = new Set(['NO_KERNEL', 'TABLES_NOT_FOUND']);

/**
 * Opens an image and finds its tables: by walking if possible, else by carving, unless `method` is given.
 * @param location a path, an http://, https:// or s3:// URL, or - for standard input; in a compression wrapper or not
 * @throws PoolTrackerError when the image cannot be opened or its tables cannot be found; EXIT_STATUS lists the codes
 */
export function openScan(location: string, options: ScanOptions = {}): Promise<Scan> {
  return abortable(
    options.signal,
    async () => {
      const opened = await open(scanRequest(location, options));
      if ('outcome' in opened) throw opened.outcome.error;
      return opened;
    },
    (scan) => scan.close(),
  );
}

/**
 * Opens an image as `openScan` does.
 * @returns the scan, which the caller must close; on failure, the result with what was found before the error
 */
export function tryOpenScan(location: string, options: ScanOptions = {}): Promise<Scan | FailedScan> {
  return abortable(
    options.signal,
    async () => {
      const request = scanRequest(location, options);
      const opened = await open(request).catch((error: unknown) => {
        if (error instanceof PoolTrackerError) return failedScan(request, error);
        throw error;
      });
      return 'outcome' in opened ? dated(opened, location) : opened;
    },
    (scan) => ('outcome' in scan ? undefined : scan.close()),
  );
}

async function open(request: ScanRequest): Promise<Scan | FailedScan> {
  const bytes = await openBytes(request.location, keepsWrapper, request.options.spool, request.options);
  let opened: Scan | FailedScan | null = null;
  try {
    return (opened = await scanOf(bytes, request));
  } finally {
    if (opened === null || 'outcome' in opened) await bytes.close();
  }
}

async function scanOf(bytes: Source | ByteStream, request: ScanRequest): Promise<Scan | FailedScan> {
  const { options } = request;
  if (options.root !== undefined) requireWalk(bytes, options, '--root');
  if (options.architecture !== undefined) requireWalk(bytes, options, '--architecture');
  if (bytes instanceof ByteStream) {
    if (options.method === 'walk') throw cannotWalk(bytes);
    return new CarveScan(bytes, request);
  }
  if (options.method === 'carve') return new CarveScan(await imageToCarve(bytes, options), request);
  const image = await openImage(bytes, options.imageFormat);
  const walk = await WalkScan.open(image, request);
  return 'outcome' in walk && isCarvedAfter(walk, options) ? new CarveScan(image, request, walk) : walk;
}

/** What only a walk can have is not carved instead. */
function isCarvedAfter({ outcome }: FailedScan, { method, locate, root, architecture }: ScanOptions): boolean {
  const isWalk = method === 'walk' || locate !== undefined || root !== undefined || architecture !== undefined;
  return !isWalk && CARVED_AFTER.has(outcome.error.code);
}

/** @throws PoolTrackerError USAGE where the image is to be carved, SOURCE_UNREADABLE where it comes as a stream */
function requireWalk(bytes: Source | ByteStream, { method }: ScanOptions, option: string): void {
  if (!(bytes instanceof ByteStream) && method !== 'carve') return;
  const isStream = bytes instanceof ByteStream;
  throw new PoolTrackerError(
    isStream ? 'SOURCE_UNREADABLE' : 'USAGE',
    `${option} needs page tables, and ${bytes.name} is carved`,
    { hint: isStream ? 'add --spool DIR, to walk it' : 'leave out --method carve' },
  );
}

/** The scans of all systems in an image, and what closes it. */
export interface OpenSystems {
  /** The one that is answered for by default first, then by their clocks. A failed one is no reason to fail the others. */
  readonly scans: readonly (Scan | FailedScan)[];
  /** Closes the image, and so every scan. */
  close(): Promise<void>;
}

/**
 * Opens an image and finds the tables of each system in its memory: the one that runs, and what an earlier boot, a
 * hibernation or a guest left. All of memory is searched for page table roots, up to 64 GiB.
 * @throws PoolTrackerError when the image cannot be opened, or no system is found
 */
export function openSystems(location: string, options: ScanOptions = {}): Promise<OpenSystems> {
  return abortable(
    options.signal,
    () => openAll(location, options),
    (systems) => systems.close(),
  );
}

async function openAll(location: string, options: ScanOptions): Promise<OpenSystems> {
  const request = scanRequest(location, options);
  if (options.root !== undefined)
    throw new PoolTrackerError('USAGE', '--root names one system, --all-systems all of them', {
      hint: 'leave one out',
    });
  const bytes = await openBytes(location, keepsWrapper, options.spool, options);
  try {
    requireWalk(bytes, options, '--all-systems');
    const image = await openImage(bytes as Source, options.imageFormat);
    const kernels = await findKernels(new PhysicalMemory(image), {
      isWide: true,
      ...(options.architecture !== undefined && { architecture: options.architecture }),
    });
    if ('error' in kernels) throw kernels.error;
    const scans: (Scan | FailedScan)[] = [];
    for (const kernel of kernels.found) scans.push(await WalkScan.ofKernel(request, kernel, kernels.rejected));
    return { scans, close: () => image.source.close() };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

function cannotWalk(stream: ByteStream): PoolTrackerError {
  return new PoolTrackerError(
    'SOURCE_UNREADABLE',
    `cannot walk ${stream.name}: it comes as a stream, and page tables lead here and there`,
    {
      hint: 'add --spool DIR to keep it in a temporary file meanwhile, or carve it: --method carve',
    },
  );
}

/** A fragment too small for a memory image can still be carved. */
async function imageToCarve(source: Source, { imageFormat }: ScanOptions): Promise<MemoryImage> {
  try {
    return await openImage(source, imageFormat);
  } catch (error) {
    if (!(error instanceof PoolTrackerError) || error.code !== 'NOT_AN_IMAGE' || source.byteLength === 0) throw error;
    const runs = new RunListBuilder('raw');
    runs.add(0, source.byteLength, 0);
    return { format: 'raw', source, runs: runs.build(), hints: {}, unreadable: new Unreadable(), warnings: [] };
  }
}
