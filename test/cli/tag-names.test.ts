import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../support/run/cli.js';
import { tagKey } from '../support/generate/tracker/tag-plan.js';
import { generateMemory } from '../support/generate/memory.js';
import { writeModules } from '../support/generate/kernel/module-writer.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { driverFileBytes } from '../support/write/driver-file.js';
import { writeRaw } from '../support/write/raw.js';

interface TagRecord {
  readonly tag: string;
  readonly driver: string | null;
  readonly description: string | null;
  readonly candidates: string | null;
  readonly candidate_drivers: string | null;
}

const COUNTED = ['Proc', 'TcpE', 'CM31', 'Leak', 'Bare', 'Mine'];
/** On the built-in list; a table with too few tags proves nothing. */
const UNUSED = [...'abcdefghijklmnopqrstuvwxyz'].map((letter) => `CM${letter}${letter}`);
const TAGS = [...COUNTED, ...UNUSED].map((tag, index) => ({
  key: tagKey(tag),
  perProcessor: [
    index >= COUNTED.length
      ? {}
      : { nonPagedAllocs: BigInt(index + 1), nonPagedBytes: 64n, pagedAllocs: 2n, pagedFrees: 1n, pagedBytes: -16n },
  ],
}));
const DRIVER = Buffer.concat([
  Buffer.from('MZ'),
  Buffer.alloc(0x800),
  Buffer.from([0x41, 0xb8]),
  Buffer.from('Leak'),
  Buffer.alloc(16),
]);

describe('pool-tracker scan, names of tags', () => {
  const folder = temporaryFolder();
  let image = '';
  let pooltag = '';
  before(async () => {
    const generated = generateMemory({ memoryBytes: 32 << 20, tags: TAGS, processors: 1 });
    writeModules(generated, [{ name: 'leaky.sys', bytes: DRIVER }]);
    image = folder.path('memory.raw');
    await writeRaw(generated, image);
    pooltag = folder.path('pooltag.txt');
    writeFileSync(
      pooltag,
      'rem ours\r\nMine - mine.sys - my own - and more\r\nno entry\r\nProc - our-nt - ours first\r\n',
    );
  });

  async function records(...words: string[]): Promise<Map<string, TagRecord>> {
    const { status, stdout, stderr } = await runCli(['scan', image, '--json', '-q', ...words]);
    assert.equal(status, 0, stderr);
    return new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as TagRecord)
        .map((record) => [record.tag, record]),
    );
  }

  it('come from the built-in list, null for a tag that is not on it', async () => {
    const found = await records();
    assert.equal(found.get('TcpE')?.driver, 'tcpip.sys');
    assert.equal(found.get('CM31')?.driver, 'nt!cm');
    assert.ok(found.get('Proc')?.description?.startsWith('Process'));
    const { driver, description, candidates } = found.get('Leak')!;
    assert.deepEqual([driver, description, candidates], [null, null, null]);
  });

  it('come from --pooltag first', async () => {
    const found = await records('--pooltag', pooltag);
    assert.deepEqual([found.get('Mine')?.driver, found.get('Mine')?.description], ['mine.sys', 'my own - and more']);
    assert.equal(found.get('Proc')?.driver, 'our-nt');
    assert.equal(found.get('TcpE')?.driver, 'tcpip.sys');
  });

  it('are taken from several files, and malformed lines are counted on stderr', async () => {
    const second = folder.path('second.txt');
    writeFileSync(second, 'Leak - leak.sys\n');
    const { status, stdout, stderr } = await runCli([
      'scan',
      image,
      '--json',
      '--third-party',
      '--pooltag',
      pooltag,
      '--pooltag',
      second,
    ]);
    assert.equal(status, 0);
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as TagRecord).tag),
      ['Bare'],
    );
    assert.ok(
      stderr.includes(`warning: ${pooltag}: 1 of its lines are malformed, the first is line 3; 2 entries were read\n`),
      stderr,
    );
  });

  it('leave --third-party what is on no list', async () => {
    assert.deepEqual([...(await records('--third-party')).keys()], ['Bare', 'Leak', 'Mine']);
  });

  it('are guessed with --drivers, from the loaded modules or from files, for tags on no list alone', async () => {
    const directory = folder.path('drivers');
    mkdirSync(directory);
    writeFileSync(join(directory, 'file.sys'), DRIVER);
    for (const [drivers, name] of [
      [image, 'leaky.sys'],
      [directory, 'file.sys'],
    ] as const) {
      const found = await records('--drivers', drivers);
      assert.deepEqual(
        [...found.values()]
          .filter(({ candidates }) => candidates !== null)
          .map(({ tag, candidates }) => [tag, candidates]),
        [['Leak', JSON.stringify([name])]],
      );
    }
    const { stderr } = await runCli(['scan', image, '--drivers', directory, '--top', '1']);
    assert.ok(stderr.includes(`${directory}: 1 drivers searched; 1 of 3 tags on no list have candidates\n`), stderr);
  });

  it('are guessed by a batch with --drivers too, which refuses drivers that are not there', async () => {
    const directory = folder.path('batch-drivers');
    mkdirSync(directory);
    writeFileSync(
      join(directory, 'leaky.sys'),
      driverFileBytes({ keys: [tagKey('Leak')], version: [1, 2, 3, 4], texts: { CompanyName: 'Acme' } }),
    );
    const lake = folder.path('lake');
    const words = ['batch', image, '--out', lake, '--format', 'ndjson', '-q', '--no-cache', '--drivers'];
    const refused = await runCli([...words, folder.path('absent')]);
    assert.deepEqual([refused.status, refused.stderr.trim().split('\n').length], [1, 1], refused.stderr);
    const { status, stderr } = await runCli([...words, directory]);
    assert.equal(status, 0, stderr);
    const parts = readdirSync(lake, { recursive: true, encoding: 'utf8' });
    const part = parts.find((name) => name.includes('pool_tag') && name.endsWith('.ndjson'))!;
    const rows = readFileSync(join(lake, part), 'utf8').trim().split('\n');
    const leak = rows.map((line) => JSON.parse(line) as TagRecord).find(({ tag }) => tag === 'Leak');
    assert.equal(leak?.candidates, '["leaky.sys"]');
    assert.deepEqual(JSON.parse(leak!.candidate_drivers!), [
      {
        name: 'leaky.sys',
        version: '1.2.3.4',
        vendor: 'Acme',
        product: null,
        description: null,
        loaded: true,
        path: 'leaky.sys',
        same_build: false,
        in_code: true,
      },
    ]);
  });

  it('are printed with version, vendor and whether they are loaded', async () => {
    const { stdout } = await runCli(['scan', image, '-q', '--drivers', folder.path('batch-drivers'), '--no-cache']);
    assert.match(stdout, /^Leak .* leaky\.sys\? \(1\.2\.3\.4, Acme, another build is loaded\)$/m);
  });

  it('are printed into a pipe as well, with nothing cut', async () => {
    const { stdout } = await runCli(['scan', image, '-q'], { env: { COLUMNS: '20' } });
    assert.match(stdout, /^Tcp[A-Za-z] .* tcpip\.sys: .*[^\u2026]$/m);
  });

  it('stand beside totals with --totals', async () => {
    const { status, stdout } = await runCli(['scan', image, '-q', '--totals', '--top', '2']);
    assert.equal(status, 0);
    assert.match(
      stdout.trimEnd().split('\n').at(-1)!,
      /^TOTAL \? +33 +6 +27 +384 +-96 +10 of 32 tags, 2 of them shown$/,
    );
  });

  const refused: readonly (readonly [what: string, words: () => string[], message: RegExp])[] = [
    [
      'totals without a table',
      () => ['--totals', '--json'],
      /^pool-tracker: --totals ends a printed table of tags, and no output is one; /,
    ],
    [
      'a tag list that is none',
      () => ['--pooltag', image],
      /^pool-tracker: .*memory\.raw is not a list of pool tags: it has 33554432 bytes/,
    ],
  ];
  for (const [what, words, message] of refused) {
    it(`refuse ${what}, in one line, with status 2`, async () => {
      const { status, stdout, stderr } = await runCli(['scan', image, ...words()]);
      assert.deepEqual([status, stdout, stderr.trim().split('\n').length], [2, '', 1]);
      assert.match(stderr, message);
    });
  }

  it('leave no file behind when the drivers cannot be had', async () => {
    const { status } = await runCli([
      'scan',
      image,
      '--drivers',
      folder.path('absent'),
      '-o',
      folder.path('out.ndjson'),
      '-q',
    ]);
    assert.equal(status, 1);
    assert.equal((await runCli(['scan', image, '-q', '-o', folder.path('out.ndjson')])).status, 0);
  });
});
