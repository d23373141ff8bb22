import type { Command, OptionSpec } from './command.js';

const EXIT_STATUSES = `Exit status: 0 done; 1 any other error; 2 usage; 3 not a memory image, or a format that is refused;
4 no Windows kernel found; 5 tables not found or not provable; 6 incomplete, with --strict; 130 interrupted.`;

function optionLine([name, spec]: readonly [string, OptionSpec]): readonly [string, string] {
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
  return [`  ${short}--${name}${spec.value === undefined ? '' : ` ${spec.value}`}`, spec.help];
}

/** Two columns; a left side that is too long stands on a line of its own. */
function aligned(lines: readonly (readonly [string, string])[], width: number): string {
  return lines.map(([left, right]) => (left.length < width ? `${left.padEnd(width)}${right}` : `${left}\n${' '.repeat(width)}${right}`)).join('\n');
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
${aligned(commands.map((command) => [`  ${command.name}`, command.summary] as const), 14)}

pool-tracker COMMAND --help tells the options; --version the version.

${EXIT_STATUSES}
`;
}
