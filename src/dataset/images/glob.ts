import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';

/** Whether a word contains any of the special characters of patterns. */
export function hasPattern(word: string): boolean {
  return /[*?[\]]/.test(word);
}

/** One component of a pattern: `*`, `?` and `[abc]`, `[!a-z]`; a leading dot has to be written out. */
function componentPattern(component: string): RegExp {
  const source = component.replace(
    /\[([!^]?)([^\]]+)\]|[\\^$.*+?()[\]{}|]/g,
    (found, not: string | undefined, set: string | undefined) => {
      if (set !== undefined) return `[${not === '' ? '' : '^'}${set.replace(/[\\^[]/g, '\\$&')}]`;
      return found === '*' ? '[^/]*' : found === '?' ? '[^/]' : `\\${found}`;
    },
  );
  return new RegExp(`^${component.startsWith('.') ? '' : '(?!\\.)'}${source}$`);
}

/**
 * The paths that match a pattern, sorted, as in a shell. `**` matches any number of directories and does not follow
 * links to directories.
 */
export async function* glob(pattern: string): AsyncGenerator<string> {
  const { root } = parse(pattern);
  yield* matches(
    root,
    pattern
      .slice(root.length)
      .split(/[/\\]/)
      .filter((component) => component !== ''),
  );
}

async function* matches(folder: string, components: readonly string[]): AsyncGenerator<string> {
  const [component, ...rest] = components;
  if (component === undefined) return;
  if (component === '**' ? rest.length === 0 : !hasPattern(component) && rest.length > 0) {
    yield* matches(component === '**' ? folder : join(folder, component), component === '**' ? ['*'] : rest);
    return;
  }
  if (component === '**') yield* matches(folder, rest);
  const entries = await readdir(folder === '' ? '.' : folder, { withFileTypes: true }).catch(() => []);
  const pattern = component === '**' ? componentPattern('*') : componentPattern(component);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!pattern.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (component === '**') {
      if (entry.isDirectory()) yield* matches(path, components);
    } else if (rest.length === 0) {
      yield path;
    } else if (entry.isDirectory() || entry.isSymbolicLink()) {
      yield* matches(path, rest);
    }
  }
}
