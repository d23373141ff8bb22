import { toolVersion } from '../../record/schema/file-metadata.js';
import { EXIT_STATUSES, optionHelp, usageOf } from '../help.js';
import { optionsOf, type SpokenCommand } from './spoken-commands.js';

/** A text in roff: no backslash, no dash that is a hyphen, no dot or apostrophe that begins a line as a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

function bold(text: string): string {
  return `\\fB${roff(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${roff(text)}\\fR`;
}

function optionsText(spoken: SpokenCommand): string[] {
  return optionsOf(spoken).flatMap(([name, spec]) => {
    const value = spec.value === undefined ? '' : ` ${italic(spec.value)}`;
    const short = spec.short === undefined ? '' : `${bold(`-${spec.short}`)}, `;
    return ['.TP', `${short}${bold(`--${name}`)}${value}`, roff(optionHelp(spec))];
  });
}

function commandText(spoken: SpokenCommand): string[] {
  const { name, summary, command } = spoken;
  return [
    `.SS ${roff(name)}`,
    `${bold(`pool-tracker ${name}`)} ${italic(usageOf(command))}`,
    '.PP',
    `${roff(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`)}`,
    ...command.arguments.flatMap(({ name: argument, help }) => ['.TP', italic(argument), roff(help)]),
    ...optionsText(spoken),
    '.PP',
    'Examples:',
    ...command.examples.flatMap(([line, does]) => ['.TP', bold(line), roff(does)]),
  ];
}

/** The manual page of the command line, in roff: the same words as `--help`. */
export function manualPage(commands: readonly SpokenCommand[]): string {
  return [
    `.TH POOL\\-TRACKER 1 "" "pool\\-tracker ${roff(toolVersion())}" "User Commands"`,
    '.SH NAME',
    'pool\\-tracker \\- pool tag statistics from Windows memory images, as records',
    '.SH SYNOPSIS',
    `${bold('pool-tracker')} ${italic('COMMAND')} [${italic('options')}]`,
    '.SH DESCRIPTION',
    roff(
      'The Windows kernel counts every pool allocation by a four-byte tag. pool-tracker finds those counts in a memory image, proves them by the hash law of the kernel itself, and turns them into records: Parquet, NDJSON, Arrow, CSV, or a table. Data goes to standard output, words go to standard error.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap(commandText),
    '.SH EXIT STATUS',
    ...EXIT_STATUSES.flatMap(([status, meaning]) => ['.TP', bold(String(status)), roff(meaning)]),
    '',
  ].join('\n');
}
