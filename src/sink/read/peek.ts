/** An iterable whose first item is known before anyone iterates it. Null when it has none. */
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
