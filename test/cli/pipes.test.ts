import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { constants, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { builtFile, type CliEnd, ended, runCli, said, startCli } from '../support/run/cli.js';
import { sampleBytes, writeSample } from '../support/images/samples.js';
import { makePipe } from '../support/run/named-pipe.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const MIB = 1 << 20;
const NODE = `"${process.execPath}" "${builtFile('bin/pool-tracker.js')}"`;

/** Records without what tells where the image lay, and how long it took. */
function tags({ status, stdout, stderr }: CliEnd): unknown[] {
  assert.equal(status, 0, stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const { tag, nonpaged_bytes, paged_bytes, image_id } = JSON.parse(line) as Record<string, unknown>;
      return { tag, nonpaged_bytes, paged_bytes, image_id };
    });
}

describe('a pipe', () => {
  const folder = temporaryFolder();
  let image: string;
  let pipe: string;
  let child: ChildProcess | undefined;

  before(() => {
    image = writeSample('server-14393.dmp', folder.path('server.dmp'));
    pipe = makePipe(folder.path('pipe'));
  });

  afterEach(() => void child?.kill('SIGKILL'));

  /** A shell's line: NODE, IMAGE and PIPE stand for themselves. */
  const shell = (line: string): ChildProcess =>
    (child = spawn('sh', ['-c', line.replaceAll('NODE', NODE).replaceAll('IMAGE', image).replaceAll('PIPE', pipe)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    }));

  describe('gives what the file gives', () => {
    let expected: unknown[];

    before(async () => {
      expected = tags(await runCli(['scan', image, '--method', 'carve', '--json', '-q']));
      assert.ok(expected.length > 50);
    });

    for (const [way, line] of Object.entries({
      'as standard input': 'cat IMAGE | NODE scan - --json -q',
      'by its name': 'cat IMAGE > PIPE & NODE scan PIPE --json -q',
      'by the name of a descriptor': 'cat IMAGE | NODE scan /dev/stdin --json -q',
      'packed, by its name': 'gzip -c IMAGE > PIPE & NODE scan PIPE --json -q',
      'spooled, by its name': `cat IMAGE > PIPE & NODE scan PIPE --spool "$(dirname PIPE)" --method carve --json -q`,
      'as a file': 'NODE scan - --json -q < IMAGE',
      'as a socket of Node': 'NODE scan - --json -q',
      'made non-blocking by another':
        "cat IMAGE | { python3 -c 'import os; os.set_blocking(0, False)' && NODE scan - --json -q; }",
      'with a name, and made non-blocking by another':
        "cat IMAGE > PIPE & { python3 -c 'import os; os.set_blocking(0, False)' && NODE scan - --json -q; } < PIPE",
    }))
      it(way, async () => {
        const running = shell(line);
        running.stdin!.on('error', () => undefined);
        running.stdin!.end(way.startsWith('as a socket') ? sampleBytes('server-14393.dmp') : undefined);
        assert.deepEqual(tags(await ended(running)), expected);
      });
  });

  it('holds more than Linux gives it, once there is much to read', async function () {
    if (process.platform !== 'linux' || !(await import('koffi').catch(() => null))) {
      console.log('      skipped: pipes grow on Linux alone, and where the optional package koffi is installed');
      this.skip();
    }
    // Writes until the pipe has grown, 4 GiB at most.
    const writer = [
      'import fcntl, os, sys',
      'for _ in range(1 << 16):',
      '  os.write(1, bytes(range(256)) * 256)',
      '  if fcntl.fcntl(1, 1032) >= 1 << 20: sys.exit(print("it has grown", file=sys.stderr))',
    ].join('\n');
    const running = shell(`python3 -c '${writer}' | NODE scan - -q --method carve`);
    assert.match((await ended(running)).stderr, /^it has grown$/m);
  });

  describe('that is idle', () => {
    let held: FileHandle | undefined;

    afterEach(() => held?.close());

    /** Starts a scan of the pipe, and gives it bytes as soon as it has opened it; there are never more. */
    const fed = async (bytes: Uint8Array, words: readonly string[] = []): Promise<{ end: Promise<CliEnd> }> => {
      child = startCli(['scan', pipe, ...words]);
      const end = ended(child);
      held = await open(pipe, 'w');
      // Who ends with an error does not wait for all of them.
      await held.writeFile(bytes).catch(() => undefined);
      return { end };
    };
    const noise = Buffer.from(
      Array.from({ length: 3 * MIB }, (_, index) => (Math.imul(index, 2654435761) >>> 13) & 0xff),
    );
    const raw = Buffer.concat([noise, noise, noise]);

    for (const [what, bytes] of Object.entries({
      'before its first byte': Buffer.alloc(0),
      'among its first bytes': raw.subarray(0, MIB),
      'in the midst of its pages': raw,
      'in a gzip stream': gzipSync(raw, { level: 1 }).subarray(0, -1000),
    }))
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
        it(`ends by ${signal} ${what}, and leaves nothing behind`, async () => {
          const inside = folder.path(`${what} ${signal}`);
          mkdirSync(inside);
          const { end } = await fed(bytes, ['-o', `${inside}/a.ndjson`]);
          assert.match(readdirSync(inside).join(), /^\.pool-tracker-[0-9a-f]{16}\.part$/);
          child!.kill(signal);
          assert.equal((await end).signal, signal);
          assert.deepEqual(readdirSync(inside), []);
        });

    it('ends with its error', async () => {
      const damaged = gzipSync(raw, { level: 1 });
      // The CRC.
      damaged.writeUInt32LE(~damaged.readUInt32LE(damaged.length - 8) >>> 0, damaged.length - 8);
      const { end } = await fed(Buffer.concat([damaged, noise]));
      const { status, stderr } = await end;
      assert.equal(status, 3, stderr);
      assert.match(stderr, /is a damaged gzip stream: the CRC/);
    });

    it('ends when the reader of the output does: head -1', async () => {
      const running = shell('{ NODE scan IMAGE PIPE --json -q; echo "status $?" >&2; } | head -1');
      await said(running, /^status 0$/m);
    });

    for (const others of [0, 1])
      it(`ends also before the thread that is to wait for a writer has come so far, beside ${others} other readers`, async () => {
        if (others === 1) held = await open(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
        const code = `
        import { pbkdf2 } from 'node:crypto';
        import { open } from 'node:fs/promises';
        import { awaitWriter } from ${JSON.stringify(pathToFileURL(builtFile('source/stream/blocking-pipe.js')).href)};
        pbkdf2('the only thread', 'is busy', 300_000, 64, 'sha512', () => undefined);
        void awaitWriter(${JSON.stringify(pipe)}, () => open(${JSON.stringify(pipe)}));
        process.exit(3);`;
        child = spawn(process.execPath, ['--input-type=module', '-e', code], {
          env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
        });
        assert.equal((await ended(child)).status, 3);
      });

    it('ends when the reader of the output does, as standard input', async () => {
      const running = shell('cat | { NODE scan IMAGE - --json -q; echo "status $?" >&2; } | head -1');
      await said(running, /^status 0$/m);
    });
  });

  it('whose writer is killed counts as cut, as the file does', async () => {
    const length = 15 * MIB + 5;
    writeFileSync(folder.path('cut.dmp'), sampleBytes('server-14393.dmp').subarray(0, length));
    const words = '--method carve --json';
    const file = await ended(shell(`NODE scan "$(dirname IMAGE)/cut.dmp" ${words}`));
    const piped = await ended(shell(`sh -c 'head -c ${length} IMAGE; kill -9 $$' | NODE scan - ${words}`));
    assert.deepEqual(tags(piped), tags(file));
    for (const { stderr } of [file, piped]) assert.match(stderr, /warning: .*(is cut short|ends \d+ bytes before)/);
  });
});
