import type { Command, CommandList, OptionSpec } from '../options/command.js';

/** A command with all that help, manual page and completion tell of it. */
export interface SpokenCommand {
  readonly name: string;
  readonly summary: string;
  readonly command: Command;
}

/** Options that commander gives every command. */
export const HELP_OPTION: readonly [name: string, spec: OptionSpec] = ['help', { short: 'h', help: 'show the help' }];

/** Loads every command: what tells of all of them needs all of them. */
export function spokenCommands(commands: CommandList): Promise<SpokenCommand[]> {
  return Promise.all(
    Object.entries(commands).map(async ([name, { summary, load }]) => ({ name, summary, command: await load() })),
  );
}

/** The options of a command by name, `--help` last. */
export function optionsOf({ command }: SpokenCommand): (readonly [name: string, spec: OptionSpec])[] {
  return [...Object.entries(command.options), HELP_OPTION];
}

/** Values whose placeholder says that a file or folder is meant are completed as such. */
export function isPath({ value }: OptionSpec): boolean {
  return value !== undefined && /^(FILE|DIR|PATH|FOLDER|DATASET|IMAGE|MODULE)/.test(value);
}
