import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { runCli } from './support/run/cli.js';
import { SAMPLE_NAMES, SAMPLES_FOLDER, writeSample } from './support/images/samples.js';
import { temporaryFolder } from './support/run/temporary-folder.js';

const MAX_BYTES = 300 * 1024;

/** What differs from run to run, or from machine to machine. */
const VOLATILE = /"(image_path|elapsed_ms|bytes_read|tool_version)":("[^"]*"|\d+)/g;

function stable(text: string, path: string): string {
  return text.replace(VOLATILE, '"$1":null').replaceAll(path, 'IMAGE');
}

/**
 * A new sample is two files and no code: `NAME.gz` and `NAME.ndjson`. With UPDATE_GOLDEN=1 the records are written
 * instead of compared; read the difference before you commit it.
 */
describe('the sample images', () => {
  const folder = temporaryFolder();

  it('are at least three', () => assert.ok(SAMPLE_NAMES.length >= 3));

  for (const name of SAMPLE_NAMES) {
    it(`${name}: small, and its records are the golden ones`, async () => {
      assert.ok(statSync(`${SAMPLES_FOLDER}${name}.gz`).size <= MAX_BYTES);
      const image = writeSample(name, folder.path(name));
      const records = await runCli(['scan', image, '--json', '-q']);
      assert.equal(records.status, 0, records.stderr);
      const about = await runCli(['scan', image, '-q', '-o', 'image=-', '--format', 'ndjson']);
      const actual = stable(about.stdout + records.stdout, image);
      const golden = `${SAMPLES_FOLDER}${name}.ndjson`;
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, actual);
      assert.ok(existsSync(golden), `${golden} is missing: run with UPDATE_GOLDEN=1`);
      const expected = readFileSync(golden, 'utf8').split('\n');
      for (const [index, line] of actual.split('\n').entries())
        assert.equal(line, expected[index], `line ${index + 1}`);
      assert.equal(actual.split('\n').length, expected.length);
    });
  }
});
