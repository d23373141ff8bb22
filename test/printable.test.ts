import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { printable, printableJson, printableLines } from '../src/printable.js';
import { assertProperty } from './support/lanes/property.js';
import { runCli } from './support/run/cli.js';
import { temporaryFolder } from './support/run/temporary-folder.js';

const HIDDEN = /[\p{Cc}\p{Bidi_Control}\u200b-\u200d\u2060\ufeff\u2028\u2029]/u;

describe('what reaches a terminal', () => {
  const folder = temporaryFolder();

  it('has hidden characters escaped, and everything else as it is', () => {
    assert.equal(
      printable('\x1b[31mred\x07\n\u202egnp.exe\u200b\ufeff é 日本 🙂'),
      '\\x1b[31mred\\x07\\x0a\\u{202e}gnp.exe\\u{200b}\\u{feff} é 日本 🙂',
    );
    assert.equal(printableLines('one\ntwo\x1b'), 'one\ntwo\\x1b');
  });

  it('never has one, whatever comes; JSON keeps its meaning', () => {
    assertProperty(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.ok(!HIDDEN.test(printable(text)));
        assert.ok(!HIDDEN.test(printableLines(text).replaceAll('\n', '')));
        const json = printableJson({ text });
        assert.ok(!HIDDEN.test(json));
        assert.deepEqual(JSON.parse(json), { text });
      }),
    );
  });

  it('of names of files and of what they hold neither', async () => {
    const name = 'evil\x1b]0;title\x07\u202e.raw';
    writeFileSync(folder.path(name), 'text, and no memory '.repeat(10_000));
    for (const words of [
      ['scan', folder.path(name)],
      ['info', folder.path(name)],
      ['batch', folder.path(name), '--out', folder.path('lake')],
      ['batch', folder.path(name), '--out', folder.path('lake-json'), '--log', 'json'],
    ]) {
      const { stdout, stderr } = await runCli(words);
      assert.ok(!HIDDEN.test((stdout + stderr).replaceAll('\n', '')), `${words[0]}: ${stdout}${stderr}`);
      assert.match(stdout + stderr, /\\x1b|\\u001b/);
    }
  });
});
