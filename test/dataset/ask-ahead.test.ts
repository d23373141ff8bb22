import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { askAhead } from '../../src/dataset/store/ask-ahead.js';

describe('answers of a store that are asked for ahead of their turn', () => {
  const questions = Array.from({ length: 50 }, (_, index) => index);

  interface Asked {
    readonly answers: AsyncGenerator<number>;
    readonly asked: number[];
    readonly discarded: number[];
  }

  function askAll(fails: (question: number) => boolean = () => false): Asked {
    const [asked, discarded]: [number[], number[]] = [[], []];
    const answers = askAhead(
      questions,
      async (question) => {
        asked.push(question);
        await setImmediate();
        if (fails(question)) throw new Error(`no ${question}`);
        return question * 2;
      },
      (answer) => void discarded.push(answer),
    );
    return { answers, asked, discarded };
  }

  it('come in their order, sixteen of them at a time, and are discarded after their turn', async () => {
    const { answers, asked, discarded } = askAll();
    const found: number[] = [];
    for await (const answer of answers) {
      assert.deepEqual(discarded, found);
      assert.ok(asked.length <= found.length + 16, `${asked.length} asked at turn ${found.length}`);
      assert.ok(asked.length > found.length + 1 || found.length + 1 === questions.length);
      found.push(answer);
    }
    assert.deepEqual(
      found,
      questions.map((question) => question * 2),
    );
    assert.deepEqual(discarded, found);
  });

  it('fail when it is their turn; those behind are discarded', async () => {
    const { answers, asked, discarded } = askAll((question) => question === 5);
    const found: number[] = [];
    await assert.rejects(async () => {
      for await (const answer of answers) found.push(answer);
    }, /no 5/);
    assert.equal(found.length, 5);
    assert.equal(discarded.length, asked.length - 1);
  });

  it('are all discarded when the reader leaves', async () => {
    const { answers, asked, discarded } = askAll();
    for await (const answer of answers) if (answer === 6) break;
    assert.equal(discarded.length, asked.length);
  });
});
