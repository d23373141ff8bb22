import { Readable } from 'node:stream';
import { PoolTrackerError, type Warning } from '../errors.js';
import type { MemoryImage } from '../image/image.js';
import { stretchesOf, type PageStretch } from '../image/pages.js';
import { StreamedMemory } from '../image/pages.js';
import type { MemoryPage } from '../pool/table/memory-page.js';
import { PageCarver } from '../pool/carve/page-carver.js';
import { ScanCrew } from '../pool/carve/scan-crew.js';
import type { DecodedImage, PageDecoder } from './scan-result.js';
import { ByteStream } from '../source/stream/byte-stream.js';
import { decodeCarved, describePass } from './carve-decoder.js';
import type { Scan } from './scan.js';
import type { ScanOptions } from './scan.js';

/** Looking keeps pace with reading from here on. */
const THREADS = 1;

/** A scan that needs no page tables and no symbols: every page is looked at, and the tables' own are recognised. */
export class CarveScan implements Scan {
  readonly method = 'carve';
  private readonly crew: ScanCrew;
  private readonly streamed: StreamedMemory | null;
  private readonly startedAt = performance.now();

  /** @param walkError why walking failed, when it was tried first */
  constructor(
    private readonly input: MemoryImage | ByteStream,
    private readonly options: ScanOptions,
    private readonly walkError: PoolTrackerError | null = null,
  ) {
    this.streamed = input instanceof ByteStream ? new StreamedMemory(input) : null;
    this.crew = new ScanCrew(options.threads ?? THREADS);
  }

  /** Every page of the memory, many in one, in the order of the source. */
  pages(): Readable {
    return Readable.from(this.allPages(), { highWaterMark: 1 });
  }

  private async *allPages(): AsyncGenerator<MemoryPage> {
    const {
      input,
      streamed,
      options: { onProgress },
    } = this;
    const total = input instanceof ByteStream ? input.claimedLength : input.runs.byteLength;
    const stretches: AsyncGenerator<PageStretch> =
      streamed !== null ? streamed.stretches(this.crew.pool) : stretchesOf(input as MemoryImage, this.crew.pool);
    let done = 0;
    for await (const { physicalAddress, bytes } of stretches) {
      done += bytes.length;
      onProgress?.(done, total);
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

  private async decoded(carver: PageCarver, keepProcessors: boolean): Promise<DecodedImage> {
    const { input, walkError } = this;
    const image = input instanceof ByteStream ? null : input;
    const warnings: Warning[] = [...(image?.warnings ?? []), ...(this.streamed?.warnings ?? [])];
    if (walkError !== null)
      warnings.push({
        code: 'walk-failed',
        message: `walking failed, so the tables were carved: ${walkError.message}`,
      });
    const name = image?.source.name ?? (input as ByteStream).name;
    const decoded = await decodeCarved(
      carver,
      {
        name,
        labels: this.options.labels ?? {},
        image,
        warnings,
        startedAt: this.startedAt,
        bytesRead: image?.source.bytesRead ?? (input as ByteStream).bytesRead,
      },
      keepProcessors,
    );
    if (decoded !== null) return decoded;
    const seen = describePass(carver.counts, carver.collection.sure);
    if (walkError !== null) {
      throw new PoolTrackerError(walkError.code, `${walkError.message}; carving found no tables either: ${seen}`, {
        ...(walkError.hint === null ? {} : { hint: walkError.hint }),
        data: walkError.data,
        cause: walkError,
      });
    }
    throw new PoolTrackerError('TABLES_NOT_FOUND', `${name}: no pool tag tables found by carving: ${seen}`, {
      hint: 'is it memory of a Windows system, neither compressed nor encrypted?',
    });
  }

  async close(): Promise<void> {
    await this.crew.close();
    if (this.input instanceof ByteStream) this.input.close();
    else await this.input.source.close();
  }
}
