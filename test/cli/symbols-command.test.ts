import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { sourceOf } from '../../src/source/source.js';
import { openSymbolFile } from '../../src/kernel/symbols/symbol-file.js';
import { generateMemory } from '../support/generate/memory.js';
import { runCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { RangeServer } from '../support/sources/range-server.js';
import { buildOfPdb, cabinetOf, NTKRNLMP, testPdb } from '../support/symbols/test-pdb.js';
import { rawBuffer } from '../support/write/raw.js';

const KEY = `${NTKRNLMP.guid}1`;
const PLAIN = `/ntkrnlmp.pdb/${KEY}/ntkrnlmp.pdb`;
const PACKED = `/ntkrnlmp.pdb/${KEY}/ntkrnlmp.pd_`;
const POINTER = `/ntkrnlmp.pdb/${KEY}/file.ptr`;

describe('pool-tracker symbols', () => {
  const folder = temporaryFolder();
  let image: string;
  let pdb: Buffer;
  let servers: RangeServer[] = [];

  before(async () => {
    pdb = testPdb('ntkrnlmp');
    const path = write('given.pdb', pdb);
    const file = await openSymbolFile(path);
    const { rva } = await file.resolve();
    await file.close();
    const generated = generateMemory({ build: buildOfPdb(rva as Record<string, number>), processors: 2 });
    image = write('image.raw', rawBuffer(generated));
  });
  afterEach(async () => {
    for (const server of servers) await server.stop();
    servers = [];
  });

  function write(name: string, bytes: string | Buffer): string {
    const path = folder.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    return path;
  }

  async function serve(files: Readonly<Record<string, Buffer>>): Promise<{ server: RangeServer; url: string }> {
    const sources = Object.fromEntries(
      Object.entries(files).map(([path, bytes]) => [path.slice(1), sourceOf(path, bytes)]),
    );
    const server = new RangeServer(sources);
    servers.push(server);
    await server.start();
    return { server, url: server.url('') };
  }

  const run = (words: readonly string[]) => runCli(['symbols', ...words]);

  it('tells which PDB is needed, and asks no server by itself', async () => {
    const { server, url } = await serve({ [PLAIN]: pdb });
    const alone = await run([image]);
    assert.equal(alone.status, 1);
    assert.match(alone.stdout, new RegExp(`^needed: ntkrnlmp.pdb, GUID ${NTKRNLMP.guid}, age 1$`, 'm'));
    assert.match(alone.stdout, /^built-in list: does not have it$/m);
    const named = await run([image, '--symbol-server', url]);
    assert.match(named.stdout, /it was not asked: --fetch does$/m);
    assert.equal(server.requests.length, 0);
  });

  for (const [what, files] of [
    ['plain', { [PLAIN]: testPdb('ntkrnlmp') }],
    [
      'packed',
      {
        [PACKED]: cabinetOf(testPdb('ntkrnlmp'), 1, (block, dictionary) =>
          Buffer.concat([Buffer.from('CK'), deflateRawSync(block, dictionary.length === 0 ? {} : { dictionary })]),
        ),
      },
    ],
  ] as const)
    it(`fetches a ${what} one into the store, which serves the next run`, async () => {
      const { server, url } = await serve(files);
      const store = folder.path(`store-${what}`);
      const path = `srv*${store}*${url}`;
      const { status, stdout } = await run([image, '--fetch', '--symbol-path', path, '--json']);
      assert.equal(status, 0);
      const found = JSON.parse(stdout) as { path: string; pdb: { store_path: string } };
      assert.ok(existsSync(found.path) && found.path.startsWith(store), found.path);
      assert.equal(found.pdb.store_path, PLAIN.slice(1));
      const asked = server.requests.length;
      const scan = await runCli(['scan', image, '--symbol-path', path, '--locate', 'symbols', '--json', '--no-cache']);
      assert.equal(scan.status, 0, scan.stderr);
      assert.equal(server.requests.length, asked);
    });

  it('goes on where a transfer broke', async () => {
    const { server, url } = await serve({ [PLAIN]: pdb });
    server.fault = (index) => (index === 1 ? { kind: 'cut', after: 1000 } : null);
    const { status, stderr } = await run([image, '--fetch', '--symbol-path', `srv*${folder.path('store-cut')}*${url}`]);
    assert.equal(status, 0, stderr);
  });

  it('keeps nothing that is another PDB, cut, or no PDB', async () => {
    const other = Buffer.from(pdb);
    const at = other.indexOf(Buffer.from('ABD0150A98BD4E83', 'hex'));
    assert.ok(at > 0);
    other[at] = 0x5a;
    for (const bytes of [other, pdb.subarray(0, 40_000), Buffer.from('<html>sign in</html>')]) {
      const { url } = await serve({ [PLAIN]: bytes });
      const store = folder.path('store-wrong');
      const { status, stdout } = await run([image, '--fetch', '--symbol-path', `srv*${store}*${url}`]);
      assert.equal(status, 1);
      assert.match(stdout, /another PDB|it is cut|cannot use symbol file/);
      assert.deepEqual(
        readdirSync(store, { recursive: true }).filter(
          (name) => /\.pdb$/.test(String(name)) && String(name).split('/').length > 2,
        ),
        [],
      );
    }
  });

  it('says where a pointer file leads, that a server has nothing, and that none answers', async () => {
    const pointing = await serve({ [POINTER]: Buffer.from('PATH:\\\\server\\share\\ntkrnlmp.pdb') });
    const said = await run([image, '--fetch', '--symbol-server', pointing.url]);
    assert.match(said.stdout, /only points to \\\\server\\share\\ntkrnlmp\.pdb, which is not fetched/);
    const empty = await serve({});
    assert.match((await run([image, '--fetch', '--symbol-server', empty.url])).stdout, /does not have it/);
    const gone = await serve({});
    await gone.server.stop();
    servers.pop();
    const offline = await run([image, '--fetch', '--symbol-server', gone.url]);
    assert.equal(offline.status, 1);
    assert.match(offline.stdout, /it cannot be asked: [^\n]+$/m);
    const scan = await runCli(['scan', image, '--symbol-server', gone.url, '--json', '--no-cache']);
    assert.equal(scan.status, 0, 'the tables are found without symbols');
    assert.match(scan.stderr, /warning: .*no symbols from http.*it cannot be asked/);
  });

  it('finds what local stores have: plain, with letters before, by a pointer; folders; and env', async () => {
    write(`plain${PLAIN}`, pdb);
    write('tiers/index2.txt', '');
    write(`tiers/nt${PLAIN}`, pdb);
    write(`pointer${POINTER}`, folder.path('given.pdb'));
    write('folder/ntkrnlmp.pdb', pdb);
    for (const path of [
      folder.path('plain'),
      `srv*${folder.path('none')}*${folder.path('tiers')}`,
      `cache*${folder.path('kept')};${folder.path('none')};srv*${folder.path('pointer')}`,
      folder.path('folder'),
    ]) {
      const { status, stdout } = await run([image, '--symbol-path', path]);
      assert.equal(status, 0, stdout);
    }
    assert.ok(existsSync(folder.path(`none${PLAIN}`)), 'what a farther store has is copied to the nearer ones');
    const env = await runCli(['symbols', image, '--symbol-path', 'env'], {
      env: { _NT_SYMBOL_PATH: `srv*${folder.path('plain')}` },
    });
    assert.equal(env.status, 0, env.stderr);
  });

  it('writes the offsets of the kernel, which locate its tables on another machine', async () => {
    const file = folder.path('kernel.json');
    const { status, stderr } = await run(['export', image, '--symbols', folder.path('given.pdb'), '-o', file]);
    assert.equal(status, 0, stderr);
    const document = JSON.parse(readFileSync(file, 'utf8')) as { pdb: object; structures: Record<string, object> };
    assert.deepEqual(document.pdb, NTKRNLMP);
    assert.deepEqual(document.structures['_POOL_TRACKER_TABLE'], { size: 56 });
    const scan = await runCli(['scan', image, '--symbols', file, '--locate', 'symbols', '--json', '--no-cache']);
    assert.equal(scan.status, 0, scan.stderr);
    assert.equal((await run(['export', image, '--symbols', folder.path('given.pdb'), '-o', file])).status, 1);
    assert.equal((await run(['export', image])).status, 1);
  });

  it('refuses what makes no sense', async () => {
    assert.equal((await run([image, '--fetch'])).status, 2);
    assert.equal((await run([image, '--symbol-server', 'ftp://x'])).status, 2);
    assert.equal((await run([image, image])).status, 2);
  });
});
