import { ReadableStream } from 'node:stream/web';

/**
 * A web stream of what a generator yields: it is asked for a value when the stream is, and ended when that is cancelled.
 * `ReadableStream.from` asks for one ahead, and Node 20.0 does not have it.
 */
export function streamOf<T>(values: AsyncGenerator<T, unknown, undefined>): ReadableStream<T> {
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const next = await values.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await values.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
