/**
 * `make torture MINUTES=n`: the test files with properties or sweeps, over and over with random seeds, until the time is
 * over. What fails is told with the seed, and with the line that pins it for ever. Exit status 1 if anything failed.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const MINUTE_MS = 60_000;
const minutes = Number(process.argv[2] ?? 30);
if (!(minutes > 0)) throw new Error(`expected a number of minutes, found '${String(process.argv[2])}'`);

const files = testFiles().filter((file) => /from '[^']*\/lanes\/property\.js'/.test(readFileSync(file, 'utf8')));
const end = Date.now() + minutes * MINUTE_MS;
const failed: string[] = [];
let runs = 0;

while (Date.now() < end) {
  for (const file of shuffled(files)) {
    if (Date.now() >= end) break;
    const seed = randomInt(2 ** 31);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['node_modules/mocha/bin/mocha.js', file], {
      env: { ...process.env, POOL_TRACKER_SEED: String(seed) },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    runs++;
    if (status === 0) continue;
    failed.push(`POOL_TRACKER_SEED=${seed} npx mocha ${file}`);
    console.log(`${stdout}${stderr}\nfailed: ${failed.at(-1)!}\n`);
  }
  console.log(`${runs} runs of ${files.length} files, ${failed.length} failed`);
}
for (const command of failed) console.log(`again: ${command}`);
process.exitCode = failed.length === 0 ? 0 : 1;

function testFiles(): string[] {
  const names = readdirSync('test', { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.test.ts')).map((name) => `test/${name}`);
}

function shuffled(list: readonly string[]): string[] {
  const rest = [...list];
  return list.map(() => rest.splice(randomInt(rest.length), 1)[0]!);
}
