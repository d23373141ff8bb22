import { cachePath } from '../../../cached-file.js';

/** A place where symbol files may be. */
export type SymbolPlace =
  /** A folder that holds the files themselves, or is laid out as a store. */
  | { readonly kind: 'folder'; readonly path: string }
  /** Stores from the nearest to the farthest; what a farther one has is copied to the nearer ones. */
  | { readonly kind: 'stores'; readonly stores: readonly string[] };

/** Where an empty store in a path stands for. */
export function defaultStore(): string {
  return cachePath('symbol-store');
}

export function isWebStore(store: string): boolean {
  return /^https?:\/\//i.test(store);
}

/**
 * Reads a path of symbols as debuggers write it in _NT_SYMBOL_PATH: elements between semicolons, tried in order.
 * `srv*NEAR*FAR` are stores, `symsrv*symsrv.dll*NEAR*FAR` the same in full, an empty one is the default store,
 * `cache*FOLDER` puts a store before everything behind it, anything else is a folder.
 * (Microsoft's debugger documentation, "Advanced SymSrv Use".)
 */
export function parseSymbolPath(text: string): SymbolPlace[] {
  const places: SymbolPlace[] = [];
  let cache: string | null = null;
  for (const element of text.split(';').map((part) => part.trim())) {
    if (element === '') continue;
    const [word, ...rest] = element.split('*');
    const named = rest.map((store) => (store.trim() === '' ? defaultStore() : store.trim()));
    const kind = word!.trim().toLowerCase();
    if (kind === 'cache') cache = named[0] ?? defaultStore();
    else if (kind === 'srv') places.push(behind(cache, named.length === 0 ? [defaultStore()] : named));
    else if (kind === 'symsrv') places.push(behind(cache, named.slice(1)));
    else if (isWebStore(element)) places.push(behind(cache, [defaultStore(), element]));
    else places.push(cache === null ? { kind: 'folder', path: element } : behind(cache, [element]));
  }
  return places;
}

/** A chain with a store before it; one that is of the web alone gets the default store, since files must lie somewhere. */
function behind(cache: string | null, stores: readonly string[]): SymbolPlace {
  const all = cache === null ? stores : [cache, ...stores];
  return { kind: 'stores', stores: all.length === 1 && isWebStore(all[0]!) ? [defaultStore(), ...all] : all };
}
