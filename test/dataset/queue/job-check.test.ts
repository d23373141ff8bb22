import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { PoolTrackerError } from '../../../src/errors.js';
import { checkJob } from '../../../src/dataset/queue/job-check.js';
import type { ImageJob } from '../../../src/dataset/queue/work-queue.js';
import { driverCandidates } from '../../../src/scan/driver-candidates.js';
import { openBytes } from '../../../src/source/open-source.js';
import type { Source } from '../../../src/source/source.js';
import { tagKey } from '../../support/generate/tracker/tag-plan.js';
import { driverFileBytes } from '../../support/write/driver-file.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

/** A checked job as it was: what it is bound to comes from the worker. */
function withoutBounds({ ingest, ...job }: ImageJob): unknown {
  const { within: _, ...scan } = ingest.scan;
  return { ...job, ingest: { ...ingest, scan } };
}

describe('what a worker lets a job do', () => {
  const folder = temporaryFolder();
  const limits = () => ({
    outs: ['/lake', 's3://lake/pool'],
    allowed: [folder.path('dumps'), 'https://host/dumps', 's3://dumps/2024/'],
    redirects: false,
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
    symlinkSync(folder.path('dumps-evil'), folder.path('dumps/out'));
  });

  it('takes what lies where it may look', async () => {
    for (const one of [
      job(),
      job(at('https://host/dumps/a.raw')),
      job(at('s3://dumps/2024/a.raw')),
      job({}, { out: 's3://lake/pool', partition: ['date', 'host'], format: 'ndjson', allSystems: true }),
      job({}, { drivers: folder.path('dumps') }),
      job({}, {}, { symbols: folder.path('dumps/x.json'), method: 'walk', threads: 2 }),
    ])
      assert.deepEqual(withoutBounds(await checkJob(one, limits())), one);
  });

  it('lets servers redirect where the worker does', async () => {
    const one = job({}, {}, { allowRedirects: true });
    const checked = await checkJob(one, { ...limits(), redirects: true });
    assert.equal(checked.ingest.scan.allowRedirects, true);
    await assert.rejects(
      checkJob(one, limits()),
      /^PoolTrackerError: job refused: it lets servers redirect to other hosts$/,
    );
  });

  it('holds companions against it as well, through links', async () => {
    for (const name of ['split.raw.001', 'split.raw.002']) writeFileSync(folder.path(`dumps/${name}`), 'x'.repeat(40));
    writeFileSync(folder.path('dumps/split.raw.001'), 'y'.repeat(40));
    const { image, ingest } = await checkJob(job(at(folder.path('dumps/split.raw.001'))), limits());
    const open = (): Promise<number> =>
      openBytes(image.location, () => Promise.resolve(false), undefined, ingest.scan).then(async (source) => {
        await source.close();
        return (source as Source).byteLength;
      });
    assert.equal(await open(), 80);
    rmSync(folder.path('dumps/split.raw.002'));
    symlinkSync(folder.path('secret'), folder.path('dumps/split.raw.002'));
    await assert.rejects(open(), { code: 'SOURCE_NOT_PERMITTED' });
    // The image itself became a link since it was checked.
    rmSync(folder.path('dumps/split.raw.001'));
    symlinkSync(folder.path('secret'), folder.path('dumps/split.raw.001'));
    await assert.rejects(open(), { code: 'SOURCE_NOT_PERMITTED' });
  });

  it('holds what lies in a folder of drivers against it, through links', async () => {
    const drivers = folder.path('dumps/drivers');
    mkdirSync(drivers);
    const bytes = driverFileBytes({ keys: [tagKey('Leak')] });
    writeFileSync(folder.path('secret.sys'), bytes);
    writeFileSync(folder.path('dumps/drivers/own.sys'), bytes);
    symlinkSync(folder.path('secret.sys'), folder.path('dumps/drivers/link.sys'));
    const { ingest } = await checkJob(job({}, { drivers }), limits());
    const { candidates, notes } = await driverCandidates(ingest.drivers!, [tagKey('Leak')], {
      ...ingest.scan,
      cache: false,
    });
    assert.deepEqual(
      candidates.get(tagKey('Leak'))!.map(({ path }) => path),
      ['own.sys'],
    );
    assert.match(notes.join(), /link\.sys is a link to a place that may not be read/);
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
    ['a link out, as a file URL', () => job(at(pathToFileURL(folder.path('dumps/link.raw')).href))],
    ['redirects to other hosts', () => job({}, {}, { allowRedirects: true })],
    ['redirects that are no flag', () => job({}, {}, { allowRedirects: 'yes' })],
    ['a new folder behind a link out', () => job({}, {}, { spool: folder.path('dumps/out/new/folder') })],
    ['bounds of its own', () => job({}, {}, { within: ['/'] })],
    ['standard input', () => job(at('-'))],
    ['a spool folder elsewhere', () => job({}, {}, { spool: '/tmp' })],
    ['drivers elsewhere', () => job({}, { drivers: '/etc' })],
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
