import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parsePooltag } from '../../../src/pool/tag-names/pooltag-file.js';
import { TagNameList } from '../../../src/pool/tag-names/tag-names.js';
import { tagKey } from '../../support/generate/tracker/tag-plan.js';
import { assertProperty } from '../../support/lanes/property.js';

function list(...patterns: string[]): TagNameList {
  return new TagNameList(parsePooltag(patterns.map((pattern) => `${pattern} - ${pattern.trim()}`).join('\n')).entries);
}

/** Which pattern of the list names the tag. */
function fits(names: TagNameList, tag: string): string | null {
  return names.find(tagKey(tag))?.driver ?? null;
}

describe('tag name list', () => {
  it('prefers the most specific of the entries that fit, wherever it stands', () => {
    const names = list('*', 'Afd?', 'AfdB', 'Af??', 'A*');
    assert.deepEqual(
      ['AfdB', 'AfdC', 'AfxB', 'Abcd', 'zzzz'].map((tag) => fits(names, tag)),
      ['AfdB', 'Afd?', 'Af??', 'A*', '*'],
    );
  });

  it('keeps the first of equals', () => {
    assert.equal(
      new TagNameList(parsePooltag('Fatv - first\nFatv - second').entries).find(tagKey('Fatv'))?.driver,
      'first',
    );
  });

  it('tells case apart, and tags with spaces inside', () => {
    const names = list('FSrn', 'Dh 0');
    assert.deepEqual(
      ['FSrn', 'FSrN', 'Dh 0', 'Dh0 '].map((tag) => fits(names, tag)),
      ['FSrn', null, 'Dh 0', null],
    );
  });

  it('fills a short tag up with spaces, or with zeros as compilers do', () => {
    const names = list('CM', 'I');
    assert.deepEqual(
      ['CM  ', 'CM\0\0', 'CM\0 ', 'I\0\0\0', 'CMx ', 'C   '].map((tag) => fits(names, tag)),
      ['CM', 'CM', null, 'I', null, null],
    );
  });

  it('finds a protected tag by its plain name', () => {
    assert.equal(list('Proc').find((tagKey('Proc') | 0x80000000) >>> 0)?.driver, 'Proc');
  });

  it('takes a question mark in a tag for what it is', () => {
    assert.equal(fits(list('Gh?@'), 'Gh?@'), 'Gh?@');
    assert.equal(fits(list('Gh0@'), 'Gh?@'), null);
  });

  it('agrees with comparing character by character', () => {
    const character = fc.constantFrom('a', 'b', 'c');
    const four = fc.tuple(character, character, character, character).map((characters) => characters.join(''));
    const open = fc.constantFrom('a', 'b', '?');
    const pattern = fc.tuple(open, open, open, open).map((characters) => characters.join(''));
    assertProperty(
      fc.property(fc.uniqueArray(pattern, { maxLength: 12 }), four, (patterns, tag) => {
        const matches = patterns.filter((one) => [...one].every((char, index) => char === '?' || char === tag[index]));
        const literals = (one: string): number => [...one].filter((char) => char !== '?').length;
        const found = fits(list(...patterns), tag);
        assert.equal(found === null, matches.length === 0);
        if (found !== null) assert.equal(literals(found), Math.max(...matches.map(literals)));
        assert.ok(found === null || matches.includes(found));
      }),
    );
  });
});
