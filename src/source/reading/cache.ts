interface Entry<V> {
  readonly value: V;
  readonly weight: number;
}

/** A least-recently-used cache, limited by total weight: bytes or number of values. */
export class Cache<K, V> {
  private readonly entries = new Map<K, Entry<V>>();
  private weight = 0;
  /** The most recently used key: the same one is often requested hundreds of times in a row. */
  private youngest: K | undefined;

  /** @param most maximum total weight; exceeded only by a single heavier value */
  constructor(private readonly most: number) {}

  /** The value, which becomes the most recently used; undefined when it is not cached. */
  get(key: K): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    // Below half the limit no eviction is near: a walk with a million lookups is spared the reordering.
    if (this.weight * 2 > this.most && key !== this.youngest) {
      // A Map iterates in insertion order: the least recently used key comes first.
      this.entries.delete(key);
      this.entries.set(key, entry);
      this.youngest = key;
    }
    return entry.value;
  }

  /** Whether the key is cached; does not count as a use. */
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

/** The cached value, else the result of `load`, which is then cached. One load per key; failed loads are removed. */
export function cached<K, T>(cache: Cache<K, Promise<T>>, key: K, weight: number, load: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const loading = load();
  cache.set(key, loading, weight);
  loading.catch(() => {
    // It may have been replaced meanwhile.
    if (cache.get(key) === loading) cache.delete(key);
  });
  return loading;
}

/** What was found for an object, else what `load` finds; asked again after it failed, as a remote read may. */
export function foundOnce<K extends object, T>(
  known: WeakMap<K, Promise<T>>,
  key: K,
  load: () => Promise<T>,
): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const loading = load();
  known.set(key, loading);
  loading.catch(() => known.delete(key));
  return loading;
}
