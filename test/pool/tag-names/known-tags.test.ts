import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { builtInTags, KnownTags } from '../../../src/pool/tag-names/tag-names.js';
import { parsePooltag } from '../../../src/pool/tag-names/pooltag-file.js';
import { tagKey } from '../../support/generate/tracker/tag-plan.js';

describe('built-in list of tags', () => {
  const { entries, malformed } = parsePooltag(
    readFileSync(new URL('../../../data/pooltag.txt', import.meta.url), 'utf8'),
  );

  it('parses without a malformed line', () => assert.deepEqual(malformed, []));

  it('has at least 400 entries, each tag once', () => {
    assert.ok(entries.length >= 400, `${entries.length}`);
    const patterns = entries.map(({ pattern }) => pattern);
    assert.deepEqual(
      patterns.filter((pattern, index) => patterns.indexOf(pattern) !== index),
      [],
    );
  });

  it('describes every tag in a short line and names a binary in one word', () => {
    for (const { pattern, driver, description } of entries) {
      assert.ok(description !== null && description.length >= 3 && description.length <= 100, pattern);
      assert.match(driver ?? 'none', /^[\w.!]+$/, pattern);
    }
  });

  it('has no pattern that would call a third party known by one letter', () => {
    assert.deepEqual(
      entries.filter(({ pattern }) => [...pattern].filter((char) => char !== '?').length < 2),
      [],
    );
  });

  const known: readonly (readonly [tag: string, driver: string])[] = [
    ['Proc', 'nt!ps'],
    ['Thre', 'nt!ps'],
    ['Toke', 'nt!se'],
    ['File', 'nt!io'],
    ['Irp ', 'nt!io'],
    ['MmSt', 'nt!mm'],
    ['CM31', 'nt!cm'],
    ['CcSc', 'nt!cc'],
    ['Ntff', 'ntfs.sys'],
    ['FMfn', 'fltmgr.sys'],
    ['AfdE', 'afd.sys'],
    ['TcpE', 'tcpip.sys'],
    ['NDpp', 'ndis.sys'],
    ['Usqu', 'win32k.sys'],
    ['Gh05', 'win32k.sys'],
    ['AcpM', 'acpi.sys'],
    ['klmo', 'ntoskrnl!ldr'],
  ];
  for (const [tag, driver] of known) {
    it(`knows ${tag}`, () => assert.equal(builtInTags().find(tagKey(tag))?.driver, driver));
  }

  it('knows no tag that nothing is known of', () => {
    for (const tag of ['zzzz', 'Leak', 'Evil', '\x01\x02\x03\x04']) assert.equal(builtInTags().find(tagKey(tag)), null);
  });
});

describe('known tags', () => {
  it('asks the given files first, all of them as one list, then the built-in list', () => {
    const names = new KnownTags([
      parsePooltag('Proc - mine.sys\nL??? - wide.sys'),
      parsePooltag('Leak - exact.sys\nProc - later.sys'),
    ]);
    assert.deepEqual(
      ['Proc', 'Leak', 'Lxxx', 'Thre', 'zzzz'].map((tag) => names.find(tagKey(tag))?.driver),
      ['mine.sys', 'exact.sys', 'wide.sys', 'nt!ps', undefined],
    );
  });
});
