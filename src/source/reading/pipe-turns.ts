/**
 * Threads that read one pipe by blocking calls, each when its turn comes, into memory that all of them share. What a
 * thread has read it can look at while the next one reads: nothing is handed over.
 */

/** A turn at a pipe, in a form that other threads can be sent. */
export interface PipeTurn {
  /** What is read; blocking. */
  readonly descriptor: number;
  /** The state that all turns share, see below. */
  readonly state: SharedArrayBuffer;
  /** The place of this turn in the order of all, from 0. */
  readonly turn: number;
}

/** Threads that fill stretches of shared memory from a pipe. */
export interface PipeThreads {
  /** Stretches that should be asked for ahead, so that a thread that is done finds its next turn. */
  readonly ahead: number;
  /**
   * Fills `target` in that turn.
   * @returns how many bytes: fewer than its length only at the end of the pipe
   */
  fill(turn: PipeTurn, target: Uint8Array): Promise<number>;
}

/** The turn that reads; the words of the state are Int32, and changed by Atomics alone. */
export const NOW = 0;
/** 1 after the last byte. */
export const ENDED = 1;
/** Who is in a read that may block: nobody, a thread, or a call that this thread's event loop waits for. */
export const READING = 2;
/** 1 when nothing is to be read any more. */
export const STOPPED = 3;

export const NOBODY = 0;
export const A_THREAD = 1;
export const THE_LOOP = 2;

export const STATE_BYTES = 16;

/** How long a thread sleeps where somebody made a shared pipe non-blocking and it is empty, in milliseconds. */
export const EMPTY_MS = 5;

/**
 * For the programs of threads, which are text: `fillInTurn(turn, bytes, filledSoFar)`, as `PipeThreads.fill`; it is told
 * after each read how many bytes there are. A turn ends whatever comes of it; behind one that failed nothing is read.
 */
export const FILL_IN_TURN = `
  const { readSync } = require('node:fs');
  function fillInTurn({ descriptor, state, turn }, bytes, filledSoFar) {
    const words = new Int32Array(state);
    for (let now; (now = Atomics.load(words, ${NOW})) !== turn;) Atomics.wait(words, ${NOW}, now);
    let filled = 0;
    try {
      while (filled < bytes.length && Atomics.load(words, ${ENDED}) === 0) {
        Atomics.store(words, ${READING}, ${A_THREAD});
        if (Atomics.load(words, ${STOPPED}) === 1) break;
        try {
          const count = readSync(descriptor, bytes, filled, bytes.length - filled, null);
          if (count === 0) Atomics.store(words, ${ENDED}, 1);
          filled += count;
          filledSoFar(filled);
        } catch (error) {
          if (error.code !== 'EAGAIN') throw error;
          Atomics.wait(words, ${STOPPED}, 0, ${EMPTY_MS});
        }
      }
    } catch (error) {
      Atomics.store(words, ${ENDED}, 1);
      throw error;
    } finally {
      Atomics.store(words, ${READING}, ${NOBODY});
      Atomics.notify(words, ${READING});
      Atomics.store(words, ${NOW}, turn + 1);
      Atomics.notify(words, ${NOW});
    }
    return filled;
  }
`;
