import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { runCli } from '../support/run-cli.js';
import { COMMANDS } from '../../src/cli/commands/commands.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

describe('pool-tracker', function () {
  this.timeout(30_000);

  it('tells its version', async () =>
    assert.deepEqual(await runCli(['--version']), { status: 0, stdout: `${version}\n`, stderr: '' }));

  it('lists every command and the exit statuses', async () => {
    const { status, stdout } = await runCli(['--help']);
    assert.equal(status, 0);
    for (const name of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
    assert.match(stdout, /Exit status: 0 done; 1 any other error; 2 usage/);
  });

  it('shows the help of a bare call on stderr, as a usage error', async () => {
    const { status, stdout, stderr } = await runCli([]);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /^pool-tracker: /);
  });

  it('refuses an unknown command', async () => {
    const { status, stderr } = await runCli(['scna']);
    assert.equal(status, 2);
    assert.match(stderr, /no command is named 'scna'; one of: scan, /);
  });

  for (const name of Object.keys(COMMANDS)) {
    it(`${name} --help has options and examples`, async () => {
      const { status, stdout } = await runCli([name, '--help']);
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`^Usage: pool-tracker ${name} `));
      assert.match(stdout, /Examples:\n {2}\S/);
      const command = await COMMANDS[name]!();
      for (const option of Object.keys(command.options)) assert.ok(stdout.includes(`--${option}`), option);
    });
  }
});
