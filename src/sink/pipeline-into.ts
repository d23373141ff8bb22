import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

type Stage = AsyncIterable<unknown> | NodeJS.ReadWriteStream;

/**
 * `pipeline` into a sink that, when it fails, also waits until the sink has cleaned up: only then is nothing left of
 * its file.
 *
 * @param stages the source and what lies between it and the sink
 */
export async function pipelineInto(sink: Writable, ...stages: readonly [Stage, ...Stage[]]): Promise<void> {
  try {
    await pipeline([...stages, sink] as never);
  } catch (error) {
    if (!sink.closed) await once(sink, 'close');
    throw error;
  }
}
