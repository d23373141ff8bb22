import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseTurtle, RDF_TYPE } from '../../src/image/aff4/turtle.js';

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
    fc.assert(
      fc.property(
        fc.string({ maxLength: 300, unit: fc.constantFrom(...'<>"\\;,.@:^# \nab1') }),
        (text) => parseTurtle(text) instanceof Map,
      ),
    );
    const started = performance.now();
    parseTurtle('"\\'.repeat(50_000));
    parseTurtle('a.'.repeat(100_000));
    parseTurtle('<'.repeat(100_000));
    assert.ok(performance.now() - started < 2000, 'in time that grows with the text');
  });
});
