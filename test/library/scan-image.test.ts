import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { scanImage } from '../../src/index.js';
import { IMAGE, POOL_TAG } from '../../src/record/schema/record-types.js';
import { SAMPLES_FOLDER, writeSample } from '../support/images/samples.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

describe('scanImage', () => {
  const folder = temporaryFolder();
  let image: string;

  before(() => (image = writeSample('spill-17763.elf', folder.path('spill.elf'))));

  it('gives tags by the names of their columns, with counters as exact bigints', async () => {
    const { tags, image: about, totals, warnings } = await scanImage(image, { labels: { host: 'web01' } });
    const golden = readFileSync(`${SAMPLES_FOLDER}spill-17763.elf.ndjson`, 'utf8')
      .trim()
      .split('\n')
      .filter((line) => line.includes('"tag":'));
    assert.equal(tags.length, golden.length);
    assert.equal(tags.length, totals.length);
    const first = tags[0]!;
    const allocs: bigint = first.nonpaged_allocs;
    const big: bigint | null = first.big_bytes;
    assert.deepEqual([typeof allocs, first.host, big === null || typeof big === 'bigint'], ['bigint', 'web01', true]);
    for (const tag of tags) {
      const line = golden.find((text) => text.includes(`"key":${tag.key},`) && text.includes(`"slot":${tag.slot},`))!;
      for (const name of ['nonpaged_allocs', 'nonpaged_bytes', 'paged_frees', 'paged_bytes'] as const)
        assert.ok(line.includes(`"${name}":${tag[name]},`), `${tag.tag}: ${name}`);
    }
    assert.equal(about.tags, totals.length);
    assert.equal(about.status, 'ok');
    assert.ok(Array.isArray(warnings));
  });

  it('gives every column of the schema and no other', async () => {
    const { tags, image: about } = await scanImage(image);
    const names = (columns: readonly { readonly name: string }[]): string[] => columns.map(({ name }) => name).sort();
    for (const tag of tags) assert.deepEqual(Object.keys(tag).sort(), names(POOL_TAG.columns));
    assert.deepEqual(Object.keys(about).sort(), names(IMAGE.columns));
  });

  it('selects, and writes what it is told to', async () => {
    const output = folder.path('top.ndjson');
    const { tags, totals } = await scanImage(image, {
      outputs: [output],
      selection: { sort: 'bytes', top: 3 },
    });
    assert.deepEqual([tags.length, totals.length > 3], [3, true]);
    const lines = readFileSync(output, 'utf8').trim().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { key: number }).key),
      tags.map(({ key }) => key),
    );
  });

  it('leaves nothing of an output when the image is none', async () => {
    const output = folder.path('none.ndjson');
    await assert.rejects(scanImage(`${SAMPLES_FOLDER}README.md`, { outputs: [output] }), { code: 'NOT_AN_IMAGE' });
    assert.equal(existsSync(output), false);
  });
});
