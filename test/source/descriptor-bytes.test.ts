import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Random } from '../support/generate/random.js';
import { ended, said } from '../support/run/cli.js';

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

/** Does something when its first byte has come, and while it waits for the second. */
const WAITING = (thenDo: string): string => `
  import { ByteStream } from ${JSON.stringify(MODULE)};
  const stream = ByteStream.ofDescriptor('standard input', 0);
  await stream.reader.fill(new Uint8Array(1));
  const second = stream.reader.fill(new Uint8Array(1));
  ${thenDo};
`;

/** Every byte by itself. */
const DRIPPING = `
  const { writeSync } = require('node:fs');
  for (let at = 0; at < 5000; at++) writeSync(1, Buffer.of((at * 7) & 0xff));
`;

const program = (text: string): string[] => ['--import', 'tsx', '--input-type=module', '-e', text];

/** What comes before a program makes its standard input a socket, as Node makes them, or a pipe. */
const THROUGH = { socket: '', pipe: 'cat | ' } as const;

/** Starts a program; its exit status stands at the end of standard error. */
function start(text: string, through: keyof typeof THROUGH): ChildProcess {
  const line = `${THROUGH[through]}{ "$0" "$@"; echo "status $?" >&2; }`;
  return spawn('sh', ['-c', line, process.execPath, ...program(text)], { stdio: ['pipe', 'pipe', 'pipe'] });
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const { stdout, stderr } = await ended(child);
  assert.equal(stderr, 'status 0\n');
  return JSON.parse(stdout);
}

const expected = (all: Buffer): unknown[] => [
  all.toString('hex', 0, 16),
  createHash('sha256').update(all).digest('hex'),
  all.length,
];

describe('bytes of a descriptor', () => {
  for (const through of ['socket', 'pipe'] as const)
    it(`come through a ${through} whole and in order, whatever they are read into`, async () => {
      const random = new Random(8);
      const pieces = [1, 70_000, 3, 1 << 20, 65_536, 12_345].map((length) => random.bytes(length));
      for (const size of [1000, 65_536, 300_001]) {
        const child = start(PROGRAM(size), through);
        for (const piece of pieces) child.stdin!.write(piece);
        child.stdin!.end();
        assert.deepEqual(await answerOf(child), expected(Buffer.concat(pieces)), `into ${size} bytes`);
      }
    });

  it('come one by one', async () => {
    const dripping = spawn(process.execPath, ['-e', DRIPPING], { stdio: ['ignore', 'pipe', 'inherit'] });
    const child = start(PROGRAM(70_000), 'pipe');
    dripping.stdout.pipe(child.stdin!);
    const all = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7) & 0xff));
    assert.deepEqual(await answerOf(child), expected(all));
  });

  // What is blocked in an idle pipe would keep its process from ending.
  for (const through of ['socket', 'pipe'] as const)
    for (const [what, thenDo, status] of [
      ['process.exit', 'process.exit(7)', 7],
      ['an error', "setImmediate(() => { throw new Error('enough'); })", 1],
      ['closing it', 'stream.close(); second.catch(() => undefined)', 0],
    ] as const)
      it(`are not waited for at the end, by ${what}, through a ${through}`, async () => {
        const child = start(WAITING(thenDo), through);
        child.stdin!.write('x');
        await said(child, new RegExp(`^status ${status}$`, 'm'));
        child.stdin!.end();
        await ended(child);
      });
});
