/**
 * Damaged and misleading memories by the thousand, each asked in every way: how many answers are wrong and say nothing.
 *
 *     npx tsx bench/sweep.ts [--count 3000] [--seed 1] [--ways auto,structure,kdbg,carve,pipe] [--kind TEXT] [--only INDEX]
 *
 * Prints a table of verdicts for each kind and way; ends with status 1 when any answer is silent. Runs as many
 * processes as there are processors; POOL_TRACKER_JOBS names another number.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FORBIDDEN, VERDICTS, type Verdict } from '../test/support/sweep/judge.js';
import {
  judgeSweepImage,
  kindOfImage,
  sweepImage,
  WAYS,
  writeSweepImage,
  type Way,
} from '../test/support/sweep/sweep.js';

interface Line {
  readonly index: number;
  readonly kind: string;
  readonly way: Way;
  readonly verdict: Verdict;
  readonly why: string;
  readonly exactBy: readonly string[];
}

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '3000' },
    seed: { type: 'string', default: '1' },
    ways: { type: 'string', default: WAYS.join(',') },
    kind: { type: 'string', default: '' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const [seed, count] = [Number(values.seed), Number(values.count)];
const ways = WAYS.filter((way) => values.ways.split(',').includes(way));

async function* judgeAll(first: number, step: number): AsyncGenerator<Line> {
  const folder = mkdtempSync(join(tmpdir(), 'sweep-'));
  try {
    for (let index = first; index < count; index += step) {
      if (values.only !== undefined && index !== Number(values.only)) continue;
      if (!kindOfImage(index).includes(values.kind)) continue;
      const image = sweepImage(seed, index);
      const path = await writeSweepImage(image, folder);
      for (const way of ways) {
        const { verdict, why } = await judgeSweepImage(image, path, way);
        yield {
          index,
          kind: image.kind,
          way,
          verdict,
          why: `${image.damage.note}; ${why}`,
          exactBy: image.damage.exactBy ?? [],
        };
      }
      rmSync(path);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function print(lines: readonly Line[]): void {
  const rows = new Map<string, Map<Verdict, number>>();
  const add = (row: string, verdict: Verdict): void => {
    const counts = rows.get(row) ?? new Map<Verdict, number>();
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    rows.set(row, counts);
  };
  for (const { kind, way, verdict } of lines) add(`${kind.padEnd(22)} ${way}`, verdict);
  for (const { way, verdict } of lines) add(`${'all'.padEnd(22)} ${way}`, verdict);
  console.log(`${''.padEnd(32)} ${VERDICTS.map((verdict) => verdict.padStart(10)).join(' ')}`);
  for (const [row, counts] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(
      `${row.padEnd(32)} ${VERDICTS.map((verdict) => String(counts.get(verdict) ?? '.').padStart(10)).join(' ')}`,
    );
}

if (process.send !== undefined) {
  const [part, parts] = [Number(process.env.SWEEP_PART), Number(process.env.SWEEP_PARTS)];
  for await (const line of judgeAll(part, parts)) process.send(line);
  process.disconnect();
} else {
  const jobs = values.only === undefined ? Number(process.env.POOL_TRACKER_JOBS ?? availableParallelism()) : 1;
  const lines: Line[] = [];
  const take = (line: Line): void => {
    lines.push(line);
    if (FORBIDDEN.includes(line.verdict) || values.verbose)
      console.log(`${line.index} ${line.kind} ${line.way}: ${line.verdict}: ${line.why.slice(0, 600)}`);
  };
  if (jobs === 1) for await (const line of judgeAll(0, 1)) take(line);
  else
    await Promise.all(
      Array.from({ length: jobs }, (_, part) => {
        const env = { ...process.env, SWEEP_PART: String(part), SWEEP_PARTS: String(jobs) };
        const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { env, execArgv: process.execArgv });
        child.on('message', (line) => take(line as Line));
        return new Promise<void>((resolve, reject) => {
          child.on('error', reject);
          child.on('exit', (code) =>
            code === 0 ? resolve() : reject(new Error(`a part of the sweep ended with ${code}`)),
          );
        });
      }),
    );
  print(lines);
  const missed = lines.filter(({ exactBy, way, verdict }) => exactBy.includes(way) && verdict !== 'exact');
  const by = VERDICTS.map((verdict) => `${missed.filter((line) => line.verdict === verdict).length} ${verdict}`);
  console.log(`${missed.length} answers are not exact that could be: ${by.join(', ')}`);
  const bad = lines.filter(({ verdict }) => FORBIDDEN.includes(verdict)).length;
  console.log(`${bad} of ${lines.length} answers are wrong and do not say so; must be 0`);
  process.exitCode = bad > 0 ? 1 : 0;
}
