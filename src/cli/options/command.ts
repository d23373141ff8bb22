import { PoolTrackerError } from '../../errors.js';

/** An argument of a command. */
export interface ArgumentSpec {
  readonly name: string;
  readonly optional?: boolean;
  /** Takes all remaining words. */
  readonly multiple?: boolean;
  readonly help: string;
}

/** One option of a command, as data: for the parser and `--help`. It is a flag when it has no `value`. */
export interface OptionSpec {
  readonly short?: string;
  /** The placeholder for its value in help: FILE, N. */
  readonly value?: string;
  /** It may be given several times; all values are used. */
  readonly multiple?: boolean;
  /** All valid values. */
  readonly choices?: readonly string[];
  /** The value when it is not given. */
  readonly default?: string | number;
  /** The environment variable that is read when it is not given. */
  readonly env?: string;
  readonly help: string;
}

/** Options by their long names. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** A command. To add one: a file, and an entry in `commands.ts` with its name and summary. */
export interface Command {
  readonly arguments: readonly ArgumentSpec[];
  /** The text after the name in the first line of its help; default: its arguments and `[options]`. */
  readonly usage?: string;
  readonly options: OptionSpecs;
  /** Shown by `--help`: a command line and what it does. */
  readonly examples: readonly (readonly [command: string, does: string])[];
  /** @returns the exit status */
  run(words: readonly string[], options: OptionValues): Promise<number>;
}

/** A list entry for a command: its summary for the general help, and a loader of the command itself. */
export interface ListedCommand {
  readonly summary: string;
  load(): Promise<Command>;
}

/** Commands by name, in the order of the help. */
export type CommandList = Readonly<Record<string, ListedCommand>>;

/** A wrong command line: exit status 2. */
export function usageError(message: string, hint?: string): PoolTrackerError {
  return new PoolTrackerError('USAGE', message, hint === undefined ? {} : { hint });
}

/**
 * The given options by long name: `true`, a text, or texts, validated when they are read. An option that is not given
 * is undefined.
 */
export class OptionValues {
  constructor(private readonly values: Readonly<Record<string, unknown>>) {}

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** Each value of an option that may be given several times. */
  texts(name: string): readonly string[] {
    return (this.values[name] as readonly string[] | undefined) ?? [];
  }

  /**
   * A whole number, at least `least`.
   *
   * @throws PoolTrackerError USAGE, like the other methods
   */
  count(name: string, least = 1): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw usageError(`--${name}: expected a whole number of at least ${least}, found '${text}'`);
    return value;
  }

  /** A number of bytes: `4096`, `64k`, `1.5 MiB`; units are powers of 1,024, as poolmon's and !poolused's are. */
  bytes(name: string): bigint | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const [, whole, fraction = '', unit = ''] =
      /^(\d{1,15})(?:\.(\d{1,6}))? *(?:([kmgt])(?:i?b)?|b)?$/i.exec(text) ?? [];
    if (whole === undefined)
      throw usageError(`--${name}: expected a number of bytes, found '${text}'`, `try --${name} 64k or 1.5MiB`);
    const scale = 1n << BigInt(10 * '.kmgt'.indexOf(unit.toLowerCase() || '.'));
    return (BigInt(whole + fraction) * scale) / 10n ** BigInt(fraction.length);
  }

  /** A time in ISO 8601, in UTC unless it names another zone; milliseconds since 1970. */
  time(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const isWhole = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text);
    const time = Date.parse(/T?\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text) ? `${text.replace(' ', 'T')}Z` : text);
    if (!isWhole || Number.isNaN(time))
      throw usageError(`--${name}: expected a time, found '${text}'`, `try --${name} 2026-01-31T12:00:00Z`);
    return time;
  }

  /** A percentage: a number, at least 0, with or without a percent sign. */
  percent(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d{1,9}(\.\d{1,9})?%?$/.test(text))
      throw usageError(`--${name}: expected a percentage from 0 on, found '${text}'`, `try --${name} 10`);
    return parseFloat(text);
  }

  /** One of a list of words. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw usageError(`--${name}: expected one of ${choices.join(', ')}, found '${text}'`);
    return found;
  }
}
