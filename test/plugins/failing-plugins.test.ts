import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { loadPlugins, scanImage, type ScanImageOptions } from '../../src/index.js';
import { generateMemory } from '../support/generate/memory.js';
import { builtFile, ended, runCli, said, startCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writePlugin } from '../support/write/plugin.js';
import { rawBuffer } from '../support/write/raw.js';

/** A format that claims files which begin with ACME, with members that replace or add to its own. */
const format = (members: string): string => `imageFormats: [{ name: 'acme', title: 'Acme',
  probe: (head) => head.toString('latin1', 0, 4) === 'ACME',
  open: async (source) => ({ source, runs: [{ start: 0, length: 65536, offset: 0 }], hints: {}, warnings: [] }),
  ${members} }]`;
/** A format whose \`open\` gives the source, with members that replace. */
const opened = (members: string): string =>
  format(`open: async (source) => ({ source, runs: [{ start: 0, length: 65536, offset: 0 }], ${members} })`);
const scheme = (open: string): string =>
  `sourceSchemes: [{ name: 'acme', claims: () => true, open: async (location, options) => { ${open} } }]`;
const symbols = (find: string): string => `symbolSources: [{ name: 'acme', find: async (pdb) => { ${find} } }]`;
const sink = (encode: string): string =>
  `sinks: [{ name: 'acme', extensions: ['.acme'], load: async () => async function* (batches) { ${encode} } }]`;

const SOURCE = "name: 'acme', byteLength: 1048576, bytesRead: 0, close: async () => {}";

/** What a plug-in does, its members, what is scanned, and the message behind its name. */
type Case = readonly [what: string, members: string, image: 'acme' | 'raw' | 'scheme', message: RegExp, code?: string];

const CASES: readonly Case[] = [
  ['throws in probe', format("probe() { throw new Error('boom') }"), 'acme', /image format 'acme': probe: boom/],
  ['answers no boolean', format('probe: () => 1'), 'acme', /probe: expected true or false, found 1/],
  ['throws in open', format("open() { throw new Error('a\\nb') }"), 'acme', /image format 'acme': open: a b$/],
  ['throws what is no error', format('open() { throw null }'), 'acme', /open: null$/],
  ['throws what cannot be shown', format('open() { throw Object.create(null) }'), 'acme', /an error that cannot be sh/],
  ['opens nothing', format('open: async () => undefined'), 'acme', /open: expected an object, found undefined/],
  ['has no runs', opened('runs: 3'), 'acme', /runs: expected a list, found 3/],
  ['has runs that throw', opened("get runs() { throw new Error('x') }"), 'acme', /open: runs: x/],
  [
    'has fractions of bytes',
    opened('runs: [{ start: 0.5, length: 1, offset: 0 }]'),
    'acme',
    /run 1: start: expected a wh/,
  ],
  ['has negative runs', opened('runs: [{ start: 0, length: -1, offset: 0 }]'), 'acme', /length: expected a whole/],
  [
    'has runs without end',
    opened('runs: { *[Symbol.iterator]() { for (;;) yield { start: 0, length: 0, offset: 0 } } }'),
    'acme',
    /at most 4194304, found more/,
  ],
  [
    'has runs beyond memory',
    opened('runs: [{ start: 2 ** 52, length: 4096, offset: 0 }]'),
    'acme',
    /beyond what memory can hold/,
    'FORMAT_DAMAGED',
  ],
  [
    'has runs that overlap',
    opened('runs: [{ start: 0, length: 8192, offset: 0 }, { start: 4096, length: 8192, offset: 8192 }]'),
    'acme',
    /two runs claim physical 0x1000/,
    'FORMAT_DAMAGED',
  ],
  [
    'has runs behind its end only',
    opened('runs: [{ start: 0, length: 4096, offset: 2 ** 40 }]'),
    'acme',
    /ends before the first of them/,
    'FORMAT_DAMAGED',
  ],
  [
    'has an unknown processor',
    opened("hints: { architecture: 'vax' }"),
    'acme',
    /architecture: expected one of x64, x86, arm64/,
  ],
  [
    'has an address that is none',
    opened('hints: { kdDebuggerDataBlock: 5 }'),
    'acme',
    /expected an unsigned 64-bit bigint, found 5/,
  ],
  ['has no warnings', opened("warnings: 'none'"), 'acme', /warnings: expected a list/],
  [
    'has a source that reads too little',
    opened(`source: { ${SOURCE}, read: async () => 7 }`),
    'acme',
    /reading \d+ bytes of acme at 0: expected \d+ as the number of bytes read, found 7/,
  ],
  [
    'has a source that throws',
    opened(`source: { ${SOURCE}, read() { throw new Error('torn') } }`),
    'acme',
    /reading \d+ bytes of acme at 0: torn/,
  ],
  ['has a source without read', opened(`source: { ${SOURCE} }`), 'acme', /the source's read: expected a function/],
  [
    'says what is wrong itself',
    format("open() { throw Object.assign(new Error('odd page'), { code: 'FORMAT_REFUSED', hint: 'convert it' }) }"),
    'acme',
    /^plug-in 'acme': \/.*\/acme: odd page$/,
    'FORMAT_REFUSED',
  ],
  [
    'claims to be the program',
    format("open() { throw Object.assign(new Error('x'), { code: 'INTERNAL' }) }"),
    'acme',
    /open: x/,
  ],
  [
    'throws in claims',
    "sourceSchemes: [{ name: 'acme', claims() { throw new Error('no') }, open() {} }]",
    'scheme',
    /source scheme 'acme': claims: no/,
  ],
  ['throws in open of a scheme', scheme("throw new Error('no way')"), 'scheme', /source scheme 'acme': open: no way/],
  ['opens a scheme to nothing', scheme('return null'), 'scheme', /open: expected an object, found null/],
  [
    'opens a length that is none',
    scheme(`return { ${SOURCE}, byteLength: -1, read() {} }`),
    'scheme',
    /byteLength of the source: expected/,
  ],
  [
    'streams what is not bytes',
    scheme("return { name: 'a', byteLength: null, pieces: (async function* () { yield 'text' })() }"),
    'scheme',
    /reading a: expected bytes \(a Uint8Array\), found 'text'/,
  ],
  [
    'streams until it throws',
    scheme(
      "return { name: 'a', byteLength: null, pieces: (async function* () { yield Buffer.alloc(9000); throw new Error('cut') })() }",
    ),
    'scheme',
    /reading a: cut/,
  ],
  [
    'opens itself for ever',
    scheme('return options.open(location)'),
    'scheme',
    /more than 4 locations in one another/,
    'FORMAT_REFUSED',
  ],
  ['throws in find', symbols("throw new Error('offline')"), 'raw', /symbol source 'acme': find: offline/],
  ['finds what is none', symbols('return 5'), 'raw', /find: expected an object, found 5/],
  [
    'finds a variable that is none',
    symbols(
      "return { source: 's', version: null, trackerEntrySize: 40, tagTablesCapacity: 1, rva: { PoolTrakTable: 1 }, structures: {} }",
    ),
    'raw',
    /rva: expected some of PoolTrackTable, .* found 'PoolTrakTable'/,
  ],
  [
    'finds an address that is none',
    symbols(
      "return { source: 's', version: null, trackerEntrySize: 40, tagTablesCapacity: 1, rva: { PoolTrackTable: 1n }, structures: {} }",
    ),
    'raw',
    /rva\.PoolTrackTable: expected a whole number .*, found 1n/,
  ],
  [
    'throws in load',
    "sinks: [{ name: 'acme', extensions: ['.acme'], load() { throw new Error('lib') } }]",
    'raw',
    /output format 'acme': load: lib/,
  ],
  [
    'loads no function',
    "sinks: [{ name: 'acme', extensions: ['.acme'], load: async () => 'x' }]",
    'raw',
    /load: expected a function, found 'x'/,
  ],
  ['throws before it writes', sink("throw new Error('full')"), 'raw', /output format 'acme': full/],
  [
    'throws while it writes',
    sink("for await (const b of batches) { yield Buffer.alloc(1 << 20); throw new Error('half') }"),
    'raw',
    /output format 'acme': half/,
  ],
  [
    'writes text',
    sink("for await (const b of batches) yield 'text'"),
    'raw',
    /expected bytes \(a Uint8Array\), found 'text'/,
  ],
  ['leaves records out', sink("yield Buffer.from('head')"), 'raw', /expected all batches of records to be taken/],
  [
    'writes what are no pieces',
    "sinks: [{ name: 'acme', extensions: ['.acme'], load: async () => async () => 5 }]",
    'raw',
    /expected pieces one after another, found 5/,
  ],
];

describe('plug-ins that fail', () => {
  const folder = temporaryFolder();
  const out = (): string => folder.path('out.acme');

  before(() => {
    const memory = rawBuffer(generateMemory({ seed: 1, memoryBytes: 16 * 2 ** 20 }));
    writeFileSync(folder.path('raw'), memory);
    writeFileSync(folder.path('acme'), Buffer.concat([Buffer.from('ACME'), Buffer.alloc(1 << 20)]));
  });

  const located = (image: Case[2]): string => (image === 'scheme' ? 'acme:x' : folder.path(image));

  for (const [index, [what, members, image, message, code = 'PLUGIN_FAILED']] of CASES.entries()) {
    it(what, async () => {
      const plugins = await loadPlugins([writePlugin(folder.path(`${index}.mjs`), 'acme', members)]);
      try {
        const options: ScanImageOptions = {
          cache: false,
          ...(members.startsWith('sinks') && { outputs: [out()] }),
        };
        await assert.rejects(scanImage(located(image), options), (error: Error & { code?: string; hint?: string }) => {
          assert.equal(error.code, code, error.stack);
          assert.match(error.message, message);
          assert.match(error.message, code === 'FORMAT_REFUSED' ? /^/ : /^plug-in 'acme': /);
          return true;
        });
        assert.ok(!readdirSync(folder.path('.')).some((name) => name.includes('out.acme')), 'nothing is left');
      } finally {
        plugins.unload();
      }
    });
  }

  it("an error that is the input's own, by the error of this package: its code, hint and status", async () => {
    const path = folder.path('own-error.mjs');
    const before = `import { PoolTrackerError } from '${pathToFileURL(builtFile('index.js')).href}';`;
    const thrown = "throw new PoolTrackerError('FORMAT_REFUSED', 'it is encrypted', { hint: 'decrypt it first' })";
    writePlugin(path, 'acme', format(`open() { ${thrown} }`), before);
    const { status, stderr } = await runCli(['scan', 'acme', '--plugin', path], { cwd: folder.path('.') });
    assert.equal(status, 3);
    assert.equal(stderr, "pool-tracker: plug-in 'acme': acme: it is encrypted; decrypt it first\n");
  });

  it('a page that it says cannot be read counts as missing, and the rest is read', async () => {
    const view = `open: async (source) => {
      const lost = 0x300000;
      const read = async (target, offset) => {
        if (offset < lost + 4096 && lost < offset + target.length)
          throw Object.assign(new Error('bad sector'), { code: 'SOURCE_UNREADABLE', data: { local: true } });
        return source.read(target, offset + 4096);
      };
      const byteLength = source.byteLength - 4096;
      const own = { name: source.name, byteLength, bytesRead: 0, read, close: () => source.close() };
      return { source: own, runs: [{ start: 0, length: byteLength, offset: 0 }] };
    }`;
    const path = folder.path('shifted');
    const head = Buffer.alloc(4096);
    head.write('ACME');
    writeFileSync(path, Buffer.concat([head, readFileSync(folder.path('raw'))]));
    const plugins = await loadPlugins([writePlugin(folder.path('local.mjs'), 'acme', format(view))]);
    try {
      const { totals, warnings } = await scanImage(path, { cache: false, method: 'carve' });
      assert.ok(totals.length > 0);
      const { message } = warnings.find(({ code }) => code === 'image-unreadable')!;
      assert.match(
        message,
        /^1 page of the image cannot be read .* the first at 0x300000 .*plug-in 'acme': .*bad sector/,
      );
    } finally {
      plugins.unload();
    }
  });

  it('an error of ours that passes through a plug-in stays as it was', async () => {
    const members = format('open: async (source) => ({ ...(await source.read(Buffer.alloc(1), 0)) })');
    const plugins = await loadPlugins([
      writePlugin(folder.path('pass.mjs'), 'acme', `${members}, ${scheme("return options.open('/no/such/file')")}`),
    ]);
    try {
      await assert.rejects(scanImage('acme:x', { cache: false }), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'SOURCE_NOT_FOUND');
        assert.doesNotMatch(error.message, /plug-in/);
        return true;
      });
    } finally {
      plugins.unload();
    }
  });

  it('one line of the command, no stack, and nothing written', async () => {
    const plugin = writePlugin(
      folder.path('half.mjs'),
      'acme',
      sink("yield Buffer.alloc(9); throw new Error('ha\\nlf')"),
    );
    const words = ['scan', folder.path('raw'), '--quiet', '--plugin', plugin];
    const { status, stderr } = await runCli([...words, '-o', out()]);
    assert.equal(status, 7);
    assert.equal(stderr, "pool-tracker: plug-in 'acme': output format 'acme': ha lf\n");
    assert.ok(!existsSync(out()));
    const toStdout = await runCli([...words, '--format', 'acme'], { env: { POOL_TRACKER_DEBUG: '1' } });
    assert.equal(toStdout.status, 7);
    // The stack, for who writes the plug-in.
    assert.match(toStdout.stderr, /^pool-tracker: .*ha lf\n[^]*at .*half\.mjs:\d/);
  });

  for (const [what, body] of [
    ['never answers', 'return new Promise(() => {})'],
    ['ends the program', 'process.exit(0)'],
  ] as const) {
    it(`one line, when a plug-in ${what}`, async () => {
      const plugin = writePlugin(folder.path('never.mjs'), 'acme', scheme(body));
      const { status, stderr } = await runCli(['scan', 'acme:x', '-o', folder.path('t.csv'), '--plugin', plugin]);
      assert.equal(status, 7);
      assert.equal(
        stderr,
        "pool-tracker: plug-in 'acme': acme:x: source scheme 'acme': open: it ended the program, or never answers\n",
      );
      assert.deepEqual(
        readdirSync(folder.path('.')).filter((name) => name.includes('t.csv')),
        [],
      );
    });
  }

  it('a reader that goes away ends it without a word', async () => {
    const endless = sink('for await (const b of batches) for (;;) yield Buffer.alloc(1 << 16);');
    const plugin = writePlugin(folder.path('endless.mjs'), 'acme', endless);
    const child = startCli(['scan', folder.path('raw'), '--quiet', '--format', 'acme', '--plugin', plugin]);
    child.stdout!.once('data', () => child.stdout!.destroy());
    const { status, stderr } = await ended(child);
    assert.deepEqual([status, stderr], [0, '']);
  });

  it('an interrupt ends one that is never done', async () => {
    const body =
      "const { Worker } = await import('node:worker_threads'); new Worker('for (;;);', { eval: true }); process.stderr.write('at work\\n'); return new Promise(() => {})";
    const plugin = writePlugin(folder.path('busy.mjs'), 'acme', scheme(body));
    const child = startCli(['scan', 'acme:x', '-o', folder.path('t.csv'), '--plugin', plugin]);
    const end = ended(child);
    await said(child, /at work/);
    child.kill('SIGINT');
    assert.equal((await end).signal, 'SIGINT');
    assert.ok(!existsSync(folder.path('t.csv')));
  });
});
