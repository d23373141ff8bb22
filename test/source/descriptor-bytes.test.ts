import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Random } from '../support/generate/random.js';

const MODULE = fileURLToPath(new URL('../../src/source/stream/byte-stream.ts', import.meta.url));

/** Reads standard input by pieces of `size` after a peek of 16 bytes; prints what came. */
const PROGRAM = (size: number): string => `
  import { createHash } from 'node:crypto';
  import { ByteStream } from ${JSON.stringify(MODULE)};
  const stream = ByteStream.ofDescriptor('standard input', 0);
  const head = await stream.reader.peek(16);
  const hash = createHash('sha256');
  const target = new Uint8Array(${size});
  for (;;) {
    const filled = await stream.reader.fill(target);
    hash.update(target.subarray(0, filled));
    if (filled < target.length) break;
  }
  console.log(JSON.stringify([head.toString('hex'), hash.digest('hex'), stream.bytesRead]));
`;

function readThroughPipe(pieces: readonly Buffer[], size: number): Promise<unknown> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', PROGRAM(size)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for (const piece of pieces) child.stdin.write(piece);
  child.stdin.end();
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  return new Promise((resolve, reject) =>
    child.on('close', (status) =>
      status === 0 ? resolve(JSON.parse(text)) : reject(new Error(`status ${String(status)}`)),
    ),
  );
}

describe('bytes of a descriptor', () => {
  it('come through a pipe whole and in order, whatever they are read into', async () => {
    const random = new Random(8);
    const pieces = [1, 70_000, 3, 1 << 20, 65_536, 12_345].map((length) => random.bytes(length));
    const all = Buffer.concat(pieces);
    const wanted = [all.toString('hex', 0, 16), createHash('sha256').update(all).digest('hex'), all.length];
    for (const size of [1000, 65_536, 300_001])
      assert.deepEqual(await readThroughPipe(pieces, size), wanted, `into ${size} bytes`);
  });
});
