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
  constructor(private readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>) {}

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
