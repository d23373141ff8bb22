import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { BufferSource } from '../support/sources/buffer-source.js';
import { RangeServer } from '../support/sources/range-server.js';
import { CLI, ended, runCli, startCli } from '../support/run/cli.js';
import { sampleBytes, writeSample } from '../support/images/samples.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const NOBODY = 65534;

interface TagRecord {
  readonly tag: string;
  readonly nonpaged_outstanding: number;
  readonly paged_outstanding: number;
  readonly host: string | null;
  readonly labels: string | null;
  readonly processor?: number;
}

function records(text: string): TagRecord[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as TagRecord);
}

describe('pool-tracker scan', function () {
  const folder = temporaryFolder();
  let image = '';
  before(() => {
    image = writeSample('server-14393.dmp', folder.path('server.dmp'));
  });

  it('prints the table, sorted by tag, and says on stderr what was found', async () => {
    const { status, stdout, stderr } = await runCli(['scan', image]);
    assert.equal(status, 0, stderr);
    const lines = stdout.split('\n').filter(Boolean);
    assert.match(lines[0]!, /^Tag +Mark +Allocs +Frees +In Use +NP Bytes +P Bytes +Each +Known As$/);
    assert.match(lines[2]!, /^.{4,} +\d+ +\d+ +-?\d+ +-?\d+ +-?\d+ +(\d+|-)( .*)?$/);
    // The bytes of one allocation end where their heading does.
    const end = lines[0]!.indexOf('Each') + 'Each'.length;
    for (const line of lines) assert.match(line.slice(end - 1, end + 1), /^[-\dh] ?$/, line);
    assert.match(
      stderr,
      /^Windows 10\.0\.14393\.5291, kernel ntkrnlmp\.pdb [0-9A-F]{32}-1 at 0xffff[0-9a-f]+; tables located by the built-in list of kernel builds; 100\.0 % of the keys obey the hash law; 2 processors summed; 0 pages missing; \d+\.\d of \d+\.\d MiB read\n\? may be wrong .* does not add up\n$/,
    );
  });

  it('names each image above its table and in what is said, and what another case would find', async () => {
    const other = writeSample('lost-page-22000.lime', folder.path('lost.lime'));
    const { stdout, stderr } = await runCli(['scan', image, other, '--top', '2', '--sort', 'bytes']);
    const tables = stdout.split('\n\n');
    assert.equal(tables.length, 2);
    for (const [index, name] of [image, other].entries()) {
      assert.ok(tables[index]!.startsWith(`${name}, Windows 10.0.`), tables[index]);
      assert.ok(stderr.includes(`${name}: Windows 10.0.`), stderr);
    }
    const none = await runCli(['scan', image, '--tag', 'hpx']);
    assert.match(none.stderr, /warning: no tag fits --tag hpx; in another case would: HpX\n$/);
  });

  it('bounds and orders by one pool, in every output alike', async () => {
    const words = [
      'scan',
      image,
      '-q',
      '--pool',
      'paged',
      '--sort',
      'each',
      '--min-bytes',
      '2.5MiB',
      '--min-outstanding',
      '1',
    ];
    const json = (await runCli([...words, '--json'])).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as TagRecord & Record<string, number>);
    assert.ok(json.length > 1);
    const each = json.map((row) => row['paged_bytes']! / row['paged_outstanding']!);
    assert.deepEqual(
      each,
      [...each].sort((a, b) => b - a),
    );
    assert.ok(json.every((row) => row['paged_bytes']! >= 2.5 * 2 ** 20));
    const table = (await runCli([...words, '--reverse'])).stdout.trim().split('\n');
    assert.match(table[0]!, /^Tag +Mark +Allocs +Frees +In Use +Bytes +Each +Known As$/);
    assert.deepEqual(
      table.slice(2).map((line) => line.split(' ')[0]),
      json.map(({ tag }) => tag.trimEnd()).reverse(),
    );
    const wrong = await runCli([...words, '--min-bytes', 'many']);
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /--min-bytes: expected a number of bytes, found 'many'; try/);
  });

  it('--session prints the tags of each session, and says in one line why there are none', async () => {
    const printed = await runCli(['scan', image, '--session', '--tag', 'Usbm', '-q']);
    assert.equal(
      printed.stdout,
      [
        'Session Tag  Mark Allocs Frees In Use NP Bytes P Bytes  Each Known As',
        '------- ---- ---- ------ ----- ------ -------- ------- ----- --------',
        '      0 Usbm          17     0     17   278528       0 16384',
        '      1 Usbm          18     0     18   294912       0 16384',
        '      2 Usbm          19     0     19   311296       0 16384',
        '',
      ].join('\n'),
    );
    const json = await runCli(['scan', image, '--session', '--json', '-q']);
    const rows = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual([...new Set(rows.map(({ session, place }) => `${session} ${place}`))].sort(), [
      '0 table',
      '1 expansion',
      '1 table',
      '2 table',
    ]);
    const other = await runCli([
      'scan',
      writeSample('lost-page-22000.lime', folder.path('no-sessions.lime')),
      '--session',
    ]);
    assert.equal(other.status, 0);
    assert.match(other.stderr, /warning: pool_tag_session: .+\n$/);
  });

  it('--json prints the tags, whatever else is written; a file:// URL is a path', async () => {
    const file = folder.path('beside.ndjson');
    const both = await runCli(['scan', pathToFileURL(image).href, '--json', '-q', '-o', `image=${file}`]);
    assert.equal(both.status, 0, both.stderr);
    const alone = await runCli(['scan', image, '--json', '-q']);
    const stable = (text: string): string => text.replace(/"image_path":"[^"]*"/g, '');
    assert.equal(stable(both.stdout), stable(alone.stdout));
    assert.equal(readFileSync(file, 'utf8').split('\n').length, 2);
    const other = await runCli(['scan', 'file://elsewhere/x.raw']);
    assert.equal(other.status, 2);
    assert.match(other.stderr, /^pool-tracker: file:\/\/elsewhere\/x\.raw: .*\n$/);
  });

  it('--csv-safe keeps a spreadsheet from running what it reads, and nothing else changes', async () => {
    const plain = await runCli(['scan', image, '--format', 'csv', '-q', '--tag', '=1+2']);
    const safe = await runCli(['scan', image, '--format', 'csv', '-q', '--tag', '=1+2', '--csv-safe']);
    assert.match(plain.stdout, /,=1\+2,/);
    assert.equal(safe.stdout, plain.stdout.replaceAll(',=1+2,', ",'=1+2,"));
  });

  it('writes several outputs of several kinds in one run', async () => {
    const names = ['t.parquet', 't.ndjson', 't.ndjson.gz', 't.arrow', 't.arrows', 't.csv'].map((name) =>
      folder.path(name),
    );
    const outputs = [
      ...names,
      `pool_tag_cpu=${folder.path('cpu.ndjson')}`,
      `image=${folder.path('image.ndjson')}`,
    ].flatMap((name) => ['-o', name]);
    const { status, stdout, stderr } = await runCli(['scan', image, ...outputs]);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, '');
    for (const name of names) assert.ok(existsSync(name), name);
    const processors = new Set(
      records(readFileSync(folder.path('cpu.ndjson'), 'utf8')).map(({ processor }) => processor),
    );
    assert.deepEqual([...processors].sort(), [0, 1]);
    assert.equal(readFileSync(folder.path('image.ndjson'), 'utf8').trim().split('\n').length, 1);
  });

  it('chooses tags by pattern, order, number and use', async () => {
    const scan = async (...words: string[]): Promise<TagRecord[]> =>
      records((await runCli(['scan', image, '--json', '-q', ...words])).stdout);
    const all = await scan();
    const letter = all[Math.floor(all.length / 2)]!.tag[0]!.replace(/[*?\\]/, 'x');
    const starting = await scan('--tag', `${letter}*`);
    assert.deepEqual(
      starting.map(({ tag }) => tag),
      all.map(({ tag }) => tag).filter((tag) => tag.startsWith(letter)),
    );
    assert.equal((await scan('--exclude', `${letter}*`)).length, all.length - starting.length);
    assert.equal((await scan('--top', '3')).length, 3);
    const used = await scan('--in-use', '--sort', 'outstanding');
    const outstanding = used.map((record) => record.nonpaged_outstanding + record.paged_outstanding);
    assert.deepEqual(
      outstanding,
      [...outstanding].sort((a, b) => b - a),
    );
    assert.ok(used.every((record) => record.nonpaged_outstanding !== 0 || record.paged_outstanding !== 0));
  });

  it('puts labels on every record', async () => {
    const { stdout } = await runCli([
      'scan',
      image,
      '--json',
      '--label',
      'host=web01',
      '--label',
      'case=7',
      '--top',
      '2',
    ]);
    for (const record of records(stdout)) {
      assert.equal(record.host, 'web01');
      assert.deepEqual(JSON.parse(record.labels!), { host: 'web01', case: '7' });
    }
  });

  it('locates by each way that is asked for', async () => {
    const found: string[] = [];
    for (const way of ['symbols', 'kdbg', 'structure']) {
      const { stdout, stderr } = await runCli(['scan', image, '--json', '--locate', way]);
      found.push(stdout.replaceAll(/"located_by":"[^"]*"/g, ''));
      assert.match(stderr, { symbols: /built-in list/, kdbg: /debugger block/, structure: /their structure/ }[way]!);
    }
    assert.equal(new Set(found).size, 1, 'the same records every way');
  });

  it('exits with 6 under --strict when a page is missing, writing nothing; else warns', async () => {
    const lost = writeSample('lost-page-22000.lime', folder.path('lost.lime'));
    const out = folder.path('strict.ndjson');
    const strict = await runCli(['scan', lost, '--strict', '-o', out]);
    assert.equal(strict.status, 6);
    assert.ok(!existsSync(out));
    const lenient = await runCli(['scan', lost, '-o', out]);
    assert.equal(lenient.status, 0);
    assert.match(lenient.stderr, /warning: 1 pages of the tables are missing/);
    assert.ok(
      records(readFileSync(out, 'utf8')).some(
        (record) => (record as unknown as { complete: boolean }).complete === false,
      ),
    );
  });

  it('ends quietly when its reader has seen enough', async () => {
    const child = spawn(
      'sh',
      ['-c', `"${process.execPath}" "${CLI}" scan "${image}" --json -q | head -1; exit \${PIPESTATUS:-0}`],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const err: Buffer[] = [];
    const out: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    await new Promise((resolve) => child.on('close', resolve));
    assert.equal(Buffer.concat(err).toString(), '');
    assert.equal(records(Buffer.concat(out).toString()).length, 1);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const inside = folder.path('interrupted');
    mkdirSync(inside);
    const server = await new RangeServer({ 'second.dmp': new BufferSource(sampleBytes('server-14393.dmp')) }).start();
    const { asked } = server.hold();
    try {
      const child = startCli(['scan', image, server.url('second.dmp'), '-o', `${inside}/t.ndjson`]);
      const end = ended(child);
      await asked;
      // The first image is written, the second is waited for.
      assert.match(readdirSync(inside).join(), /^\.pool-tracker-[0-9a-f]{16}\.part$/);
      child.kill('SIGTERM');
      const { signal, stderr } = await end;
      assert.equal(signal, 'SIGTERM', stderr);
      assert.deepEqual(readdirSync(inside), []);
    } finally {
      await server.stop();
    }
  });

  describe('refuses bad input in one line', () => {
    const refused = async (words: string[], expected: number, message: RegExp): Promise<void> => {
      const { status, stdout, stderr } = await runCli(['scan', ...words]);
      assert.equal(status, expected, stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
      assert.match(stderr, /^pool-tracker: /);
      assert.equal(stdout, '');
    };
    const file = (name: string, bytes: Uint8Array | string): string => {
      writeFileSync(folder.path(name), bytes);
      return folder.path(name);
    };

    it('an empty file', () => refused([file('empty', '')], 3, /not a memory image: it is empty/));
    it('a Proxmox backup', () =>
      refused([file('vzdump.vma', `VMA\0${'\0'.repeat(20_000)}`)], 3, /it is a Proxmox backup \(VMA\)/));
    it('a text file', () => refused([file('notes.txt', 'a line of text\n'.repeat(20_000))], 3, /it is text/));
    it('random bytes', () =>
      refused(
        [
          file(
            'random',
            Buffer.from(Array.from({ length: 1 << 18 }, (_, index) => ((index * 2654435761) >>> 13) & 0xff)),
          ),
        ],
        4,
        /no running Windows kernel found/,
      ));
    it('a directory', () => refused([folder.path('.')], 1, /it is a directory/));
    it('a file that is not there', () => refused([folder.path('nothing')], 1, /no such file/));
    it('a file that may not be read', async function () {
      const path = file('secret', 'x');
      chmodSync(path, 0);
      const asNobody = process.getuid?.() === 0 ? { uid: NOBODY } : {};
      const { status, stderr } = await runCli(['scan', path], asNobody);
      if (/Cannot find module|EACCES.*main\.js/.test(stderr)) {
        console.log('      skipped: only root may read this folder');
        return this.skip();
      }
      assert.equal(status, 1, stderr);
      assert.match(stderr, /^pool-tracker: cannot read .*: no permission to read it; .*\n$/);
    });
    it('an output folder that is missing', () =>
      refused([image, '-o', folder.path('nowhere/t.parquet'), '-q'], 1, /nowhere/));
    it('an output that exists', () =>
      refused([image, '-q', '-o', file('there.ndjson', 'mine')], 1, /already exists; --force replaces it/));
    it('an unknown ending', () => refused([image, '-o', folder.path('t.xyz')], 2, /xyz/));
    it('an unknown option', () => refused([image, '--nonsense'], 2, /--nonsense/));
    it('no image', () => refused([], 2, /IMAGE is missing/));
    it('a bad number', () => refused([image, '--top', 'ten'], 2, /--top: expected a whole number/));
    it('a bad order', () => refused([image, '--sort', 'size'], 2, /--sort: expected one of/));
    it('a bad timeout of a batch', async () => {
      const { status, stderr } = await runCli(['batch', image, '--out', folder.path('lake'), '--timeout', '2147484']);
      assert.equal(status, 2);
      assert.match(stderr, /--timeout: expected at most 2147483 seconds/);
    });
    it('partition keys of the language', async () => {
      for (const key of ['__proto__', 'constructor']) {
        const { status, stderr } = await runCli(['batch', image, '--out', folder.path('lake'), '--partition', key]);
        assert.equal(status, 2);
        assert.match(stderr, /partition key/);
      }
    });
    it('a bad label', () => refused([image, '--label', 'web01'], 2, /expected key=value/));
    it('several images where one is meant, with the way to join its parts', async () => {
      const { status, stderr } = await runCli(['info', image, image]);
      assert.equal(status, 2);
      assert.match(stderr, /expected IMAGE only, found .* as well.*--parts/s);
    });
    it('a part that is given twice', () => refused(['--parts', image, image], 2, /is given twice among the parts/));
    it('an unknown image format', () =>
      refused([image, '--image-format', 'floppy'], 2, /no image format is named 'floppy'/));
    it('a symbol file that is none', () =>
      refused([image, '--symbols', file('bad.json', '{'), '--no-cache'], 2, /cannot use symbol file/));
    it('an image cut in the middle of its tables, unless what is left can be carved, with warnings', async () => {
      const path = file('cut.dmp', sampleBytes('server-14393.dmp'));
      truncateSync(path, 1 << 20);
      const { status, stderr } = await runCli(['scan', path]);
      assert.ok(
        status === 0
          ? /warning: the image is cut short/.test(stderr) && /marked incomplete/.test(stderr)
          : status === 4 || status === 5,
        stderr,
      );
    });
  });
});
