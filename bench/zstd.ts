/** The rate at which zstd streams are decoded, by each decoder that this Node can run, beside `zstd -dc FILE | wc -c`. */
import { spawnSync } from 'node:child_process';
import { createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ZSTD_DECODERS, type OpenZstd } from '../src/codec/zstd/zstd.js';
import { readerOf } from '../src/source/reading/byte-reader.js';
import { zstdFrames } from '../src/source/wrapper/zstd.js';
import { realFiles } from './carve.js';
import { fastest, folder, printTable } from './measure.js';

const MIB = 1 << 20;
/** Three quarters of it are files of this machine, the rest is zeros. */
const BYTES = 512 * MIB;
const RUNS = 3;
const OPTIONS = [['-3'], ['-3', '--long=27']];

async function writeMemory(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    let at = 0;
    for (const bytes of realFiles()) {
      at += (await file.write(bytes.subarray(0, (BYTES / 4) * 3 - at))).bytesWritten;
      if (at >= (BYTES / 4) * 3) break;
    }
    await file.truncate(BYTES);
  } finally {
    await file.close();
  }
}

function sh(command: string): { milliseconds: number } {
  const started = performance.now();
  const { status, stderr } = spawnSync('sh', ['-c', command]);
  if (status !== 0) throw new Error(`${command}: ${String(stderr)}`);
  return { milliseconds: performance.now() - started };
}

async function decode(path: string, decoder: OpenZstd): Promise<{ milliseconds: number }> {
  const started = performance.now();
  const input = readerOf(createReadStream(path, { highWaterMark: MIB }), path, 'zstd stream');
  let length = 0;
  for await (const piece of zstdFrames(input, decoder)) length += piece.length;
  if (length !== BYTES) throw new Error(`${length} bytes came out of ${path}; expected ${BYTES}`);
  return { milliseconds: performance.now() - started };
}

export async function run(): Promise<void> {
  const rows = [['zstd', 'decoder', 'MiB on disk', 'MB/s', 'times zstd']];
  const memory = join(folder(), 'memory.raw');
  await writeMemory(memory);
  for (const options of OPTIONS) {
    const path = join(folder(), `memory${options.join('')}.zst`);
    sh(`zstd -q -f ${options.join(' ')} '${memory}' -o '${path}'`);
    const peer = await fastest(RUNS, () => Promise.resolve(sh(`zstd -dcq '${path}' | wc -c`)));
    const add = (name: string, { milliseconds }: { milliseconds: number }): void => {
      rows.push([
        options.join(' '),
        name,
        (statSync(path).size / MIB).toFixed(0),
        (BYTES / 1000 / milliseconds).toFixed(0),
        (peer.milliseconds / milliseconds).toFixed(2),
      ]);
    };
    add('zstd -dc', peer);
    for (const { name, open: opened } of ZSTD_DECODERS) add(name, await fastest(RUNS, () => decode(path, opened)));
  }
  printTable(`${BYTES / MIB} MiB of memory out of zstd`, rows);
}
