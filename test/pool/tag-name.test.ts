import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isProtected, tagName } from '../../src/pool/table/tag-name.js';
import { assertProperty } from '../support/lanes/property.js';

describe('the name of a tag', () => {
  it('is its four bytes, lowest address first', () => assert.equal(tagName(0x636f7250), 'Proc'));
  it('keeps trailing spaces', () => assert.equal(tagName(0x20707249), 'Irp '));
  it('does not have bit 31', () => {
    assert.equal(tagName(0xe36f7250), 'Proc');
    assert.ok(isProtected(0xe36f7250) && !isProtected(0x636f7250));
  });
  it('escapes what is not printable, and the backslash', () => assert.equal(tagName(0x0a0d225c), '\\x5C"\\x0D\\x0A'));
  it('is different for different keys, and one line of ASCII', () => {
    const keys = fc.integer({ min: 0, max: 0x7fffffff });
    assertProperty(
      fc.property(keys, keys, (a, b) => {
        assert.equal(tagName(a) === tagName(b), a === b);
        assert.match(tagName(a), /^[\x20-\x7e]{4,16}$/);
      }),
    );
  });
});
