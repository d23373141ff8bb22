import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { COMMANDS } from '../../src/cli/commands/commands.js';
import { completionScript, SHELLS } from '../../src/cli/shell/completion.js';
import { manualPage } from '../../src/cli/shell/manual-page.js';
import { optionsOf, type SpokenCommand, spokenCommands } from '../../src/cli/shell/spoken-commands.js';
import { runCli } from '../support/run/cli.js';
import { hasProgram } from '../support/run/programs.js';

/** What bash offers for the last of some words. */
function bashOffers(script: string, words: readonly string[]): string[] {
  const text = `${script}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }
_pool_tracker; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', text, 'bash', 'pool-tracker', ...words], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
}

describe('what shells complete', () => {
  let commands: SpokenCommand[];
  before(async () => {
    commands = await spokenCommands(COMMANDS);
  });

  for (const shell of SHELLS) {
    it(`${shell}: every command and every option is in the script`, () => {
      const script = completionScript(shell, commands);
      for (const each of commands) {
        assert.ok(script.includes(each.name), each.name);
        for (const [name] of optionsOf(each))
          assert.ok(script.includes(shell === 'fish' ? `-l ${name}` : `--${name}`), `${each.name} --${name}`);
      }
    });
  }

  it('bash offers commands, options and the words that an option takes', function () {
    if (!hasProgram('bash', '--version')) this.skip();
    const script = completionScript('bash', commands);
    assert.deepEqual(bashOffers(script, ['ba']), ['batch']);
    assert.deepEqual(bashOffers(script, ['scan', '--min']), ['--min-bytes', '--min-outstanding']);
    assert.deepEqual(bashOffers(script, ['scan', '--pool', '']), ['nonpaged', 'paged']);
    assert.deepEqual(bashOffers(script, ['scan', '--top', '']), []);
    assert.deepEqual(bashOffers(script, ['scan', 'mem']), []);
    assert.deepEqual(bashOffers(script, ['help', 'inf']), ['info']);
  });

  it('fish offers the same', function () {
    if (!hasProgram('fish', '--version')) this.skip();
    const offers = (line: string): string[] =>
      execFileSync('fish', ['--no-config', '-c', `${completionScript('fish', commands)}\ncomplete -C '${line}'`], {
        encoding: 'utf8',
      })
        .split('\n')
        .filter(Boolean)
        .map((text) => text.split('\t')[0]!);
    assert.deepEqual(offers('pool-tracker ba'), ['batch']);
    assert.deepEqual(offers('pool-tracker scan --min').sort(), ['--min-bytes', '--min-outstanding']);
    assert.deepEqual(offers('pool-tracker scan --pool '), ['nonpaged', 'paged']);
  });

  it('zsh takes its script', function () {
    if (!hasProgram('zsh', '--version')) this.skip();
    const script = completionScript('zsh', commands);
    const { status, stderr } = spawnSync('zsh', ['-f', '-c', `autoload -U compinit; compinit -D -u; ${script}`], {
      encoding: 'utf8',
    });
    assert.deepEqual([status, stderr], [0, '']);
  });

  it('the command prints it, and names the shells that it knows', async () => {
    const { status, stdout } = await runCli(['completion', 'fish']);
    assert.deepEqual([status, stdout], [0, completionScript('fish', commands)]);
    const wrong = await runCli(['completion', 'tcsh']);
    assert.deepEqual(
      [wrong.status, wrong.stderr],
      [2, "pool-tracker: expected one of bash, zsh, fish, found 'tcsh'\n"],
    );
  });
});

describe('the manual page', () => {
  it('has every command, option and exit status, and no text is taken for a request', async () => {
    const page = manualPage(await spokenCommands(COMMANDS));
    for (const each of await spokenCommands(COMMANDS)) {
      assert.ok(page.includes(`.SS ${each.name}`), each.name);
      for (const [name] of optionsOf(each)) assert.ok(page.includes(`\\-\\-${name.replaceAll('-', '\\-')}`), name);
    }
    for (const line of page.split('\n')) assert.doesNotMatch(line, /^\.(?!TH|SH|SS|TP|PP)|^'/, line);
  });

  it('is formatted by groff without a warning', async function () {
    if (!hasProgram('groff', '--version')) this.skip();
    const page = manualPage(await spokenCommands(COMMANDS));
    const { status, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww'], { input: page, encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
  });
});
