/** How far work has come. */
export interface Progress {
  /** What is worked on: the image or dataset, without credentials. */
  readonly name: string;
  /** What is counted. */
  readonly unit: 'bytes' | 'images' | 'records';
  /** How many are done. */
  readonly done: number;
  /** Of how many; null when that is not known. */
  readonly total: number | null;
}

/** How the caller of long work follows it, and ends it. */
export interface WorkOptions {
  /**
   * Ends the work early: the call rejects with the signal's reason, what it had opened is closed, and of an output that
   * is not whole nothing is left.
   */
  readonly signal?: AbortSignal | undefined;
  /** Told of progress, in steps that the work itself takes; what it throws ends the work. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Does work that a signal may end. Whatever it fails with after that, and even if it does not fail, the reason of the
 * signal is thrown: what an aborted work answers may be wrong.
 * @param discard closes what an aborted work had opened
 */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
  discard?: (result: T) => unknown,
): Promise<T> {
  signal?.throwIfAborted();
  let result: T;
  try {
    result = await work();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  if (signal?.aborted === true) {
    try {
      await discard?.(result);
    } catch {
      // Who ended the work gets its reason, and not what closing it met.
    }
    signal.throwIfAborted();
  }
  return result;
}

/**
 * The result of an operation that cannot be ended, unless the signal comes before it: who waits goes on, and the
 * operation is left behind.
 * @param discard closes what it opens after that
 */
export function unlessAborted<T>(
  operation: Promise<T>,
  signal: AbortSignal | undefined,
  discard?: (result: T) => unknown,
): Promise<T> {
  if (signal === undefined) return operation;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
      operation.then(discard).catch(() => undefined);
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    operation.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Calls `stop` when the signal comes. @returns what forgets that */
export function whenAborted(signal: AbortSignal | undefined, stop: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return () => signal.removeEventListener('abort', stop);
}

/** The results of operations that are at work side by side; when one fails its error is thrown, but after all have ended. */
export async function allDone<T>(operations: readonly Promise<T>[]): Promise<T[]> {
  const results: T[] = [];
  for (const end of await Promise.allSettled(operations)) {
    if (end.status === 'rejected') throw end.reason;
    results.push(end.value);
  }
  return results;
}
