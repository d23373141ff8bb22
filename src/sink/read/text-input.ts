import { damaged } from './record-reader.js';

/** Far longer than any record; a file without line ends must not be collected in memory. */
const MAX_LINE_LENGTH = 16 * 2 ** 20;

/**
 * Decodes UTF-8, without a byte order mark at the beginning of the input.
 * @throws PoolTrackerError RECORDS_DAMAGED when it is not UTF-8, or a line is longer than 16 MiB
 */
export async function* textOf(bytes: AsyncIterable<Buffer>, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let offset = 0;
  let lineStart = 0;
  const decode = (chunk?: Buffer): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw damaged(name, `bytes ${offset} and on`, 'not UTF-8 text');
    }
  };
  for await (const chunk of bytes) {
    const text = decode(chunk);
    const lastLineEnd = chunk.lastIndexOf(0x0a);
    if (lastLineEnd >= 0) lineStart = offset + lastLineEnd + 1;
    offset += chunk.length;
    if (offset - lineStart > MAX_LINE_LENGTH)
      throw damaged(name, `byte ${lineStart}`, `a line longer than ${MAX_LINE_LENGTH} bytes`);
    if (text !== '') yield text;
  }
  const rest = decode();
  if (rest !== '') yield rest;
}

/**
 * Reads the first item of an iterable ahead: `first` is that item, null when there is none, and `all` gives every item.
 */
export async function peek<T>(items: AsyncIterable<T>): Promise<{ first: T | null; all: AsyncIterable<T> }> {
  const iterator = items[Symbol.asyncIterator]();
  const first = await iterator.next();
  async function* all(): AsyncGenerator<T> {
    try {
      if (first.done === true) return;
      yield first.value;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return { first: first.done === true ? null : first.value, all: all() };
}
