import assert from 'node:assert/strict';
import { pointerIn, isPlainName, packedName, storeKey } from '../../../src/kernel/symbols/store/store-layout.js';
import { defaultStore, parseSymbolPath } from '../../../src/kernel/symbols/store/symbol-path.js';

const URL = 'https://symbols.example/download';

describe('symbol paths', () => {
  for (const [text, places] of [
    ['', []],
    [
      ' /a ; /b ',
      [
        { kind: 'folder', path: '/a' },
        { kind: 'folder', path: '/b' },
      ],
    ],
    [`srv*/near*${URL}`, [{ kind: 'stores', stores: ['/near', URL] }]],
    [`SRV*/near*/far*${URL}`, [{ kind: 'stores', stores: ['/near', '/far', URL] }]],
    [`symsrv*symsrv.dll*/near*${URL}`, [{ kind: 'stores', stores: ['/near', URL] }]],
    [`srv*${URL}`, [{ kind: 'stores', stores: [defaultStore(), URL] }]],
    [`srv**${URL}`, [{ kind: 'stores', stores: [defaultStore(), URL] }]],
    [URL, [{ kind: 'stores', stores: [defaultStore(), URL] }]],
    ['srv*', [{ kind: 'stores', stores: [defaultStore()] }]],
    ['\\\\server\\share', [{ kind: 'folder', path: '\\\\server\\share' }]],
    [
      `/first;cache*/kept;/second;srv*${URL}`,
      [
        { kind: 'folder', path: '/first' },
        { kind: 'stores', stores: ['/kept', '/second'] },
        { kind: 'stores', stores: ['/kept', URL] },
      ],
    ],
  ] as const)
    it(`is read as debuggers read it: ${text === '' ? '(empty)' : text}`, () =>
      assert.deepEqual(parseSymbolPath(text), places));
});

describe('the layout of stores', () => {
  it('has GUID and age as the folder, the age in hexadecimal', () =>
    assert.equal(storeKey({ name: 'k.pdb', guid: 'A'.repeat(32), age: 26 }), `${'A'.repeat(32)}1A`));

  it('has packed files whose last letter is an underscore', () =>
    assert.equal(packedName('ntkrnlmp.pdb'), 'ntkrnlmp.pd_'));

  it('has pointers, with or without PATH:', () => {
    assert.equal(pointerIn('PATH:\\\\a\\b.pdb\r\n'), '\\\\a\\b.pdb');
    assert.equal(pointerIn('/a/b.pdb'), '/a/b.pdb');
    assert.equal(pointerIn('MSG: not here'), null);
    assert.equal(pointerIn(''), null);
  });

  it('takes no name from an image that leads elsewhere', () => {
    for (const name of ['../../etc/passwd', 'a/b.pdb', 'a\\b.pdb', '..', 'c:x.pdb', '', 'x'.repeat(200)])
      assert.equal(isPlainName(name), false, name);
    assert.equal(isPlainName('ntkrnlmp.pdb'), true);
  });
});
