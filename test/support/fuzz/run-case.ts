import { PoolTrackerError } from '../../../src/errors.js';
import { CaseSource } from './case-source.js';
import type { FuzzTarget } from './fuzz-target.js';

/** Bytes that one allocation may have, whatever a small file claims. */
const MOST_AT_ONCE = 64 << 20;

let largest = 0;
let isWatching = false;

/** Notes the size of every buffer that is asked for, before it is made. */
function watchAllocations(): void {
  if (isWatching) return;
  isWatching = true;
  for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const) {
    const original = Buffer[name].bind(Buffer) as (size: number, ...more: never[]) => Buffer;
    Object.assign(Buffer, {
      [name]: (size: number, ...more: never[]): Buffer => {
        if (size > largest) largest = size;
        return original(size, ...more);
      },
    });
  }
}

/** What a case came to: its kind, by which new ones are told from known ones; and what is wrong with the parser. */
export interface Outcome {
  readonly kind: string;
  readonly problem: string | null;
}

/** Feeds a target with a file: it is to end in an answer or in one line of an error, without a large allocation. */
export async function runCase(target: FuzzTarget, bytes: Buffer): Promise<Outcome> {
  watchAllocations();
  largest = 0;
  let outcome: Outcome = { kind: 'read', problem: null };
  try {
    await target.run(new CaseSource(bytes));
  } catch (error) {
    outcome = judged(error);
  }
  const most = target.mostAtOnce ?? MOST_AT_ONCE;
  return largest > most && outcome.problem === null
    ? { ...outcome, problem: `it asks for ${largest} bytes at once; expected at most ${most}` }
    : outcome;
}

function judged(error: unknown): Outcome {
  if (!(error instanceof PoolTrackerError))
    return { kind: 'crash', problem: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  const { code, message } = error;
  if (code === 'INTERNAL' || /[\u0000-\u001f]/.test(message) || /\b(NaN|undefined|Infinity)\b/.test(message))
    return { kind: 'crash', problem: `${code}: ${JSON.stringify(message)}` };
  return {
    kind: `${code} ${message.replace(/'[^']*'|"[^"]*"/g, '').replace(/(0x)?[0-9a-f]*\d[0-9a-f]*/gi, '#')}`,
    problem: null,
  };
}
