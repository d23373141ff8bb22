import { PoolTrackerError } from '../../errors.js';

function usage(message: string, hint?: string): PoolTrackerError {
  return new PoolTrackerError('USAGE', message, hint === undefined ? {} : { hint });
}

/** A whole number from `least` on. */
export function parseCount(name: string, text: string | undefined, least = 1): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
    throw usage(`--${name}: expected a whole number of at least ${least}, found '${text}'`);
  return value;
}

/** A percentage: a number from 0 on, with or without its sign. */
export function parsePercent(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}(\.\d{1,9})?%?$/.test(text))
    throw usage(`--${name}: expected a percentage from 0 on, found '${text}'`, `try --${name} 10`);
  return parseFloat(text);
}

/** One of a list of words. */
export function parseChoice<T extends string>(
  name: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw usage(`--${name}: expected one of ${choices.join(', ')}, found '${text}'`);
  return found;
}

/** `key=value` texts as an object; the last of a key wins. */
export function parseLabels(texts: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals <= 0) throw usage(`--label: expected key=value, found '${text}'`, 'try --label host=web01');
    labels[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return labels;
}

/** Refuses missing and surplus words behind a command. */
export function requireWords(words: readonly string[], what: string, most = Infinity): void {
  if (words.length === 0) throw usage(`${what} is missing`, 'see --help');
  if (words.length > most) throw usage(`expected ${what} only, found '${words[most]!}' as well`, 'see --help');
}

/** For commands that take options alone. */
export function requireNoWords(words: readonly string[]): void {
  if (words.length > 0) throw usage(`expected options only, found '${words[0]!}'`, 'see --help');
}

/** One option of a command, for parsing and for `--help`. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** What stands for its value in help: FILE, N. */
  readonly value?: string;
  readonly help: string;
}

/** Values as the command line gives them: strings and flags, not yet checked. */
export class OptionValues {
  constructor(
    private readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>,
  ) {}

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): string[] {
    const value = this.values[name];
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  }
}

/** A command of the command line. Adding one is a file and a line in `commands.ts`. */
export interface Command {
  readonly name: string;
  /** What stands behind the name: `IMAGE... [options]`. */
  readonly usage: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Shown by `--help`: a command line and what it does. */
  readonly examples: readonly (readonly [command: string, does: string])[];
  /** @returns the exit status */
  run(positionals: readonly string[], options: OptionValues): Promise<number>;
}
