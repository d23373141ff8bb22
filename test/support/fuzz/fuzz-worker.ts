import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { Random } from '../generate/random.js';
import type { FuzzTarget } from './fuzz-target.js';
import { MAX_CASE, mutate } from './mutate.js';
import { runCase } from './run-case.js';
import { FUZZ_TARGETS } from './targets/targets.js';

/** What the thread and its watchdog share: how many cases began, and the file of the one at work. */
interface Shared {
  readonly counters: Int32Array;
  readonly file: Uint8Array;
}

/** A turn of one target. */
export interface Turn {
  readonly target: string;
  readonly milliseconds: number;
}

/** Told for a case that is at fault. */
export interface Found {
  readonly target: string;
  readonly problem: string;
  readonly bytes: Uint8Array;
}

/** Told at the end of a turn. */
export interface TurnEnd {
  readonly target: string;
  readonly executions: number;
  /** Kinds of outcome seen until now. */
  readonly kinds: number;
  /** Milliseconds that the turn took. */
  readonly took: number;
  /** Bytes that JavaScript holds outside and inside its heap. */
  readonly held: number;
}

/** Files whose outcome was new, kept to be changed further. */
const MAX_KEPT = 200;

const { shared, seed } = workerData as { shared: SharedArrayBuffer; seed: string };
const { counters, file }: Shared = {
  counters: new Int32Array(shared, 0, 2),
  file: new Uint8Array(shared, 8, MAX_CASE),
};

/** Of one target. Its cases are the same for the same seed, however long its turns are and whatever other targets do. */
interface Corpus {
  readonly random: Random;
  /** Its seeds, and the files kept. */
  readonly files: Buffer[];
  /** The outcomes that are known. */
  readonly kinds: Set<string>;
}

const corpora = new Map<string, Corpus>();

function corpusOf({ name, seeds }: FuzzTarget): Corpus {
  const known = corpora.get(name);
  if (known !== undefined) return known;
  const random = new Random(createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE());
  const corpus = { random, files: [...seeds()], kinds: new Set<string>() };
  corpora.set(name, corpus);
  return corpus;
}

async function takeTurn({ target: name, milliseconds }: Turn): Promise<TurnEnd> {
  const target = FUZZ_TARGETS.find((one) => one.name === name)!;
  const corpus = corpusOf(target);
  const begin = performance.now();
  let executions = 0;
  while (performance.now() - begin < milliseconds) {
    const bytes = mutate(corpus.files, corpus.random);
    file.set(bytes);
    counters[1] = bytes.length;
    Atomics.add(counters, 0, 1);
    const { kind, problem } = await runCase(target, bytes);
    executions++;
    if (problem !== null) parentPort!.postMessage({ target: name, problem, bytes } satisfies Found);
    if (corpus.kinds.has(kind) || corpus.kinds.size > MAX_KEPT) continue;
    corpus.kinds.add(kind);
    if (kind !== 'crash') corpus.files.push(Buffer.from(bytes));
  }
  const { heapUsed, external } = process.memoryUsage();
  return {
    target: name,
    executions,
    kinds: corpus.kinds.size,
    took: performance.now() - begin,
    held: heapUsed + external,
  };
}

parentPort!.on('message', (turn: Turn) => {
  void takeTurn(turn).then((end) => parentPort!.postMessage(end));
});
