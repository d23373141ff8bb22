import { PoolTrackerError } from '../../errors.js';

/** A word that a command takes. */
export interface ArgumentSpec {
  readonly name: string;
  readonly optional?: boolean;
  /** Takes all words that are left. */
  readonly multiple?: boolean;
  readonly help: string;
}

/** One option of a command, as data: the parser and `--help` are made from it. It is a flag when it has no `value`. */
export interface OptionSpec {
  readonly short?: string;
  /** What stands for its value in help: FILE, N. */
  readonly value?: string;
  /** It may be given several times, and each counts. */
  readonly multiple?: boolean;
  /** All the values it takes. */
  readonly choices?: readonly string[];
  /** What holds where it is not given. */
  readonly default?: string | number;
  /** The environment variable that is asked where it is not given. */
  readonly env?: string;
  readonly help: string;
}

/** Options by their long names. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** A command of the command line. Adding one is a file and an entry in `commands.ts`, which has its name and summary. */
export interface Command {
  readonly arguments: readonly ArgumentSpec[];
  /** What stands behind the name in the first line of its help; its arguments and `[options]` unless told otherwise. */
  readonly usage?: string;
  readonly options: OptionSpecs;
  /** Shown by `--help`: a command line and what it does. */
  readonly examples: readonly (readonly [command: string, does: string])[];
  /** @returns the exit status */
  run(words: readonly string[], options: OptionValues): Promise<number>;
}

/** A command as the list has it: what the general help says, and the command itself when it is called. */
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
 * What the command line gives, by the options' long names: `true`, a text, or texts, checked when they are read. An
 * option that is not given is undefined.
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
   * A whole number from `least` on.
   *
   * @throws PoolTrackerError USAGE, as the others do
   */
  count(name: string, least = 1): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw usageError(`--${name}: expected a whole number of at least ${least}, found '${text}'`);
    return value;
  }

  /** A percentage: a number from 0 on, with or without its sign. */
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
