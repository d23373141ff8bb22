/** Rows per second into each sink, against DuckDB's own COPY to Parquet of the same rows, on one thread. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import type { RecordBatch } from 'apache-arrow';
import { POOL_TAG } from '../src/record/schema/record-types.js';
import { RecordBatchBuilder } from '../src/record/arrow/record-batches.js';
import { rowsOf } from '../src/record/rows/rows.js';
import type { Row } from '../src/record/schema/record-type.js';
import { openSink, type SinkOptions } from '../src/sink/open-sink.js';
import { parseOutput } from '../src/sink/sinks.js';
import { walkBuffer } from '../test/support/expect/generated-scan.js';
import { generateMemory } from '../test/support/generate/memory.js';
import { rawBuffer } from '../test/support/write/raw.js';
import { fastest, folder, printTable } from './measure.js';

const ROWS = 400_000;
const RUNS = 5;

/** The tags of one image over and over, as a batch of many images would write them. */
async function recordBatches(): Promise<RecordBatch[]> {
  const decoded = await walkBuffer(rawBuffer(generateMemory({ tableSlots: 4096, tagCount: 2600 })));
  const rows: Row[] = [];
  for await (const row of rowsOf(POOL_TAG, decoded)) rows.push(row);
  const builder = new RecordBatchBuilder(POOL_TAG);
  const batches: RecordBatch[] = [];
  for (let count = 0; count < ROWS; count++) {
    builder.append({ ...rows[count % rows.length], slot: count } as Row);
    if (builder.full) batches.push(builder.take());
  }
  if (builder.length > 0) batches.push(builder.take());
  return batches;
}

interface Timed {
  readonly milliseconds: number;
  /** Milliseconds of this process, over all threads. */
  readonly cpu: number;
}

function timed(work: () => Promise<unknown>): () => Promise<Timed> {
  return async () => {
    const [started, before] = [performance.now(), process.cpuUsage()];
    await work();
    const { user, system } = process.cpuUsage(before);
    return { milliseconds: performance.now() - started, cpu: (user + system) / 1000 };
  };
}

export async function run(): Promise<void> {
  const batches = await recordBatches();
  const source = join(folder(), 'source.parquet');
  await pipeline(Readable.from(batches), await openSink(parseOutput(source)));
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run('SET threads = 1');
  await connection.run(`CREATE TABLE rows AS FROM '${source}'`);
  const copied = join(folder(), 'duckdb.parquet');
  const copy = timed(() => connection.run(`COPY rows TO '${copied}' (FORMAT parquet, COMPRESSION zstd)`));
  const peer = await fastest(RUNS, copy);
  const table = [['sink', 'rows/s', 'times DuckDB', 'CPU, times DuckDB', 'bytes a row']];
  const row = (name: string, { milliseconds, cpu }: Timed, bytes: number): void => {
    table.push([
      name,
      Math.round((ROWS / milliseconds) * 1000).toLocaleString('en'),
      (peer.milliseconds / milliseconds).toFixed(2),
      (cpu / peer.cpu).toFixed(2),
      (bytes / ROWS).toFixed(1),
    ]);
  };
  row("DuckDB's COPY to Parquet (ZSTD, one thread)", peer, statSync(copied).size);
  const sinks: [string, string, SinkOptions][] = [
    ['Parquet', 't.parquet', {}],
    ['Parquet, gzip', 'g.parquet', { parquetCompression: 'gzip' }],
    ['Parquet, snappy', 's.parquet', { parquetCompression: 'snappy' }],
    ['Parquet by parquetjs-lite', 'j.parquet', { parquetWriter: 'parquetjs-lite' }],
    ['Arrow IPC file', 't.arrow', {}],
    ['Arrow IPC stream', 't.arrows', {}],
    ['NDJSON', 't.ndjson', {}],
    ['NDJSON, gzip', 't.ndjson.gz', {}],
    ['CSV', 't.csv', {}],
  ];
  for (const [name, file, options] of sinks) {
    const path = join(folder(), file);
    const write = timed(async () =>
      pipeline(Readable.from(batches), await openSink(parseOutput(path), { ...options, force: true })),
    );
    row(name, await fastest(options.parquetWriter === 'parquetjs-lite' ? 1 : RUNS, write), statSync(path).size);
  }
  printTable(`${ROWS.toLocaleString('en')} pool_tag rows into each sink, from Arrow record batches`, table);
}
