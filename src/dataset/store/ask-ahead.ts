/** What is asked for before its turn: in a bucket, each is a request that takes tens of milliseconds. */
const AHEAD = 16;

/**
 * Answers of a store, one after the other in the order of what was asked, each asked for well before its turn.
 * @param discard called for each answer when its turn is over, or never comes
 * @throws what `ask` throws, when it would be its turn
 */
export async function* askAhead<Question, Answer>(
  questions: readonly Question[],
  ask: (question: Question) => Promise<Answer>,
  discard: (answer: Answer) => void | Promise<void>,
): AsyncGenerator<Answer, void, undefined> {
  const asked: Promise<Answer>[] = [];
  let next = 0;
  try {
    for (;;) {
      while (asked.length < AHEAD && next < questions.length) {
        const one = ask(questions[next++]!);
        // Told when its turn comes.
        one.catch(() => undefined);
        asked.push(one);
      }
      const first = asked.shift();
      if (first === undefined) return;
      const answer = await first;
      try {
        yield answer;
      } finally {
        await discard(answer);
      }
    }
  } finally {
    for (const one of await Promise.allSettled(asked)) if (one.status === 'fulfilled') await discard(one.value);
  }
}
