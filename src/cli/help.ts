import { Help, type HelpConfiguration } from 'commander';
import type { Command, OptionSpec } from './options/command.js';

/** Width of the help text in columns. */
const WIDTH = 80;

/** As in the README. */
export const EXIT_STATUSES: readonly (readonly [status: number, meaning: string])[] = [
  [0, 'done'],
  [1, 'any other error'],
  [2, 'usage'],
  [3, 'not a memory image, or a format that is refused'],
  [4, 'no Windows kernel found'],
  [5, 'tables not found or not provable'],
  [6, 'incomplete, with --strict'],
  [7, 'a plug-in that is refused, or that failed'],
  [130, 'interrupted'],
];

/** Layout of commander's help: terms as in manual pages, long options aligned. */
export const HELP_LAYOUT: HelpConfiguration = {
  subcommandTerm: (command) => command.name(),
  argumentTerm: (argument) => argument.name(),
  optionTerm: ({ short, flags }) => `${short === undefined ? '    ' : ''}${flags.replace(/[<>]/g, '')}`,
  // The descriptions already include choices, defaults and variables.
  optionDescription: ({ description }) => description,
};

/** `order of the tags (tag, bytes; default: tag)`; choices that the text names are not repeated. */
export function optionHelp({ help, choices, default: fallback, env }: OptionSpec): string {
  const facts = [
    ...(choices === undefined || choices.every((choice) => help.includes(choice)) ? [] : [choices.join(', ')]),
    ...(fallback === undefined ? [] : [`default: ${fallback}`]),
    ...(env === undefined ? [] : [`else from ${env}`]),
  ];
  return facts.length === 0 ? help : `${help} (${facts.join('; ')})`;
}

/** The usage after a command's name: `IMAGE... [options]`. */
export function usageOf({ arguments: specs, usage }: Command): string {
  if (usage !== undefined) return usage;
  return [...specs.map(({ name, multiple }) => `${name}${multiple === true ? '...' : ''}`), '[options]'].join(' ');
}

export function examplesHelp(command: Command): string {
  return `\nExamples:\n${command.examples.map(([line, does]) => `  ${line}\n      ${does}`).join('\n')}`;
}

export function exitStatusHelp(): string {
  const list = EXIT_STATUSES.map(([status, meaning]) => `${status} ${meaning}`).join('; ');
  return `\n${new Help().boxWrap(`Exit status: ${list}.`, WIDTH)}`;
}
