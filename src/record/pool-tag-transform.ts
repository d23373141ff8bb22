import { Transform, type TransformCallback } from 'node:stream';
import type { MemoryPage } from '../pool/table/memory-page.js';
import type { PageDecoder } from '../scan/scan.js';
import { rowsOf, type TagSelection } from './rows/rows.js';
import { POOL_TAG } from './schema/record-types.js';
import { RecordBatchBuilder } from './arrow/record-batches.js';
import type { RecordType } from './schema/record-type.js';

/** What a PoolTagTransform makes. */
export interface PoolTagTransformOptions {
  /** Which records; pool_tag by default. */
  readonly recordType?: RecordType;
  /** Which tags, in which order; every tag by default. */
  readonly selection?: TagSelection;
}

/**
 * A Transform of memory pages (MemoryPage objects) into Arrow record batches. The batches come after the last page,
 * since a tag's total is known only then. It fails with the PoolTrackerError that decoding throws.
 */
export class PoolTagTransform extends Transform {
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

  private async pushBatches(): Promise<void> {
    const recordType = this.options.recordType ?? POOL_TAG;
    const result = await this.decoder.finish();
    const builder = new RecordBatchBuilder(recordType);
    for await (const row of rowsOf(recordType, result, this.options.selection)) {
      builder.append(row);
      if (builder.full) this.push(builder.take());
    }
    if (builder.length > 0) this.push(builder.take());
  }
}
