import { Readable } from 'node:stream';
import { PoolTrackerError, type Warning } from '../errors.js';
import { type MemoryImage, warningsOf } from '../image/image.js';
import { type PageStretch, StreamedMemory, stretchesOf } from '../image/pages.js';
import type { MemoryPage } from '../pool/table/memory-page.js';
import { PageCarver, ScanCrew } from '../pool/carve/carve.js';
import type { Source } from '../source/source.js';
import { ByteStream } from '../source/stream/byte-stream.js';
import { decodeCarved, describePass } from './carve-decoder.js';
import type { DecodedScan, FailedScan } from './scan-result.js';
import { elapsedSince, failedScan, type PageDecoder, type Scan, type ScanRequest } from './scan.js';

/** Default number of threads; with one, examination keeps pace with reading. */
const THREADS = 1;

/** A scan without page tables and symbols: every page is examined, and those of the tables are recognised. */
export class CarveScan implements Scan {
  readonly method = 'carve';
  private readonly crew: ScanCrew;
  private readonly streamed: StreamedMemory | null;

  /** @param walk the outcome of the walk, when it was tried first */
  constructor(
    private readonly input: MemoryImage | ByteStream,
    private readonly request: ScanRequest,
    private readonly walk: FailedScan | null = null,
  ) {
    this.streamed = input instanceof ByteStream ? new StreamedMemory(input) : null;
    this.crew = new ScanCrew(request.options.threads ?? THREADS);
  }

  get location(): string {
    return this.request.location;
  }

  get signal(): AbortSignal | undefined {
    return this.request.options.signal;
  }

  /** Every page of the memory, in stretches of many pages, in the order of the source. */
  pages(): Readable {
    return Readable.from(this.allPages(), { highWaterMark: 1 });
  }

  private async *allPages(): AsyncGenerator<MemoryPage> {
    const { input, streamed } = this;
    const { onProgress } = this.request.options;
    const total = input instanceof ByteStream ? input.claimedLength : input.runs.byteLength;
    const stretches: AsyncGenerator<PageStretch> =
      streamed !== null ? streamed.stretches(this.crew.pool) : stretchesOf(input as MemoryImage, this.crew.pool);
    let done = 0;
    for await (const { physicalAddress, bytes } of stretches) {
      done += bytes.length;
      onProgress?.({ name: this.source.name, unit: 'bytes', done, total });
      yield { physicalAddress, bytes, place: null, missing: null };
    }
  }

  decoder(keepProcessors = false): PageDecoder {
    const carver = new PageCarver();
    return {
      take: ({ physicalAddress, bytes }) =>
        bytes === null ? undefined : this.crew.take({ physicalAddress, bytes }, carver),
      finish: async () => {
        await this.crew.finish();
        return this.decoded(carver, keepProcessors);
      },
    };
  }

  /** A failed pass adds nothing to the findings of a preceding walk. */
  failed(error: PoolTrackerError): FailedScan {
    const { walk, request, input } = this;
    if (walk === null)
      return failedScan(
        request,
        error,
        input instanceof ByteStream ? null : { image: input, kernel: null, rejected: [] },
      );
    const { bytesRead } = this.source;
    return { ...walk, outcome: { status: 'failed', error }, bytesRead, elapsedMs: elapsedSince(request) };
  }

  private get source(): Pick<Source, 'name' | 'bytesRead' | 'archive'> {
    return this.input instanceof ByteStream ? this.input : this.input.source;
  }

  private async decoded(carver: PageCarver, keepProcessors: boolean): Promise<DecodedScan> {
    const { input, request, walk } = this;
    const image = input instanceof ByteStream ? null : input;
    const { name, bytesRead } = this.source;
    const warnings: Warning[] = [...(image === null ? [] : warningsOf(image)), ...(this.streamed?.warnings ?? [])];
    if (input instanceof ByteStream) warnings.push(...input.warnings);
    if (walk !== null)
      warnings.push({
        code: 'walk-failed',
        message: `walking failed, so the tables were carved: ${walk.outcome.error.message}`,
      });
    const decoded = await decodeCarved(carver, { request, name, image, bytesRead, warnings }, keepProcessors);
    if (decoded !== null) return decoded;
    const seen = describePass(carver.counts, carver.collection.sure);
    const failure = nothingCarved(name, seen, walk?.outcome.error ?? null);
    throw this.source.archive === undefined ? failure : noImageInArchive(name, this.source.archive, failure);
  }

  async close(): Promise<void> {
    // A thread that waits for bytes of a stream ends when the stream does.
    if (this.input instanceof ByteStream) this.input.close();
    await this.crew.close();
    if (!(this.input instanceof ByteStream)) await this.input.source.close();
  }
}

function noImageInArchive(name: string, archive: string, cause: PoolTrackerError): PoolTrackerError {
  return new PoolTrackerError(
    'NOT_AN_IMAGE',
    `${name} is a ${archive} in which no memory image was found: ${seenIn(cause, name)}`,
    {
      hint: 'unpack it and name the image',
      cause,
    },
  );
}

/** A message without the name that it begins with. */
function seenIn({ message }: PoolTrackerError, name: string): string {
  return message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
}

/** @param walkError why walking failed, when it was tried first: its code is more specific */
function nothingCarved(name: string, seen: string, walkError: PoolTrackerError | null): PoolTrackerError {
  if (walkError !== null) {
    return new PoolTrackerError(walkError.code, `${walkError.message}; carving found no tables either: ${seen}`, {
      ...(walkError.hint === null ? {} : { hint: walkError.hint }),
      data: walkError.data,
      cause: walkError,
    });
  }
  return new PoolTrackerError('TABLES_NOT_FOUND', `${name}: no pool tag tables found by carving: ${seen}`, {
    hint: 'is it memory of a Windows system, neither compressed nor encrypted?',
  });
}
