/** Milliseconds without a byte after which a transfer is given up. */
export const IDLE_LIMIT = 30_000;

/**
 * Runs a transfer and gives it up when nothing comes for too long.
 * @param transfer is to stop on the signal, and to call `alive` for whatever comes
 */
export async function withIdleLimit<T>(milliseconds: number, transfer: (signal: AbortSignal, alive: () => void) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`nothing came for ${milliseconds / 1000} s`)), milliseconds);
  try {
    return await transfer(controller.signal, () => timer.refresh());
  } finally {
    clearTimeout(timer);
  }
}
