import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openSymbolDocument } from '../../src/kernel/symbols/symbol-document.js';
import { pdbOfDocument, resolveSymbols } from '../../src/kernel/symbols/isf.js';
import { storeKey, SYMBOL_SOURCES, type SymbolOptions } from '../../src/kernel/symbols/symbols.js';
import { readCachedSymbols, writeCachedSymbols } from '../../src/kernel/symbols/symbols.js';
import { generateMemory } from '../support/generate/memory.js';
import { assertTotals, walkBuffer } from '../support/expect/generated-scan.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { isfDocument } from '../support/write/isf.js';
import { rawBuffer } from '../support/write/raw.js';

describe('symbol files', () => {
  const folder = temporaryFolder();
  const generated = generateMemory({ build: 'unknown', layout: 56, processors: 2 });
  const { build } = generated.truth;
  const pdb = { name: build.pdb, guid: build.guid, age: build.age };
  const text = JSON.stringify(isfDocument(build));
  const find = (options: SymbolOptions) => SYMBOL_SOURCES[1]!.find(pdb, options);
  let cacheHome: string | undefined;

  before(() => {
    cacheHome = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = folder.path('cache');
  });
  after(() => {
    if (cacheHome === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = cacheHome;
  });

  function write(name: string, bytes: string | Uint8Array): string {
    const path = folder.path(name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, bytes);
    return path;
  }

  it('locate the tables of a kernel that no list knows', async () => {
    const decoded = await walkBuffer(rawBuffer(generated), { symbols: write('k.json', text), locate: 'symbols' });
    assert.equal(decoded.tables.locatedBy, 'symbols');
    assertTotals(decoded.totals, generated.truth.merged, 56);
  });

  it('are read plain, gzipped and as xz, whole or streamed, to the same symbols', async () => {
    const paths = [write('plain.json', text), write('packed.json.gz', gzipSync(text))];
    const xz = spawnSync('xz', ['-c'], { input: text });
    if (xz.status === 0) paths.push(write('packed.json.xz', xz.stdout));
    else console.log('      skipped: xz is not installed');
    const resolved = [];
    for (const path of paths) {
      for (const limit of [2 ** 28, 10]) {
        const document = await openSymbolDocument(path, limit);
        assert.deepEqual(await pdbOfDocument(document), pdb);
        resolved.push({ ...(await resolveSymbols(document, path)), source: '' });
      }
    }
    for (const one of resolved) assert.deepEqual(one, resolved[0]);
    assert.equal(resolved[0]!.tagTablesCapacity, build.tagTablesCapacity);
    assert.equal(resolved[0]!.rva.PoolTrackTable, build.rva.PoolTrackTable);
  });

  it('are not read through links or pointers to places that may not be read', async () => {
    const secret = write('secret/k.json', text);
    const named = `ntkrnlmp-${build.guid}-${build.age}.json`;
    for (const name of ['linked', 'pointed', 'asking']) mkdirSync(folder.path(name));
    symlinkSync(secret, folder.path(`linked/${named}`));
    symlinkSync(secret, folder.path('asking/one.json'));
    const store = `pointed/${pdb.name}/${storeKey(pdb)}`;
    write(`${store}/file.ptr`, `PATH:${secret}`);
    const bounded = (name: string): SymbolOptions => ({ cache: false, within: [folder.path(name)] });
    const inPath = (name: string, options: SymbolOptions, note?: (line: string) => void) =>
      SYMBOL_SOURCES[2]!.find(pdb, { ...options, symbolPath: folder.path(name) }, note);
    for (const name of ['linked', 'asking'])
      assert.notEqual(await find({ symbols: folder.path(name), cache: false }), null);
    assert.notEqual(await inPath('pointed', { cache: false }), null);

    const file = folder.path(`linked/${named}`);
    for (const symbols of [folder.path('linked'), file])
      await assert.rejects(find({ ...bounded('linked'), symbols }), { message: /not in a place that may be read/ });
    assert.equal(await find({ ...bounded('asking'), symbols: folder.path('asking') }), null);
    const notes: string[] = [];
    assert.equal(await inPath('pointed', bounded('pointed'), (line) => notes.push(line)), null);
    assert.match(notes.join(), /not in a place that may be read/);
    await assert.rejects(openSymbolDocument(file, 10, [folder.path('linked')]), { message: /may not be read/ });
    // What is found is not copied to a nearer store through a link either.
    mkdirSync(folder.path('near'));
    mkdirSync(folder.path('beyond'));
    symlinkSync(folder.path('beyond'), folder.path(`near/${pdb.name}`));
    write(`far/${pdb.name}/${storeKey(pdb)}/${pdb.name}`, text);
    const symbolPath = `srv*${folder.path('near')}*${folder.path('far')}`;
    const within = [folder.path('near'), folder.path('far')];
    assert.notEqual(await SYMBOL_SOURCES[2]!.find(pdb, { symbolPath, cache: false, within }), null);
    assert.deepEqual(readdirSync(folder.path('beyond')), []);
    assert.notEqual(await SYMBOL_SOURCES[2]!.find(pdb, { symbolPath, cache: false }), null);
    assert.equal(readdirSync(folder.path('beyond')).length, 1);
  });

  it('are found in a directory by the GUID in their name, or by asking those whose name has none', async () => {
    const other = JSON.stringify(isfDocument({ ...build, guid: 'F'.repeat(32) }));
    write(`byname/deep/ntkrnlmp-${build.guid}-${build.age}.json`, text);
    write(`byname/ntkrnlmp-${'F'.repeat(32)}-1.json`, other);
    write('asked/one.json', other);
    write('asked/two.json.gz', gzipSync(text));
    write('asked/broken.json', '{');
    for (const directory of ['byname', 'asked']) {
      const found = await find({ symbols: folder.path(directory), cache: false });
      assert.equal(found?.rva.PoolTrackTable, build.rva.PoolTrackTable, directory);
    }
    write('none/other.json', other);
    assert.equal(await find({ symbols: folder.path('none'), cache: false }), null);
  });

  it('of another kernel are not used', async () => {
    const path = write('other.json', JSON.stringify(isfDocument({ ...build, guid: 'A'.repeat(32) })));
    assert.equal(await find({ symbols: path, cache: false }), null);
  });

  for (const [what, content] of [
    ['no JSON', '{"symbols":'],
    ['no object', '[1]'],
    ['no symbols', '{}'],
    ['gzip that is cut', gzipSync(text).subarray(0, 100)],
    ['no entry type', JSON.stringify({ ...isfDocument(build), user_types: {} })],
  ] as const) {
    it(`are refused in one line when there is ${what}`, async () => {
      await assert.rejects(
        find({ symbols: write('bad.json', content), cache: false }),
        (error: Error & { code: string }) => {
          assert.equal(error.code, 'SYMBOL_FILE_DAMAGED');
          assert.match(error.message, /^cannot use symbol file [^\n]*$/);
          return true;
        },
      );
    });
  }

  it('are refused when more would be made of them than memory should hold', async () => {
    const deep = '['.repeat(1_000_000);
    for (const [name, bytes, message] of [
      ['deep.json', Buffer.from(`{"symbols":${deep}`), /nested more than 64 deep/],
      ['deep.json.gz', gzipSync(`{"symbols":${deep}`), /nested more than 64 deep/],
      ['wide.json', Buffer.from(`{"symbols":[${'[],'.repeat(2_100_000)}0]}`), /more than 2000000 objects and arrays/],
      ['bomb.json.gz', gzipSync(Buffer.alloc(40 << 20, ' ')), /unpacks to more than 16777216 bytes/],
    ] as const) {
      writeFileSync(folder.path(name), bytes);
      await assert.rejects(openSymbolDocument(folder.path(name), 1 << 26), { code: 'SYMBOL_FILE_DAMAGED', message });
    }
    // The same where it is streamed.
    writeFileSync(folder.path('deeper.json'), `{"symbols":{"a":${deep}`);
    for (const [name, limit, message] of [
      ['deeper.json', 1000, /nested more than 64 deep/],
      ['bomb.json.gz', undefined, /unpacks to more than 16777216 bytes/],
    ] as const) {
      const streamed = await openSymbolDocument(folder.path(name), limit);
      await assert.rejects(async () => {
        for await (const member of streamed.entries('symbols')) assert.fail(String(member));
      }, message);
    }
  });

  it('are refused when they are not there', () =>
    assert.rejects(find({ symbols: folder.path('missing.json') }), { code: 'SYMBOL_FILE_DAMAGED' }));

  describe('the cache of what they resolve to', () => {
    it('serves the next run, and not when it is damaged', async () => {
      const path = write('cached.json', text);
      const first = await find({ symbols: path });
      writeFileSync(path, '{"metadata":{}}');
      assert.deepEqual(await find({ symbols: path }), first);
      const home = folder.path('cache/pool-tracker/symbols');
      const entry = readdirSync(home, { recursive: true })
        .map((name) => join(home, String(name)))
        .find((name) => name.endsWith('.json'))!;
      writeFileSync(entry, readFileSync(entry, 'utf8').replace('PoolTrackTable', 'PoolTrackTablf'));
      assert.equal(await readCachedSymbols(pdb), null);
    });

    it('stays whole under many writers at once', async () => {
      const symbols = await find({ symbols: write('again.json', text), cache: false });
      await Promise.all(Array.from({ length: 30 }, () => writeCachedSymbols(pdb, symbols!)));
      assert.deepEqual(await readCachedSymbols(pdb), symbols);
    });

    it('costs nothing but time where it cannot be written', async () => {
      process.env.XDG_CACHE_HOME = write('a-file', 'x');
      try {
        assert.notEqual(await find({ symbols: write('uncached.json', text) }), null);
      } finally {
        process.env.XDG_CACHE_HOME = folder.path('cache');
      }
    });
  });
});
