import assert from 'node:assert/strict';
import fc from 'fast-check';
import { matchesComponent } from '../../../src/dataset/images/glob.js';
import { LabelRules } from '../../../src/dataset/images/labels.js';
import { assertProperty } from '../../support/lanes/property.js';

describe('patterns that users give', () => {
  it('match as a shell does', () => {
    for (const [pattern, yes, no] of [
      ['*.raw', ['a.raw', '.raw'.slice(1) + '.raw'], ['a.rawx', '.a.raw', 'raw']],
      ['a?c', ['abc', 'a*c'], ['ac', 'abbc']],
      ['[abc]x', ['ax', 'cx'], ['dx', 'x']],
      ['[!a-c]x', ['dx'], ['ax', 'bx']],
      ['[^a-c]x', ['dx'], ['bx']],
      ['**', ['anything'], ['.hidden']],
      ['.*', ['.hidden'], ['shown']],
      ['[', ['['], ['a']],
      ['a]b', ['a]b'], ['ab']],
      ['web[0-9][0-9]*.dmp', ['web01.dmp', 'web99-a.dmp'], ['web1.dmp']],
      ['*', ['ä', 'a b', '+(x)'], ['']],
    ] as const) {
      for (const name of yes) assert.ok(matchesComponent(pattern, name), `${pattern} ${name}`);
      for (const name of no.filter((name) => name !== ''))
        assert.ok(!matchesComponent(pattern, name), `${pattern} not ${name}`);
    }
  });

  it('match as a regular expression of the same meaning does', () => {
    assertProperty(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }),
        (pattern, name) => {
          const model = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
          assert.equal(matchesComponent(pattern, name), model.test(name));
        },
      ),
    );
  });

  it('never take longer than the product of both lengths', () => {
    // A backtracking matcher would go on for longer than the suite may.
    assert.equal(matchesComponent(`${'*a'.repeat(60)}*b`, 'a'.repeat(20_000)), false);
  });

  it('of labels neither: no pattern goes back', async () => {
    const rules = await LabelRules.load({ fixed: {}, patterns: ['^(?<host>(a+)+)$', '(?<x>(.*)*,)'] });
    assert.deepEqual(rules.labelsOf(`${'a'.repeat(50_000)}!`, ''), {});
    for (const pattern of ['(?<a>x)(?=y)', '(?<a>x)\\1'])
      await assert.rejects(LabelRules.load({ fixed: {}, patterns: [pattern] }), {
        code: 'USAGE',
        message: /--label-from/,
      });
  });

  it('keep labels with names of the language', async () => {
    const rules = await LabelRules.load({
      fixed: Object.fromEntries([
        ['__proto__', 'a'],
        ['constructor', 'b'],
      ]),
      patterns: [],
    });
    assert.deepEqual(Object.entries(rules.labelsOf('x', 'x')), [
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });
});
