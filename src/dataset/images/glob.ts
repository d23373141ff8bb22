import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';

/** Whether a word contains any of the special characters of patterns. */
export function hasPattern(word: string): boolean {
  return /[*?[\]]/.test(word);
}

/** One character of a name, or any number of them (null). */
type Step = ((char: string) => boolean) | null;

function stepsOf(component: string): Step[] {
  const steps: Step[] = [];
  const characters = [...component];
  for (let at = 0; at < characters.length; at++) {
    const char = characters[at]!;
    const end = char === '[' ? characters.indexOf(']', at + 2) : -1;
    if (char === '*') {
      if (steps.at(-1) !== null || steps.length === 0) steps.push(null);
    } else if (char === '?') steps.push(() => true);
    else if (end > 0) {
      steps.push(setOf(characters.slice(at + 1, end)));
      at = end;
    } else steps.push((other) => other === char);
  }
  return steps;
}

/** `abc`, `a-z`, `!a-z` or `^a-z`. */
function setOf(characters: readonly string[]): (char: string) => boolean {
  const isNegated = characters.length > 1 && /[!^]/.test(characters[0]!);
  const members = isNegated ? characters.slice(1) : characters;
  const ranges: [string, string][] = [];
  for (let at = 0; at < members.length; at++) {
    const isRange = members[at + 1] === '-' && at + 2 < members.length;
    ranges.push([members[at]!, members[isRange ? at + 2 : at]!]);
    if (isRange) at += 2;
  }
  return (char) => ranges.some(([first, last]) => char >= first && char <= last) !== isNegated;
}

/**
 * Whether a name matches one component of a pattern: `*`, `?` and `[abc]`, `[!a-z]`; a leading dot has to be written
 * out. Goes back to the last `*` alone, so that the time is at most the product of both lengths.
 */
export function matchesComponent(component: string, name: string): boolean {
  if (name.startsWith('.') && !component.startsWith('.')) return false;
  const steps = stepsOf(component);
  const characters = [...name];
  let [step, at] = [0, 0];
  let [star, from] = [-1, 0];
  while (at < characters.length) {
    const wanted = steps[step];
    if (step < steps.length && wanted === null) {
      [star, from] = [step, at];
      step++;
    } else if (wanted != null && wanted(characters[at]!)) {
      step++;
      at++;
    } else if (star >= 0) {
      step = star + 1;
      at = ++from;
    } else return false;
  }
  return steps.slice(step).every((rest) => rest === null);
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
  const pattern = component === '**' ? '*' : component;
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!matchesComponent(pattern, entry.name)) continue;
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
