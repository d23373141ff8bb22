import type { OptionSpec } from '../options/command.js';
import { isPath, optionsOf, type SpokenCommand } from './spoken-commands.js';

/** Shells that a completion is written for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const PROGRAM = 'pool-tracker';
const FUNCTION = '_pool_tracker';

/** A text in single quotes, for any of the shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** One line, up to the first full stop or colon, and short enough to stand beside a name. */
function brief(help: string): string {
  const [first] = help.split(/[:;(]/, 1);
  return first!.length > 70 ? `${first!.slice(0, 69).trimEnd()}…` : first!.trim();
}

function flags(name: string, { short }: OptionSpec): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
}

function bash(commands: readonly SpokenCommand[]): string {
  const cases = commands.map((each) => {
    const options = optionsOf(each);
    const values = options.flatMap(([name, spec]) => {
      if (spec.value === undefined || isPath(spec)) return [];
      const words = spec.choices === undefined ? '' : ` -W ${quoted(spec.choices.join(' '))}`;
      return [
        `${flags(name, spec).join('|')}) compopt +o default; mapfile -t COMPREPLY < <(compgen${words === '' ? " -W ''" : words} -- "$word"); return ;;`,
      ];
    });
    const paths = options.filter(([, spec]) => isPath(spec)).flatMap(([name, spec]) => flags(name, spec));
    return [
      `    ${each.name})`,
      '      case "$before" in',
      ...values.map((line) => `        ${line}`),
      ...(paths.length === 0 ? [] : [`        ${paths.join('|')}) return ;;`]),
      '      esac',
      `      words=${quoted(options.flatMap(([name, spec]) => flags(name, spec)).join(' '))} ;;`,
    ].join('\n');
  });
  return `# Completion of ${PROGRAM} in bash: source <(${PROGRAM} completion bash)
${FUNCTION}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} words=''
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W ${quoted([...commands.map(({ name }) => name), 'help', '--help', '--version'].join(' '))} -- "$word")
    return
  fi
  case "\${COMP_WORDS[1]}" in
    help) words=${quoted(commands.map(({ name }) => name).join(' '))} ;;
${cases.join('\n')}
  esac
  # Anything but an option is a file: the shell's own completion.
  if [[ $word == -* || \${COMP_WORDS[1]} == help ]]; then mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word"); fi
}
complete -o default -F ${FUNCTION} ${PROGRAM}
`;
}

/** A text within one of zsh's specifications, where brackets and colons have a meaning. */
function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&');
}

function zshOption([name, spec]: readonly [string, OptionSpec]): string {
  const { value, multiple, choices, short } = spec;
  const names = flags(name, spec);
  const exclusive = multiple === true || short === undefined ? '' : `(${names.join(' ')})`;
  const star = multiple === true ? '*' : '';
  const action = choices !== undefined ? `(${choices.join(' ')})` : isPath(spec) ? '_files' : ' ';
  const argument = value === undefined ? '' : `:${zshText(value)}:${action}`;
  return names
    .map((flag) =>
      quoted(
        `${star}${exclusive}${flag}${value === undefined ? '' : flag.startsWith('--') ? '=' : '+'}[${zshText(brief(spec.help))}]${argument}`,
      ),
    )
    .join(' ');
}

function zsh(commands: readonly SpokenCommand[]): string {
  const cases = commands.map(
    (each) => `        ${each.name}) _arguments -s ${optionsOf(each).map(zshOption).join(' ')} '*:file:_files' ;;`,
  );
  return `#compdef ${PROGRAM}
# Completion of ${PROGRAM} in zsh: ${PROGRAM} completion zsh > "\${fpath[1]}/_${PROGRAM}"
${FUNCTION}() {
  local -a commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
    'help:show the help of a command'
  )
  local state
  _arguments -C '(-h --help)'{-h,--help}'[show the help]' '(-V --version)'{-V,--version}'[show the version]' '1:command:->command' '*::word:->words'
  case $state in
    command) _describe command commands ;;
    words)
      case $words[1] in
        help) _describe command commands ;;
${cases.join('\n')}
      esac ;;
  esac
}
if [ "$funcstack[1]" = ${quoted(`_${PROGRAM}`)} ]; then ${FUNCTION} "$@"; else compdef ${FUNCTION} ${PROGRAM}; fi
`;
}

function fishOption(command: string, [name, spec]: readonly [string, OptionSpec]): string {
  const { short, value, choices, help } = spec;
  return [
    `complete -c ${PROGRAM} -n '__fish_seen_subcommand_from ${command}' -l ${name}`,
    ...(short === undefined ? [] : [`-s ${short}`]),
    ...(value === undefined ? [] : [isPath(spec) ? '-r -F' : '-x']),
    ...(choices === undefined ? [] : [`-a ${quoted(choices.join(' '))}`]),
    `-d ${quoted(brief(help))}`,
  ].join(' ');
}

function fish(commands: readonly SpokenCommand[]): string {
  const names = [...commands.map(({ name }) => name), 'help'].join(' ');
  return [
    `# Completion of ${PROGRAM} in fish: ${PROGRAM} completion fish > ~/.config/fish/completions/${PROGRAM}.fish`,
    ...commands.map(
      ({ name, summary }) =>
        `complete -c ${PROGRAM} -n 'not __fish_seen_subcommand_from ${names}' -f -a ${name} -d ${quoted(brief(summary))}`,
    ),
    `complete -c ${PROGRAM} -n 'not __fish_seen_subcommand_from ${names}' -f -a help -d 'show the help of a command'`,
    `complete -c ${PROGRAM} -n 'not __fish_seen_subcommand_from ${names}' -l version -s V -d 'show the version'`,
    `complete -c ${PROGRAM} -n '__fish_seen_subcommand_from help' -f -a ${quoted(commands.map(({ name }) => name).join(' '))}`,
    ...commands.flatMap((each) => optionsOf(each).map((option) => fishOption(each.name, option))),
    '',
  ].join('\n');
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly SpokenCommand[]) => string>> = { bash, zsh, fish };

/** The script that teaches a shell the commands, their options, and the words that each option takes. */
export function completionScript(shell: Shell, commands: readonly SpokenCommand[]): string {
  return SCRIPTS[shell](commands);
}
