interface Entry<V> {
  readonly value: V;
  readonly weight: number;
}

/** Keeps what was used last, up to a weight: bytes, or simply how many. */
export class Cache<K, V> {
  private readonly entries = new Map<K, Entry<V>>();
  private weight = 0;
  /** The key used last: the same one is often asked for hundreds of times in a row. */
  private youngest: K | undefined;

  /** @param most what is kept weighs no more, but for a single value that weighs more by itself */
  constructor(private readonly most: number) {}

  /** The value, which is then the last to go; undefined when it is not kept. */
  get(key: K): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    // Half empty, nothing is to go soon; a walk asks a million times and need not pay for the order of uses.
    if (this.weight * 2 > this.most && key !== this.youngest) {
      // A Map iterates in order of insertion: the oldest use comes first.
      this.entries.delete(key);
      this.entries.set(key, entry);
      this.youngest = key;
    }
    return entry.value;
  }

  /** Whether it is kept; its turn to go stays the same. */
  has(key: K): boolean {
    return this.entries.has(key);
  }

  set(key: K, value: V, weight = 1): void {
    this.delete(key);
    this.entries.set(key, { value, weight });
    this.weight += weight;
    this.youngest = key;
    for (const oldest of this.entries.keys()) {
      if (this.weight <= this.most || oldest === key) return;
      this.delete(oldest);
    }
  }

  delete(key: K): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.weight -= entry.weight;
    if (key === this.youngest) this.youngest = undefined;
  }

  clear(): void {
    this.entries.clear();
    this.weight = 0;
    this.youngest = undefined;
  }
}

/** What is kept, or what `load` brings, which is then kept: one load a key at a time, and one that failed is forgotten. */
export function cached<K, T>(cache: Cache<K, Promise<T>>, key: K, weight: number, load: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const loading = load();
  cache.set(key, loading, weight);
  loading.catch(() => {
    // Another may have taken its place meanwhile.
    if (cache.get(key) === loading) cache.delete(key);
  });
  return loading;
}
