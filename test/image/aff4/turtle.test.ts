import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseTurtle, RDF_TYPE } from '../../../src/image/aff4/turtle.js';
import { assertProperty } from '../../support/lanes/property.js';

describe('Turtle', () => {
  it('reads prefixes, IRIs, literals, and lists of predicates and objects', () => {
    const graph = parseTurtle(`@prefix x: <http://x/> .
      # A comment. With a dot; and <marks>.
      <urn:a> a x:Thing, x:Other ;
        x:size "12"^^x:int ; x:count 7 ;
        x:note "one ; \\"two\\" . three"@en ;
      .
      <urn:b> x:of <urn:a> .`);
    assert.deepEqual([...graph.keys()], ['urn:a', 'urn:b']);
    assert.deepEqual(Object.fromEntries(graph.get('urn:a')!), {
      [RDF_TYPE]: ['http://x/Thing', 'http://x/Other'],
      'http://x/size': ['12'],
      'http://x/count': ['7'],
      'http://x/note': ['one ; \\"two\\" . three'],
    });
    assert.deepEqual(graph.get('urn:b')?.get('http://x/of'), ['urn:a']);
  });

  it('reads anything without failing', () => {
    assertProperty(
      fc.property(
        fc.string({ maxLength: 300, unit: fc.constantFrom(...'<>"\\;,.@:^# \nab1') }),
        (text) => parseTurtle(text) instanceof Map,
      ),
    );
  });

  // So long that going over the text once for each of its characters would not end while anybody waits.
  for (const [name, text] of [
    ['escapes', '"\\'],
    ['full stops', 'a.'],
    ['open marks', '<'],
  ] as const)
    it(`reads a long text of ${name} in one go`, () => {
      assert.ok(parseTurtle(text.repeat(2_000_000)) instanceof Map);
    });
});
