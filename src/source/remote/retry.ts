import { SYSTEM_CLOCK, type Clock } from '../../clock.js';

/** Waits double from the first to the longest, with random jitter so that clients do not retry in step. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly firstWait: number;
  readonly longestWait: number;
}

/** Milliseconds; five attempts take 3 seconds or less unless the server asks for more. */
export const RETRY: RetryPolicy = { attempts: 5, firstWait: 200, longestWait: 30_000 };

/** An error worth a retry; any other error is thrown at once. */
export class Transient extends Error {
  /** @param after milliseconds to wait, as the server requests */
  constructor(
    override readonly cause: Error,
    readonly after: number | null = null,
  ) {
    super(cause.message);
  }
}

/** Retries until success, a permanent error or the last attempt, whose cause is then thrown. */
export async function retried<T>(
  policy: RetryPolicy,
  attempt: () => Promise<T>,
  clock: Clock = SYSTEM_CLOCK,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Transient)) throw error;
      if (tries >= policy.attempts) throw error.cause;
      const wait = policy.firstWait * 2 ** (tries - 1) * (0.5 + Math.random() / 2);
      await clock.wait(Math.min(policy.longestWait, Math.max(wait, error.after ?? 0)));
    }
  }
}

/** `Retry-After` (RFC 9110, 10.2.3), seconds or a date, as milliseconds from now; null for anything else. */
export function retryAfter(value: string | null | undefined): number | null {
  if (value == null) return null;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}

/** Milliseconds in which PACE bytes must come, or the rest of the answer; else a transfer is aborted. */
export const IDLE_LIMIT = 30_000;
/** Bytes that show that a server is at work: one that lets a byte drip now and then is not. */
const PACE = 1 << 13;

/** Told of bytes that arrived; Infinity for the beginning of an answer. */
export type Alive = (bytes: number) => void;

/** Calls `restart` whenever enough has come since the last time. */
export function paced(restart: () => void): Alive {
  let came = 0;
  return (bytes) => {
    came += bytes;
    if (came < PACE) return;
    came = 0;
    restart();
  };
}

/**
 * Runs a transfer and aborts it when it is idle, or all but idle, for too long.
 * @param transfer must stop on the signal, and call `alive` with the bytes that arrived, whenever some do
 */
export async function withIdleLimit<T>(
  milliseconds: number,
  transfer: (signal: AbortSignal, alive: Alive) => Promise<T>,
  clock: Clock = SYSTEM_CLOCK,
): Promise<T> {
  const controller = new AbortController();
  const alarm = clock.alarm(milliseconds, () =>
    controller.abort(new Error(`in ${milliseconds / 1000} s next to nothing came`)),
  );
  try {
    return await transfer(
      controller.signal,
      paced(() => alarm.restart()),
    );
  } finally {
    alarm.cancel();
  }
}
