import { Transform, type TransformCallback } from 'node:stream';
import type { MemoryPage } from '../pool/table/memory-page.js';
import type { PageDecoder } from '../scan/scan.js';
import { decodedBatches, type PoolTagTransformOptions } from './decoded-batches.js';

/**
 * A Transform of memory pages (MemoryPage objects) into Arrow record batches. The batches come after the last page,
 * since a tag's total is known only then. It fails with the PoolTrackerError that decoding throws.
 */
export class PoolTagTransform extends Transform {
  /** Goes on with the batches when the reader has taken those before. */
  private wanted: (() => void) | null = null;

  /** @param decoder of one scan (`Scan.decoder`), used once */
  constructor(
    private readonly decoder: PageDecoder,
    private readonly options: PoolTagTransformOptions = {},
  ) {
    super({ objectMode: true, writableHighWaterMark: 64, readableHighWaterMark: 4 });
  }

  /** @hidden */
  override _transform(page: MemoryPage, _encoding: BufferEncoding, done: TransformCallback): void {
    Promise.resolve(this.decoder.take(page)).then(() => done(), done);
  }

  /** @hidden */
  override _flush(done: TransformCallback): void {
    this.pushBatches().then(() => done(), done);
  }

  /** @hidden */
  override _read(size: number): void {
    this.wanted?.();
    super._read(size);
  }

  /** @hidden */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.wanted?.();
    super._destroy(error, done);
  }

  private async pushBatches(): Promise<void> {
    for await (const batch of decodedBatches(this.decoder, this.options)) {
      if (this.destroyed) return;
      if (!this.push(batch)) await new Promise<void>((resolve) => (this.wanted = resolve));
    }
  }
}
