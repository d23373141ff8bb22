import { PoolTrackerError } from './errors.js';

/**
 * What plug-ins have added to one of our lists, in the order in which they came. The list itself says where it stands:
 * behind ours, so that none of ours is shadowed.
 */
export class Plugged<Item extends { readonly name: string }> {
  private items: readonly Item[] = [];

  get all(): readonly Item[] {
    return this.items;
  }

  /** @returns takes them out again */
  add(items: readonly Item[]): () => void {
    this.items = [...this.items, ...items];
    return () => {
      this.items = this.items.filter((item) => !items.includes(item));
    };
  }
}

/**
 * The item of a list that a name says.
 * @param what what the list is of: `image format`
 * @param more said behind the names, as a hint
 * @throws PoolTrackerError USAGE for a name that is not in it
 */
export function itemNamed<Item extends { readonly name: string; readonly aliases?: readonly string[] }>(
  items: readonly Item[],
  name: string,
  what: string,
  more = '',
): Item {
  const found = items.find((item) => item.name === name || item.aliases?.includes(name) === true);
  if (found !== undefined) return found;
  throw new PoolTrackerError('USAGE', `no ${what} is named '${name}'`, {
    hint: `one of: ${items.map((item) => item.name).join(', ')}${more}`,
  });
}
