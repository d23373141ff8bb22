#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { messageOf, PoolTrackerError } from '../errors.js';
import { toolVersion } from '../record/schema/file-metadata.js';
import { isClosedPipe } from '../sink/file/output-error.js';
import { discardUnfinishedFiles } from '../sink/file/whole-file.js';
import { COMMANDS } from './commands/commands.js';
import { sayError } from './display/say.js';
import { type Command, type OptionSpec, OptionValues } from './options/command.js';

const EXIT_STATUSES = `Exit status: 0 done; 1 any other error; 2 usage; 3 not a memory image, or a format that is refused;
4 no Windows kernel found; 5 tables not found or not provable; 6 incomplete, with --strict; 130 interrupted.`;

function optionLine([name, spec]: readonly [string, OptionSpec]): readonly [string, string] {
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
  return [`  ${short}--${name}${spec.value === undefined ? '' : ` ${spec.value}`}`, spec.help];
}

/** Two columns; a left side that is too long stands on a line of its own. */
function aligned(lines: readonly (readonly [string, string])[], width: number): string {
  return lines
    .map(([left, right]) =>
      left.length < width ? `${left.padEnd(width)}${right}` : `${left}\n${' '.repeat(width)}${right}`,
    )
    .join('\n');
}

export function commandHelp(command: Command): string {
  const options = Object.entries(command.options).map(optionLine);
  const examples = command.examples.map(([line, does]) => `  ${line}\n      ${does}`).join('\n');
  return `Usage: pool-tracker ${command.name} ${command.usage}

${command.summary[0]!.toUpperCase()}${command.summary.slice(1)}.

Options:
${aligned([...options, ['      --help', 'show this']], 30)}

Examples:
${examples}

${EXIT_STATUSES}
`;
}

export function generalHelp(commands: readonly Command[]): string {
  return `pool-tracker: pool tag statistics from Windows memory images, as records.

Usage: pool-tracker COMMAND [options]

Commands:
${aligned(
  commands.map((command) => [`  ${command.name}`, command.summary] as const),
  14,
)}

pool-tracker COMMAND --help tells the options; --version the version.

${EXIT_STATUSES}
`;
}

const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

function parsed(
  command: Command,
  words: readonly string[],
): { positionals: string[]; options: OptionValues; help: boolean } {
  try {
    const specs = Object.fromEntries(
      Object.entries(command.options).map(([name, { type, short, multiple }]) => [
        name,
        { type, ...(short === undefined ? {} : { short }), ...(multiple === undefined ? {} : { multiple }) },
      ]),
    );
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { ...specs, help: { type: 'boolean' } },
      allowPositionals: true,
    });
    return { positionals, options: new OptionValues(values), help: values.help === true };
  } catch (error) {
    const message = messageOf(error).split('. To specify')[0]!;
    throw new PoolTrackerError('USAGE', message, { hint: `see pool-tracker ${command.name} --help`, cause: error });
  }
}

async function run(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === '--version') {
    process.stdout.write(`${toolVersion()}\n`);
    return 0;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
    (name === undefined ? process.stderr : process.stdout).write(generalHelp(commands));
    return name === undefined ? 2 : 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    throw new PoolTrackerError('USAGE', `no command is named '${name}'`, {
      hint: `one of: ${Object.keys(COMMANDS).join(', ')}`,
    });
  }
  const command = await load();
  const { positionals, options, help } = parsed(command, rest);
  if (help) {
    process.stdout.write(commandHelp(command));
    return 0;
  }
  return command.run(positionals, options);
}

/** A reader that has seen enough (`| head`) ends the work quietly. */
function failed(error: unknown): number {
  discardUnfinishedFiles();
  if (isClosedPipe(error)) return 0;
  const known =
    error instanceof PoolTrackerError
      ? error
      : new PoolTrackerError('INTERNAL', `unexpected: ${messageOf(error)}`, { cause: error });
  sayError(known);
  if (known.code === 'INTERNAL' && process.env.POOL_TRACKER_DEBUG) console.error(error);
  return known.exitStatus;
}

for (const [signal, status] of Object.entries(SIGNAL_STATUS)) {
  process.once(signal, () => {
    discardUnfinishedFiles();
    process.exit(status);
  });
}
process.stdout.on('error', (error) => process.exit(failed(error)));
process.exitCode = await run(process.argv.slice(2)).catch(failed);
