/**
 * `make test-nodes`: the quick tests on each major version of Node that is supported, taken from the npm package `node`
 * into tmp/nodes. Exit status 1 if anything failed on one of them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

const VERSIONS = ['20', '22', '24', '26'];
const [only] = process.argv.slice(2);
const report = [];

/** The folder with the binary of a version; installed unless it is there. */
function folderOf(version) {
  const prefix = resolve('tmp/nodes', version);
  const folder = join(prefix, 'node_modules/node/bin');
  if (!existsSync(join(folder, 'node'))) {
    mkdirSync(prefix, { recursive: true });
    const words = ['install', '--prefix', prefix, '--no-audit', '--no-fund', '--loglevel', 'error', `node@${version}`];
    const { status } = spawnSync('npm', words, { stdio: 'inherit' });
    if (status !== 0) throw new Error(`node@${version} could not be installed`);
  }
  return folder;
}

for (const version of VERSIONS.filter((one) => only === undefined || one === only)) {
  const folder = folderOf(version);
  const node = join(folder, 'node');
  const { stdout: exact } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  console.log(`Node ${exact.trim()}`);
  // Tests start other programs by `node` and by `npx`: they are to be of this version, too.
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  const words = ['node_modules/mocha/bin/mocha.js', '--parallel', 'test/**/!(*.slow).test.ts'];
  const { status, stdout } = spawnSync(node, words, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
  });
  console.log(stdout);
  const last = stdout.trimEnd().split('\n').at(-1);
  report.push({ version: exact.trim(), status, last });
}
for (const { version, status, last } of report)
  console.log(`${version}: ${status === 0 ? 'passed' : 'FAILED'}; ${last}`);
process.exitCode = report.every(({ status }) => status === 0) ? 0 : 1;
