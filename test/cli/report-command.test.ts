import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeSample } from '../support/images/samples.js';
import { runCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

describe('pool-tracker report', () => {
  const folder = temporaryFolder();
  let image: string;
  before(() => {
    image = writeSample('server-14393.dmp', folder.path('server.dmp'));
  });

  const titleOf = (page: string): string => /<title>(.*?)<\/title>/.exec(page)![1]!;

  it('writes one page', async () => {
    const { status, stdout, stderr } = await runCli(['report', image, '-o', folder.path('report.html')]);
    assert.deepEqual([status, stdout], [0, '']);
    assert.match(stderr, /^Windows 10\.0\.14393\.5291/);
    const page = readFileSync(folder.path('report.html'), 'utf8');
    assert.equal(titleOf(page), 'server.dmp');
    assert.match(page, /^<!doctype html>.*<\/html>\s*$/s);
  });

  it('replaces none without --force', async () => {
    const path = folder.path('taken.html');
    writeFileSync(path, 'mine');
    const refused = await runCli(['report', image, '-o', path, '-q']);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /taken\.html already exists; --force replaces it/);
    assert.equal(readFileSync(path, 'utf8'), 'mine');
    const forced = await runCli(['report', image, '-o', path, '--force', '-q', '--title', 'A & B']);
    assert.deepEqual([forced.status, forced.stderr], [0, '']);
    assert.equal(titleOf(readFileSync(path, 'utf8')), 'A &amp; B');
  });

  it('writes to standard output, and needs to be told where', async () => {
    const { status, stdout } = await runCli(['report', image, '-o', '-', '-q']);
    assert.equal(status, 0);
    assert.equal(titleOf(stdout), 'server.dmp');
    const untold = await runCli(['report', image]);
    assert.equal(untold.status, 2);
    assert.match(untold.stderr, /no output is named; -o report\.html/);
  });

  it('of an image that fails is the failure, and no file', async () => {
    const path = folder.path('text.raw');
    writeFileSync(path, 'no memory\n'.repeat(10_000));
    const scanned = await runCli(['scan', path]);
    const { status, stderr } = await runCli(['report', path, '-o', folder.path('failed.html')]);
    assert.equal(status, scanned.status);
    assert.notEqual(status, 0);
    assert.equal(stderr, scanned.stderr);
    assert.deepEqual(
      readdirSync(folder.path('.')).filter((name) => /failed|part/.test(name)),
      [],
    );
  });

  it('takes names of tags from lists and from code', async () => {
    const list = folder.path('own.txt');
    const page = readFileSync(folder.path('report.html'), 'utf8');
    const tag = /<tr id="row-0".*?<bdi>(.*?)<\/bdi>/s.exec(page)![1]!;
    writeFileSync(list, `${tag} - mydriver.sys - what it is for\n`);
    const { stdout } = await runCli(['report', image, '-o', '-', '-q', '--pooltag', list]);
    assert.match(stdout, /mydriver\.sys/);
  });

  it('of a dataset is of all its captures', async () => {
    mkdirSync(folder.path('dumps/web01'), { recursive: true });
    writeSample('server-14393.dmp', folder.path('dumps/web01/monday.dmp'));
    writeFileSync(folder.path('dumps/web01/notes.txt'), 'no memory\n');
    const lake = folder.path('lake');
    await runCli(['batch', folder.path('dumps'), '--out', lake, '--label-from', '/(?<host>[^/]+)/[^/]+$']);
    assert.ok(existsSync(lake));
    const { status, stdout, stderr } = await runCli(['report', lake, '-o', '-']);
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(titleOf(stdout), 'Fleet of 1 host');
    assert.match(stdout, /The one capture is whole/);
    assert.match(stdout, /web01/);
  });

  it('of a folder that is no dataset says so', async () => {
    mkdirSync(folder.path('empty'));
    const { status, stderr } = await runCli(['report', folder.path('empty'), '-o', '-']);
    assert.notEqual(status, 0);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
});
