/**
 * Feeds every parser with changed files: `tsx scripts/fuzz.ts MINUTES [SEED]`, or for some parsers only
 * `tsx scripts/fuzz.ts MINUTES SEED TARGET...`. The same SEED makes the same cases in the same order, as many as there is
 * time for; without one, or with `-`, it is drawn and told. Parsers run one after another in a thread, a turn at a time; this thread
 * watches over it. A case that throws what is no error of the program, asks for too much memory at once, or takes more
 * than ten seconds is told, and its file is kept in `tmp/fuzz/TARGET/`: `tsx scripts/fuzz.ts again TARGET FILE` runs it
 * again. Moved to `test/support/fuzz/found/TARGET/` it is a test. Exit status 1 if there was any.
 */
import { createHash, randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Found, Turn, TurnEnd } from '../test/support/fuzz/fuzz-worker.js';
import { MAX_CASE } from '../test/support/fuzz/mutate.js';
import { runCase } from '../test/support/fuzz/run-case.js';
import { FUZZ_TARGETS } from '../test/support/fuzz/targets/targets.js';

const TURN_MS = 2000;
const WATCH_MS = 250;
const SLOW_MS = 10_000;
const HEAP_MB = 512;
/** Findings of one target that are told in full. */
const MAX_TOLD = 5;
const WORKER = new URL('../test/support/fuzz/fuzz-worker.mjs', import.meta.url);

interface Count {
  executions: number;
  took: number;
  kinds: number;
  crashes: number;
  hangs: number;
}

const counts = new Map<string, Count>();
let peak = 0;
let held = 0;

function countOf(target: string): Count {
  const count = counts.get(target) ?? { executions: 0, took: 0, kinds: 0, crashes: 0, hangs: 0 };
  counts.set(target, count);
  return count;
}

function keep({ target, problem, bytes }: Found, what: 'crashes' | 'hangs'): void {
  const count = countOf(target);
  if (++count[what] > MAX_TOLD) return;
  const name = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  mkdirSync(`tmp/fuzz/${target}`, { recursive: true });
  writeFileSync(`tmp/fuzz/${target}/${name}`, bytes);
  console.log(`${target} tmp/fuzz/${target}/${name}: ${problem.split('\n').slice(0, 4).join(' | ')}`);
}

/** A thread that runs cases, and its watchdog: one that hangs or dies is replaced, and its file kept. */
class Crew {
  private worker: Worker | null = null;
  /** Threads until now: one that takes the place of another goes on with other cases. */
  private started = 0;
  private readonly shared = new SharedArrayBuffer(8 + MAX_CASE);
  private readonly counters = new Int32Array(this.shared, 0, 2);

  /** @returns when the turn is over, or its thread is */
  async turn(turn: Turn): Promise<void> {
    const worker = (this.worker ??= this.start());
    let isOver = false;
    const over = new Promise<void>((resolve) => {
      const take = (message: Found | TurnEnd): void => {
        if ('problem' in message) return keep(message, 'crashes');
        worker.off('message', take);
        const count = countOf(turn.target);
        count.executions += message.executions;
        count.took += message.took;
        count.kinds = message.kinds;
        held = Math.max(held, message.held);
        isOver = true;
        resolve();
      };
      worker.on('message', take);
      worker.once('error', (error) => {
        this.lose(turn.target, 'crashes', error.message);
        isOver = true;
        resolve();
      });
    });
    worker.postMessage(turn);
    let last = -1;
    for (let since = Date.now(); !isOver;) {
      await Promise.race([over, delay(WATCH_MS)]);
      peak = Math.max(peak, process.memoryUsage.rss());
      const now = Atomics.load(this.counters, 0);
      if (now !== last) [last, since] = [now, Date.now()];
      else if (!isOver && Date.now() - since > SLOW_MS) {
        await worker.terminate();
        this.lose(turn.target, 'hangs', `no end after ${SLOW_MS / 1000} s`);
        return;
      }
    }
    worker.removeAllListeners('error');
  }

  async end(): Promise<void> {
    await this.worker?.terminate();
  }

  private start(): Worker {
    return new Worker(WORKER, {
      workerData: { shared: this.shared, seed: `${seed} ${this.started++}` },
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
  }

  private lose(target: string, what: 'crashes' | 'hangs', problem: string): void {
    const bytes = Buffer.from(new Uint8Array(this.shared, 8, this.counters[1]!));
    keep({ target, problem, bytes }, what);
    this.worker = null;
  }
}

function table(): string {
  const rows = [...counts].map(([target, { executions, took, kinds, crashes, hangs }]) =>
    [
      target.padEnd(24),
      executions,
      `${Math.round(executions / (took / 1000 || 1))}/s`,
      `${kinds} kinds`,
      crashes,
      hangs,
    ].join('\t'),
  );
  const sum = [...counts.values()].reduce((total, { executions }) => total + executions, 0);
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return `${rows.join('\n')}\n${sum} executions; peak ${mib(peak)} resident, ${mib(held)} held behind a turn`;
}

const [what, second, ...targets] = process.argv.slice(2);
const seed = second === undefined || second === '-' ? String(randomInt(2 ** 31)) : second;
if (what === 'again') {
  const target = FUZZ_TARGETS.find(({ name }) => name === second)!;
  console.log(await runCase(target, readFileSync(targets[0]!)));
} else {
  const end = Date.now() + Number(what ?? 10) * 60_000;
  console.log(`seed ${seed}`);
  const crew = new Crew();
  const chosen = FUZZ_TARGETS.filter(({ name }) => targets.length === 0 || targets.includes(name));
  while (Date.now() < end)
    for (const { name } of chosen) if (Date.now() < end) await crew.turn({ target: name, milliseconds: TURN_MS });
  await crew.end();
  console.log(table());
  process.exitCode = [...counts.values()].some(({ crashes, hangs }) => crashes + hangs > 0) ? 1 : 0;
}
