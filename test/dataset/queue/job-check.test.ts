import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import type { PoolTrackerError } from '../../../src/errors.js';
import { checkJob } from '../../../src/dataset/queue/job-check.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

describe('what a worker lets a job do', () => {
  const folder = temporaryFolder();
  const limits = () => ({
    outs: ['/lake', 's3://lake/pool'],
    allowed: [folder.path('dumps'), 'https://host/dumps', 's3://dumps/2024/'],
  });
  const job = (more: object = {}, ingest: object = {}, scan: object = {}): unknown => ({
    image: { location: folder.path('dumps/a.raw'), source: 'a', found: false, version: null },
    labels: { host: 'web01' },
    ingest: { out: '/lake', records: ['pool_tag', 'image'], scan, sink: {}, ...ingest },
    timeoutMs: 1000,
    ...more,
  });
  const at = (location: string): object => ({ image: { location, source: 'a', found: false, version: null } });

  before(() => {
    mkdirSync(folder.path('dumps'));
    mkdirSync(folder.path('dumps-evil'));
    writeFileSync(folder.path('dumps/a.raw'), '');
    writeFileSync(folder.path('secret'), '');
    symlinkSync(folder.path('secret'), folder.path('dumps/link.raw'));
  });

  it('takes what lies where it may look', async () => {
    for (const one of [
      job(),
      job(at('https://host/dumps/a.raw')),
      job(at('s3://dumps/2024/a.raw')),
      job({}, { out: 's3://lake/pool', partition: ['date', 'host'], format: 'ndjson', allSystems: true }),
      job({}, {}, { symbols: folder.path('dumps/x.json'), method: 'walk', threads: 2 }),
    ])
      assert.equal(await checkJob(one, limits()), one);
  });

  for (const [what, make] of [
    ['another dataset', () => job({}, { out: '/lake/../other' })],
    ['an image elsewhere', () => job(at('/etc/passwd'))],
    ['a folder whose name begins alike', () => job(at(folder.path('dumps-evil/a.raw')))],
    ['a way up', () => job(at(folder.path('dumps/../secret')))],
    ['a link out', () => job(at(folder.path('dumps/link.raw')))],
    ['another host', () => job(at('https://host.evil/dumps/a.raw'))],
    ['a host with a user of that name', () => job(at('https://host@evil/dumps/a.raw'))],
    ['a way up in a URL', () => job(at('https://host/dumps/../secret'))],
    ['an escaped way up in a URL', () => job(at('https://host/dumps/%2e%2e/secret'))],
    ['another bucket', () => job(at('s3://dumps/2024'))],
    ['standard input', () => job(at('-'))],
    ['a spool folder elsewhere', () => job({}, {}, { spool: '/tmp' })],
    ['symbols elsewhere', () => job({}, {}, { symbols: '/etc/passwd' })],
    ['a symbol server', () => job({}, {}, { symbolPath: 'srv*https://evil/symbols' })],
    ['an unknown field', () => job({ more: 1 })],
    ['an unknown option of the scan', () => job({}, {}, { onProgress: 1 })],
    ['a time out of range', () => job({ timeoutMs: 2 ** 31 })],
    ['labels that are no texts', () => job({ labels: { host: 1 } })],
    ['an unknown record', () => job({}, { records: ['nonsense'] })],
    ['a partition key of the language', () => job({}, { partition: ['__proto__'] })],
    ['no job', () => null],
    ['a list', () => [1]],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(checkJob(make(), limits()), (error: PoolTrackerError) => {
        assert.ok(['SOURCE_NOT_PERMITTED', 'USAGE'].includes(error.code), error.message);
        assert.ok(!error.message.includes('\n'));
        return true;
      });
    });
  }
});
