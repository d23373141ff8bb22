import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { runCli } from '../support/run/cli.js';
import { COMMANDS } from '../../src/cli/commands/commands.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Help for a terminal of 80 columns. */
function assertReadable(help: string): void {
  for (const line of help.split('\n')) assert.ok(line.length <= 80, `${line.length} columns: ${line}`);
  assert.match(help, /Exit status: 0 done; 1 any other error; 2 usage/);
  assert.match(help, /6 incomplete, with --strict; 7 a plug-in that is refused, or that\sfailed; 130 interrupted\.\n$/);
}

describe('pool-tracker', () => {
  for (const word of ['--version', '-V']) {
    it(`tells its version: ${word}`, async () => {
      const { status, stdout, stderr } = await runCli([word]);
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: `${version}\n`, stderr: '' });
    });
  }

  for (const word of ['--help', '-h', 'help']) {
    it(`lists every command and the exit statuses: ${word}`, async () => {
      const { status, stdout } = await runCli([word]);
      assert.equal(status, 0);
      for (const name of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
      assertReadable(stdout);
    });
  }

  it('shows the help of a bare call on stderr, as a usage error', async () => {
    const { status, stdout, stderr } = await runCli([]);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /^pool-tracker: /);
  });

  for (const words of [['scna'], ['scna', '--help'], ['scna', 'memory.raw', '-q'], ['help', 'scna']]) {
    it(`refuses an unknown command in one line: ${words.join(' ')}`, async () => {
      const { status, stdout, stderr } = await runCli(words);
      assert.deepEqual([status, stdout], [2, '']);
      assert.match(stderr, /^pool-tracker: no command is named 'scna'; one of: scan, .* \(did you mean scan\?\)\n$/);
    });
  }

  it('refuses an unknown option before the command', async () => {
    const { status, stdout, stderr } = await runCli(['--nonsense', 'scan', 'memory.raw']);
    assert.deepEqual([status, stdout], [2, '']);
    assert.equal(stderr, "pool-tracker: unknown option '--nonsense'; see pool-tracker --help\n");
  });

  for (const name of Object.keys(COMMANDS)) {
    it(`${name} --help has options and examples`, async () => {
      const { status, stdout } = await runCli([name, '--help']);
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`^Usage: pool-tracker ${name} `));
      assert.match(stdout, /Examples:\n {2}\S/);
      const command = await COMMANDS[name]!.load();
      for (const option of Object.keys(command.options)) assert.ok(stdout.includes(`--${option}`), option);
      for (const { help } of command.arguments)
        assert.ok(stdout.replace(/\s+/g, ' ').includes(help), `the help of an argument: ${help}`);
      assertReadable(stdout);
    });
  }

  for (const words of [
    ['scan', '-h'],
    ['scan', 'memory.raw', '-q', '--help'],
    ['help', 'scan'],
  ]) {
    it(`${words.join(' ')} is scan --help`, async () =>
      assert.deepEqual(await runCli(words), await runCli(['scan', '--help'])));
  }
});
