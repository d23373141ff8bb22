import { ReadableStream, type ReadableStreamDefaultController, WritableStream } from 'node:stream/web';
import type { RecordBatch } from 'apache-arrow';
import type { MemoryPage } from '../pool/table/memory-page.js';
import type { PageDecoder } from '../scan/scan.js';
import { decodedBatches, type PoolTagTransformOptions } from './decoded-batches.js';

/**
 * PoolTagTransform for web streams: `pages.pipeThrough(new PoolTagTransformStream(scan.decoder()))`. A pair of streams
 * and not a TransformStream, since one of those makes what it flushes all at once: here each batch is made when it is
 * asked for.
 */
export class PoolTagTransformStream {
  /** Takes the pages of a scan. */
  readonly writable: WritableStream<MemoryPage>;
  /** Gives record batches, after the last page; fails with what decoding throws. */
  readonly readable: ReadableStream<RecordBatch>;

  /** @param decoder of one scan (`Scan.decoder`), used once */
  constructor(decoder: PageDecoder, options: PoolTagTransformOptions = {}) {
    const batches = decodedBatches(decoder, options);
    let ended: () => void;
    let output: ReadableStreamDefaultController<RecordBatch>;
    const pagesEnded = new Promise<void>((resolve) => (ended = resolve));
    this.readable = new ReadableStream<RecordBatch>(
      {
        start: (controller) => void (output = controller),
        async pull(controller) {
          await pagesEnded;
          const next = await batches.next();
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        },
        async cancel(reason) {
          input.error(reason);
          await batches.return(undefined);
        },
      },
      { highWaterMark: 0 },
    );
    let input!: { error(reason?: unknown): void };
    this.writable = new WritableStream<MemoryPage>(
      {
        start: (controller) => void (input = controller),
        async write(page) {
          try {
            await decoder.take(page);
          } catch (error) {
            output.error(error);
            throw error;
          }
        },
        close: () => ended(),
        abort: (reason) => output.error(reason),
      },
      { highWaterMark: 1 },
    );
  }
}
