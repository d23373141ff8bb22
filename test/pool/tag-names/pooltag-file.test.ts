import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { PoolTrackerError } from '../../../src/errors.js';
import { parsePooltag, readPooltagFile, type PooltagEntry } from '../../../src/pool/tag-names/pooltag-file.js';
import { assertProperty } from '../../support/lanes/property.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

function only(line: string): PooltagEntry {
  const { entries, malformed } = parsePooltag(line);
  assert.deepEqual([entries.length, malformed], [1, []], line);
  return entries[0]!;
}

describe('pooltag file', () => {
  const lines: readonly (readonly [line: string, ...PooltagEntry[keyof PooltagEntry][]])[] = [
    ['AfdB - afd.sys      -     data buffer', 'AfdB', 'afd.sys', 'data buffer'],
    ['AfdB - afd.sys - data buffer   \t', 'AfdB', 'afd.sys', 'data buffer'],
    ['CM   - nt!cm        - registry', 'CM  ', 'nt!cm', 'registry'],
    ['CM - nt!cm - registry', 'CM  ', 'nt!cm', 'registry'],
    ['Dh 0 - win32k.sys - default object', 'Dh 0', 'win32k.sys', 'default object'],
    ['A B  - x.sys - spaces inside and behind', 'A B ', 'x.sys', 'spaces inside and behind'],
    ['a-b- - x.sys - a tag with hyphens', 'a-b-', 'x.sys', 'a tag with hyphens'],
    ['AlAl - nt!cm        -no space behind the hyphen', 'AlAl', 'nt!cm', 'no space behind the hyphen'],
    ['Tun4  - <unknown>   - a tag column that is too wide', 'Tun4', null, 'a tag column that is too wide'],
    ['Leak - my-driver.sys - non-paged - and more', 'Leak', 'my-driver.sys', 'non-paged - and more'],
    ['Usct - win32k!CkptRestore                   - CHECKPT', 'Usct', 'win32k!CkptRestore', 'CHECKPT'],
    ['Locl - [mydrv.sys]', 'Locl', '[mydrv.sys]', null],
    ['NoDr -  - only a description', 'NoDr', null, 'only a description'],
    ['Afd? - afd.sys - sockets', 'Afd?', 'afd.sys', 'sockets'],
    ['Acp* - acpi.sys - acpi', 'Acp?', 'acpi.sys', 'acpi'],
    ['Bu*  - burn.sys - any two more', 'Bu??', 'burn.sys', 'any two more'],
    ['Abcd* - x.sys - nothing left for the star', 'Abcd', 'x.sys', 'nothing left for the star'],
    ['Lr!! - rdr.sys - cancel', 'Lr!!', 'rdr.sys', 'cancel'],
  ];
  for (const [line, pattern, driver, description] of lines) {
    it(`reads '${line}'`, () => assert.deepEqual(only(line), { pattern, driver, description }));
  }

  it('passes over comments and blank lines, whatever ends the lines', () => {
    const text = 'rem\nREM  a - b - c\r\n  rem indented\r\n\r\n   \nrem\ttab\rProc - nt!ps - process\n';
    assert.deepEqual(parsePooltag(text), {
      entries: [{ pattern: 'Proc', driver: 'nt!ps', description: 'process' }],
      malformed: [],
    });
  });

  it('takes a tag that begins like a comment for a tag', () => {
    assert.equal(only('remX - x.sys - not a comment').pattern, 'remX');
  });

  it('counts malformed lines by their number and goes on', () => {
    const text =
      'Good - a.sys - first\nno hyphen at all\nTooLong - a.sys - x\n       <unknown>\nAb  -\n\u2013abc - a.sys - en dash\nFine - b.sys - last';
    const { entries, malformed } = parsePooltag(text);
    assert.deepEqual(
      entries.map(({ pattern }) => pattern),
      ['Good', 'Fine'],
    );
    assert.deepEqual(malformed, [2, 3, 4, 5, 6]);
  });

  it('counts a line longer than any entry as malformed, in one go', () => {
    // So long that going over the line once for each of its characters would not end while anybody waits.
    assert.deepEqual(parsePooltag(`Tag1 - a${' '.repeat(20_000_000)}x`), { entries: [], malformed: [1] });
    assert.deepEqual(parsePooltag(`Tag1 - ${' -'.repeat(500)}`).malformed, []);
  });

  it('reads back what is written in its form', () => {
    const tag = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom(...'abzAZ019_!:@.') });
    const word = fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom(...'abc.-!XYZ') });
    assertProperty(
      fc.property(tag, word, fc.array(word, { minLength: 1, maxLength: 5 }), (name, driver, words) => {
        fc.pre(!driver.startsWith('-') && !words[0]!.startsWith('-'));
        const description = words.join(' ');
        assert.deepEqual(only(`${name.padEnd(4)} - ${driver.padEnd(12)} - ${description}`), {
          pattern: name.padEnd(4),
          driver,
          description,
        });
      }),
    );
  });

  it('never fails, whatever the text', () => {
    assertProperty(
      fc.property(fc.string({ unit: fc.constantFrom(...'Aa?* -\n\r\t\u0000\u00e9\u2013rem') }), (text) => {
        for (const { pattern } of parsePooltag(text).entries) assert.match(pattern, /^[\0-\xff]{4}$/);
      }),
    );
  });

  describe('as a file', () => {
    const folder = temporaryFolder();
    const text = 'Caf\u00e9 - b.sys - caf\u00e9\n';
    const forms: readonly (readonly [name: string, bytes: Buffer])[] = [
      ['UTF-8', Buffer.from(text)],
      ['UTF-8 with its mark', Buffer.from(`\ufeff${text}`)],
      ['UTF-16 with its mark', Buffer.from(`\ufeff${text}`, 'utf16le')],
      ['UTF-16 without a mark', Buffer.from(text, 'utf16le')],
      ['UTF-16, big-endian', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
      ['UTF-16, big-endian, without a mark', Buffer.from(text, 'utf16le').swap16()],
      ['Latin-1', Buffer.from(text, 'latin1')],
    ];
    for (const [name, bytes] of forms) {
      it(`reads ${name}`, async () => {
        const path = folder.path(`${name}.txt`);
        writeFileSync(path, bytes);
        assert.deepEqual(await readPooltagFile(path), {
          entries: [{ pattern: 'Caf\u00e9', driver: 'b.sys', description: 'caf\u00e9' }],
          malformed: [],
        });
      });
    }

    const refused: readonly (readonly [what: string, bytes: Buffer, message: RegExp])[] = [
      ['a file without an entry', Buffer.from('{"not": "a list"}\n[]\n'), /none of its 2 lines is an entry/],
      ['a file far too large', Buffer.alloc((4 << 20) + 1, 0x20), /has 4194305 bytes/],
    ];
    for (const [what, bytes, message] of refused) {
      it(`refuses ${what}`, async () => {
        const path = folder.path('refused.bin');
        writeFileSync(path, bytes);
        await assert.rejects(
          readPooltagFile(path),
          (error) => error instanceof PoolTrackerError && error.code === 'USAGE' && message.test(error.message),
        );
      });
    }

    it('says when there is none', async () => {
      await assert.rejects(readPooltagFile(folder.path('absent.txt')), { code: 'SOURCE_NOT_FOUND' });
    });

    it('takes an empty file for an empty list', async () => {
      writeFileSync(folder.path('empty.txt'), '');
      assert.deepEqual(await readPooltagFile(folder.path('empty.txt')), { entries: [], malformed: [] });
    });
  });
});
