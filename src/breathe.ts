import { setImmediate as turn } from 'node:timers/promises';

/** Milliseconds that work may go on before events are looked at: nobody notices less. */
const STRETCH_MS = 40;

let began = performance.now();

/**
 * Lets what waits have its turn, a signal above all, when work has gone on for a while without it: promises that are kept
 * at once never come back to the event loop, and a loop without any does not either. To be awaited in every loop whose
 * length a file decides; it costs next to nothing where no time has passed.
 * @param signal the reason of which is thrown when it has come
 */
export async function breathe(signal?: AbortSignal): Promise<void> {
  if (performance.now() - began >= STRETCH_MS) {
    await turn();
    began = performance.now();
  }
  signal?.throwIfAborted();
}
