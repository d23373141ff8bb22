import assert from 'node:assert/strict';
import { PromptReads } from '../../src/source/local/prompt-reads.js';

describe('reads that are made at once', () => {
  it('are small', () => {
    const prompt = new PromptReads();
    assert.equal(prompt.allows(4096), true);
    assert.equal(prompt.allows(1 << 20), false);
  });

  it('leave the event loop a turn now and then', () => {
    const prompt = new PromptReads();
    const allowed = Array.from({ length: 1000 }, () => prompt.allows(1));
    const longest = Math.max(
      ...allowed
        .map((is) => (is ? '1' : '0'))
        .join('')
        .split('0')
        .map(({ length }) => length),
    );
    assert.ok(longest > 0 && longest < 100, String(longest));
  });

  it('go to other threads when several in a row have taken long, and more each time', () => {
    let now = 0;
    const prompt = new PromptReads(() => now);
    const pauses: number[] = [];
    for (let time = 0; time < 3; time++) {
      let refused = 0;
      // One alone changes nothing.
      for (let slow = 0; slow < (time === 0 ? 3 : 1); slow++) {
        while (!prompt.allows(1)) refused++;
        prompt.timed(() => (now += 2));
      }
      while (!prompt.allows(1)) refused++;
      pauses.push(refused);
    }
    assert.ok(pauses[0]! >= 16 && pauses[1]! > pauses[0]! && pauses[2]! > pauses[1]!, pauses.join());
  });

  it('go to other threads when they take long to fail', () => {
    let now = 0;
    const prompt = new PromptReads(() => now);
    for (let slow = 0; slow < 3; slow++)
      assert.throws(() =>
        prompt.timed(() => {
          now += 5000;
          throw new Error('EIO');
        }),
      );
    assert.equal(prompt.allows(1), false);
  });

  it('give back what was read, and what it throws', () => {
    const prompt = new PromptReads();
    assert.equal(
      prompt.timed(() => 7),
      7,
    );
    assert.throws(() =>
      prompt.timed(() => {
        throw new Error('EIO');
      }),
    );
  });
});
