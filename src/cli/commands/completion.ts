import { completionScript, SHELLS } from '../shell/completion.js';
import { spokenCommands } from '../shell/spoken-commands.js';
import { type Command, type CommandList, usageError } from '../options/command.js';

/** @param commands those that are completed, this one among them */
export const completionCommand = (commands: CommandList): Command => ({
  arguments: [{ name: 'SHELL', help: `one of ${SHELLS.join(', ')}` }],
  options: {},
  examples: [
    ['source <(pool-tracker completion bash)', 'in ~/.bashrc'],
    ['pool-tracker completion zsh > "${fpath[1]}/_pool-tracker"', 'once, for zsh'],
    ['pool-tracker completion fish > ~/.config/fish/completions/pool-tracker.fish', 'once, for fish'],
  ],
  async run([word]) {
    const shell = SHELLS.find((name) => name === word);
    if (shell === undefined) throw usageError(`expected one of ${SHELLS.join(', ')}, found '${word!}'`);
    process.stdout.write(completionScript(shell, await spokenCommands(commands)));
    return 0;
  },
});
