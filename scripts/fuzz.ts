/**
 * Feeds every parser with changed files, in threads: `tsx scripts/fuzz.ts MINUTES [FIRST]`. A case that throws what is no
 * error of the program, takes more than ten seconds or more than half a gigabyte is told with its target and number, which
 * make it again: `tsx scripts/fuzz.ts again TARGET NUMBER`. Exit status 1 if there was any.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FUZZ_TARGETS } from '../test/support/fuzz/targets.js';

const AT_ONCE = 2000;
const SLOW_MS = 10_000;
const HEAP_MB = 512;
const WORKER = new URL('../test/support/fuzz/fuzz-worker.mjs', import.meta.url);

const found: string[] = [];
const executions = new Map<string, number>();
let peak = 0;

function tell(target: string, number: number, problem: string): void {
  found.push(`${target} ${number}`);
  console.log(`${target} ${number}: ${problem.split('\n').slice(0, 4).join(' | ')}`);
}

/** Runs some cases. @returns the number of the first that was not run */
async function run(target: string, first: number, count: number): Promise<number> {
  const shared = new SharedArrayBuffer(4);
  const at = new Int32Array(shared);
  at[0] = first;
  const worker = new Worker(WORKER, {
    workerData: { name: target, first, count, shared },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  let crashed: string | null = null;
  worker.on('message', ({ number, problem }: { number: number; problem: string }) => tell(target, number, problem));
  worker.on('error', (error) => (crashed = error.message));
  const ended = new Promise<'ended'>((resolve) => worker.once('exit', () => resolve('ended')));
  let last = -1;
  for (let since = Date.now(); ;) {
    const result = await Promise.race([ended, delay(500)]);
    peak = Math.max(peak, process.memoryUsage.rss());
    const number = Atomics.load(at, 0);
    if (result === 'ended') {
      if (crashed === null) return first + count;
      tell(target, number, crashed);
      return number + 1;
    }
    if (number !== last) [last, since] = [number, Date.now()];
    else if (Date.now() - since > SLOW_MS) {
      await worker.terminate();
      tell(target, number, `no end after ${SLOW_MS / 1000} s`);
      return number + 1;
    }
  }
}

const [what, name, number] = process.argv.slice(2);
if (what === 'again') await run(name!, Number(number), 1);
else {
  const end = Date.now() + Number(what ?? 10) * 60_000;
  const first = Number(name ?? randomInt(2 ** 30));
  const next = new Map(FUZZ_TARGETS.map((target) => [target.name, first]));
  while (Date.now() < end) {
    for (const target of FUZZ_TARGETS) {
      const begin = next.get(target.name)!;
      const stopped = await run(target.name, begin, AT_ONCE);
      executions.set(target.name, (executions.get(target.name) ?? 0) + stopped - begin);
      next.set(target.name, stopped);
    }
    const counts = [...executions].map(([target, count]) => `${target} ${count}`).join(', ');
    console.log(`${counts}; ${found.length} found; peak ${(peak / 2 ** 20).toFixed(0)} MiB`);
  }
}
for (const one of found) console.log(`again: npx tsx scripts/fuzz.ts again ${one}`);
process.exitCode = found.length === 0 ? 0 : 1;
