import { Transform, type TransformCallback } from 'node:stream';
import type { MemoryPage } from '../pool/table/memory-page.js';
import { rowsOf } from './rows/rows.js';
import type { PageDecoder } from '../scan/scan-result.js';
import { POOL_TAG } from './schema/record-types.js';
import { RecordBatchBuilder } from './arrow/record-batches.js';
import type { RecordType } from './schema/record-type.js';
import type { TagSelection } from './rows/tag-selection.js';

export interface PoolTagTransformOptions {
  /** pool_tag unless told otherwise. */
  readonly recordType?: RecordType;
  readonly selection?: TagSelection;
}

/**
 * Pages in, Arrow record batches out. The batches come when the last page has been seen: a tag's total is known only
 * then.
 */
export class PoolTagTransform extends Transform {
  constructor(
    private readonly decoder: PageDecoder,
    private readonly options: PoolTagTransformOptions = {},
  ) {
    super({ objectMode: true, writableHighWaterMark: 64, readableHighWaterMark: 4 });
  }

  override _transform(page: MemoryPage, _encoding: BufferEncoding, done: TransformCallback): void {
    Promise.resolve(this.decoder.take(page)).then(() => done(), done);
  }

  override _flush(done: TransformCallback): void {
    this.pushBatches().then(() => done(), done);
  }

  private async pushBatches(): Promise<void> {
    const recordType = this.options.recordType ?? POOL_TAG;
    const decoded = await this.decoder.finish();
    const builder = new RecordBatchBuilder(recordType);
    for await (const row of rowsOf(recordType, decoded, this.options.selection)) {
      builder.append(row);
      if (builder.full) this.push(builder.take());
    }
    if (builder.length > 0) this.push(builder.take());
  }
}
