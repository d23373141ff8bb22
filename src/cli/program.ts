import { Argument, Command as Parser, CommanderError, Option } from 'commander';
import { messageOf, type PoolTrackerError } from '../errors.js';
import { toolVersion } from '../record/schema/file-metadata.js';
import { examplesHelp, exitStatusHelp, HELP_LAYOUT, optionHelp, usageOf } from './help.js';
import {
  type ArgumentSpec,
  type Command,
  type CommandList,
  type OptionSpec,
  OptionValues,
  usageError,
} from './options/command.js';

const TITLE = 'pool-tracker: pool tag statistics from Windows memory images, as records.';
const USAGE_STATUS = 2;

function toArgument({ name, optional = false, multiple = false, help }: ArgumentSpec): Argument {
  const word = `${name}${multiple ? '...' : ''}`;
  return new Argument(optional ? `[${word}]` : `<${word}>`, help);
}

function toOption(name: string, spec: OptionSpec): Option {
  const short = spec.short === undefined ? '' : `-${spec.short}, `;
  const value = spec.value === undefined ? '' : ` <${spec.value}>`;
  const option = new Option(`${short}--${name}${value}`, optionHelp(spec));
  if (spec.env !== undefined) option.env(spec.env);
  if (spec.multiple === true) option.argParser((text, before: string[] = []) => [...before, text]);
  return option;
}

/** The given options by long name: commander stores `--no-cache` as `cache: false`. */
function valuesOf(parser: Parser): OptionValues {
  const given = parser.opts();
  return new OptionValues(
    Object.fromEntries(
      parser.options.map((option) => {
        const value: unknown = given[option.attributeName()];
        return [option.name(), option.negate ? value === false : value];
      }),
    ),
  );
}

/** The option that takes the next word: `--top`, `-o`, or the last of some flags written as one, `-qo`. */
function optionBefore(options: readonly Option[], word: string): Option | undefined {
  if (word.startsWith('--')) return options.find(({ long, required }) => required && long === word);
  if (!word.startsWith('-')) return undefined;
  const letters = [...word.slice(1)];
  const taking = letters.map((letter) => options.find(({ short, required }) => required && short === `-${letter}`));
  const first = taking.find((option) => option !== undefined);
  return taking.indexOf(first) === letters.length - 1 ? first : undefined;
}

/**
 * Commander takes any following word as a value. A word that begins with a dash is more likely the next option, after
 * a forgotten value: `--out --force` must not create a dataset of that name.
 */
function refuseOptionsAsValues(options: readonly Option[], words: readonly string[]): void {
  for (let index = 0; index < words.length && words[index] !== '--'; index++) {
    const option = optionBefore(options, words[index]!);
    if (option === undefined) continue;
    const value = words[++index];
    if (value === undefined || value === '-' || !value.startsWith('-')) continue;
    throw usageError(
      `--${option.name()}: expected a value, found '${value}'`,
      `a value that begins with a dash is written --${option.name()}=${value}`,
    );
  }
}

/** Adds a command's arguments, options and help to its parser. */
function define(parser: Parser, command: Command, summary: string): void {
  parser.description(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`).usage(usageOf(command));
  for (const spec of command.arguments) parser.addArgument(toArgument(spec));
  for (const [name, spec] of Object.entries(command.options)) parser.addOption(toOption(name, spec));
  parser.addHelpText('after', () => `${examplesHelp(command)}\n${exitStatusHelp()}`);
}

/** A one-line error for a wrong command line, from commander's one or two lines. */
function refused(error: CommanderError, parser: Parser, commands: CommandList): PoolTrackerError {
  const [, text = '', , suggestion = ''] = /^(?:error: )?(.*?)( \(Did (you mean .*)\))?$/.exec(messageOf(error)) ?? [];
  const did = suggestion === '' ? '' : ` (did ${suggestion})`;
  const name = /'(.*)'/.exec(text)?.[1] ?? '';
  const see = `see ${parser.parent === null ? '' : 'pool-tracker '}${parser.name()} --help`;
  switch (error.code) {
    case 'commander.unknownCommand':
      return usageError(`no command is named '${name}'`, `one of: ${Object.keys(commands).join(', ')}${did}`);
    case 'commander.missingArgument':
      return usageError(`${name} is missing`, see);
    case 'commander.excessArguments': {
      const expected = parser.registeredArguments.map((argument) => argument.name()).join(' ') || 'options';
      return usageError(
        `expected ${expected} only, found '${parser.args[parser.registeredArguments.length]!}' as well`,
        see,
      );
    }
    case 'commander.unknownOption': {
      const [flag, ...value] = name.split('=');
      return value.length > 0 && parser.options.some(({ long }) => long === flag)
        ? usageError(`${flag!}: expected no value, found '${value.join('=')}'`, see)
        : usageError(`unknown option '${name}'${did}`, see);
    }
    case 'commander.optionMissingArgument': {
      const [, long, value] = /(--[^ ]+) <(.+)>/.exec(name) ?? [];
      return usageError(`${long!}: expected a value, ${value!}`, see);
    }
    default:
      return usageError(text, see);
  }
}

/** Parsers of all commands, with names and summaries only. */
function program(commands: CommandList): Parser {
  const root: Parser = new Parser('pool-tracker')
    .usage('COMMAND [options]')
    .version(toolVersion(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this')
    .helpCommand(false)
    .configureHelp(HELP_LAYOUT)
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .enablePositionalOptions()
    .passThroughOptions()
    .addHelpText('before', `${TITLE}\n`)
    .addHelpText('after', () => `\npool-tracker COMMAND --help tells the options.\n${exitStatusHelp()}`);
  for (const [name, { summary }] of Object.entries(commands)) root.command(name).summary(summary);
  root
    .command('help')
    .summary('show the help of a command')
    .usage('[COMMAND]')
    .argument('[COMMAND]')
    .action(async (name?: string) => {
      await root.parseAsync(name === undefined ? ['--help'] : [name, '--help'], { from: 'user' });
    });
  return root;
}

/**
 * Runs the command named by the words, and loads no other.
 *
 * @param words the words after the program's name
 * @returns the exit status
 * @throws PoolTrackerError USAGE for an invalid command line; and whatever the command throws
 */
export async function runCommandLine(words: readonly string[], commands: CommandList): Promise<number> {
  let status = 0;
  const root = program(commands);
  let called = root;
  root.hook('preSubcommand', async (_, parser) => {
    called = parser;
    const listed = commands[parser.name()];
    if (listed === undefined) return;
    const command = await listed.load();
    define(parser, command, listed.summary);
    refuseOptionsAsValues(parser.options, root.args.slice(1));
    parser.action(async () => {
      const options = valuesOf(parser);
      const plugins = options.texts('plugin');
      if (plugins.length > 0) await (await import('../plugin/load-plugins.js')).loadPlugins(plugins);
      status = await command.run(parser.args, options);
    });
  });
  try {
    await root.parseAsync([...words], { from: 'user' });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    // Called without arguments: the help was shown.
    if (error.code === 'commander.help') return USAGE_STATUS;
    throw refused(error, called, commands);
  }
}
