import assert from 'node:assert/strict';
import { assertProperty } from '../support/lanes/property.js';
import fc from 'fast-check';
import { CsvParser, type CsvField } from '../../src/sink/read/csv-parser.js';

function parse(...pieces: string[]): CsvField[][] {
  const parser = new CsvParser();
  return [...pieces.flatMap((piece) => [...parser.take(piece)]), ...parser.end()];
}

describe('CSV parser', () => {
  it('reads RFC 4180, with or without a line end at the end, and LF alone', () => {
    const expected = [
      ['a', 'b,c'],
      ['"', 'x\r\ny'],
      [null, ''],
    ];
    assert.deepEqual(parse('a,"b,c"\r\n"""","x\r\ny"\r\n,""\r\n'), expected);
    assert.deepEqual(parse('a,"b,c"\n"""","x\r\ny"\n,""'), expected);
    assert.deepEqual(parse('a,\r\n'), [['a', null]]);
    assert.deepEqual(parse(''), []);
  });

  it('gives the same whatever the pieces', () => {
    const field = fc.oneof(
      fc.constant(null),
      fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', ' ', '\u{1f600}'), maxLength: 6 }),
    );
    assertProperty(
      fc.property(
        fc.array(fc.array(field, { minLength: 2, maxLength: 3 }), { minLength: 1 }),
        fc.constantFrom('\r\n', '\n'),
        fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
        (records, lineEnd, sizes) => {
          const text = records
            .map(
              (fields) =>
                fields.map((value) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`)).join(',') + lineEnd,
            )
            .join('');
          const pieces: string[] = [];
          for (let at = 0; at < text.length;) {
            const size = sizes.next().value as number;
            pieces.push(text.slice(at, at + size));
            at += size;
          }
          assert.deepEqual(parse(...pieces), records);
        },
      ),
    );
  });

  it('refuses what is not CSV', () => {
    assert.throws(() => parse('"a'), /a quote is never closed/);
    assert.throws(() => parse('"a"b\n'), /characters after a closing quote/);
    assert.throws(() => parse('a"b\n'), /a quote within a field that is not quoted/);
    assert.throws(() => parse('a\rb\n'), /a carriage return within a field/);
    assert.throws(() => parse(`"${'x'.repeat(17 * 2 ** 20)}`, 'y'), /a record longer than/);
  });
});
