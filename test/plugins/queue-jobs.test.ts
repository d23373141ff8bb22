import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { LoadedPlugins } from '../../src/index.js';
import { loadPlugins } from '../../src/index.js';
import { checkJob } from '../../src/dataset/queue/job-check.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { samplePlugin } from '../support/write/plugin.js';

describe('a job of a queue, and plug-ins', () => {
  const folder = temporaryFolder();
  let plugins: LoadedPlugins;
  const job = (location: string, ingest: object = {}, scan: object = {}): unknown => ({
    image: { location, source: 'a', found: false, version: null },
    labels: {},
    ingest: { out: '/lake', records: ['pool_tag'], scan, sink: {}, ...ingest },
    timeoutMs: 1000,
  });
  const check = (one: unknown, ...allowed: string[]): Promise<unknown> =>
    checkJob(one, { outs: ['/lake'], allowed: [folder.path('dumps'), ...allowed], redirects: false });
  const location = (): string => `tar:${folder.path('dumps/a.tar')}!x.raw`;

  before(async () => {
    mkdirSync(folder.path('dumps'));
    writeFileSync(folder.path('dumps/a.tar'), '');
    plugins = await loadPlugins([samplePlugin('tar-member')]);
  });
  after(() => plugins.unload());

  it('can name none', async () => {
    const image = folder.path('dumps/a.tar');
    for (const one of [
      { ...(job(image) as object), plugins: ['/tmp/x.mjs'] },
      job(image, { plugins: ['/tmp/x.mjs'] }),
      job(image, {}, { plugins: ['/tmp/x.mjs'] }),
      job(image, {}, { plugin: '/tmp/x.mjs' }),
    ])
      await assert.rejects(check(one), /job refused: .* has a field "plugins?", which is not known/);
  });

  it("may be in a plug-in's scheme only where the worker was started with that", async () => {
    const refused = /is not in a place that this worker may read/;
    await assert.rejects(check(job(location())), refused);
    await assert.rejects(check(job(location()), `tar:${folder.path('dump')}`), refused);
    await assert.rejects(check(job(location()), 'other:'), refused);
    for (const prefix of ['tar:', `tar:${folder.path('dumps')}`, `tar:${folder.path('dumps/')}`, location()])
      assert.ok(await check(job(location()), prefix), prefix);
  });

  it('cannot climb out of what is allowed', async () => {
    const prefix = `tar:${folder.path('dumps')}`;
    for (const path of ['dumps/../secret.tar!x', 'dumps/..!x', 'dumps/a.tar!../x', 'dumps/%2e%2e/a.tar!x'])
      await assert.rejects(check(job(`tar:${folder.path('.')}/${path}`), prefix), { code: 'SOURCE_NOT_PERMITTED' });
  });
});
