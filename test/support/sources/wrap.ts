import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { u32 } from '../encode/bytes.js';
import { hasProgram, run } from '../run/programs.js';

/** One way to wrap bytes with a program in common use. */
export interface WrapCase {
  readonly title: string;
  /** The wrapper that is to be detected. */
  readonly wrapper: string;
  readonly program: readonly [string, ...string[]];
  readonly indexed: boolean;
  wrap(bytes: Uint8Array): Buffer;
}

function piped(wrapper: string, title: string, command: string, ...args: string[]): WrapCase {
  return {
    title,
    wrapper,
    program: [command, '--version'],
    indexed: false,
    wrap: (bytes) => run(command, args, bytes),
  };
}

/** The same program on both halves, and what lies between. */
function joined(one: WrapCase, between = Buffer.alloc(0)): WrapCase {
  const wrap = (bytes: Uint8Array): Buffer => {
    const middle = bytes.length >> 1;
    return Buffer.concat([one.wrap(bytes.subarray(0, middle)), between, one.wrap(bytes.subarray(middle))]);
  };
  return { ...one, title: `${one.title}, two one behind another`, wrap };
}

function zipped(title: string, ...args: string[]): WrapCase {
  const wrap = (bytes: Uint8Array): Buffer => zipOf({ 'folder/memory.raw': bytes }, args);
  return { title, wrapper: 'zip', program: ['zip', '-v'], indexed: false, wrap };
}

/** A zip archive by 7-Zip, which has methods that `zip` has not. */
function zippedBy7z(method: string): WrapCase {
  const wrap = (bytes: Uint8Array): Buffer => {
    const folder = mkdtempSync(join(tmpdir(), 'pool-tracker-7z-'));
    try {
      writeFileSync(join(folder, 'memory.raw'), bytes);
      run('7z', ['a', '-bd', '-tzip', `-mm=${method}`, join(folder, 'out.zip'), join(folder, 'memory.raw')]);
      return readFileSync(join(folder, 'out.zip'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  return { title: `zip, ${method} of 7-Zip`, wrapper: 'zip', program: ['7z', 'i'], indexed: false, wrap };
}

/** A zip archive of these files by the program `zip`. */
export function zipOf(files: Readonly<Record<string, Uint8Array>>, args: readonly string[] = []): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'pool-tracker-zip-'));
  try {
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), bytes);
    }
    const names = [...new Set(Object.keys(files).map((name) => name.split('/')[0]!))];
    const ran = spawnSync('zip', ['-q', '-r', ...args, 'out.zip', ...names], { cwd: folder });
    if (ran.status !== 0) throw new Error(`zip failed: ${String(ran.stderr)}`);
    return readFileSync(join(folder, 'out.zip'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A zip archive of one file, stored, in parts of that size, by their names: `out.z01` ... `out.zip`. */
export function splitZipOf(name: string, bytes: Uint8Array, partSize: string): ReadonlyMap<string, Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'pool-tracker-zip-'));
  try {
    writeFileSync(join(folder, name), bytes);
    const ran = spawnSync('zip', ['-q', '-0', '-s', partSize, 'out.zip', name], { cwd: folder });
    if (ran.status !== 0) throw new Error(`zip failed: ${String(ran.stderr)}`);
    const parts = readdirSync(folder).filter((part) => part.startsWith('out.'));
    return new Map(parts.map((part) => [part, readFileSync(join(folder, part))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** zstd's seekable format: frames by the program, the table as its document says. Debian has no writer of it. */
export function zstdSeekable(bytes: Uint8Array, frameBytes: number, checksums = false): Buffer {
  const frames: Buffer[] = [];
  const entries: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += frameBytes) {
    const part = bytes.subarray(at, at + frameBytes);
    const frame = run('zstd', ['-q', '-c', '-1'], part);
    frames.push(frame);
    entries.push(u32(frame.length), u32(part.length), ...(checksums ? [u32(0)] : []));
  }
  const table = Buffer.concat([...entries, u32(frames.length), Buffer.of(checksums ? 0x80 : 0), u32(0x8f92eab1)]);
  return Buffer.concat([...frames, u32(0x184d2a5e), u32(table.length), table]);
}

const gzip = piped('gzip', 'gzip', 'gzip', '-c', '-1');
const zstd = piped('zstd', 'zstd', 'zstd', '-q', '-c');
const xz = piped('xz', 'xz', 'xz', '-c', '-1');
const bzip2: WrapCase = { ...piped('bzip2', 'bzip2 -1', 'bzip2', '-c', '-1'), program: ['bzip2', '--help'] };
const lzop = piped('lzop', 'lzop', 'lzop', '-q', '-c');
const lz4 = piped('lz4', 'lz4', 'lz4', '-q', '-c');

export const WRAP_CASES: readonly WrapCase[] = [
  gzip,
  joined(gzip),
  zstd,
  piped('zstd', 'zstd -19 without a checksum', 'zstd', '-q', '-c', '-19', '--no-check'),
  piped('zstd', 'zstd --long', 'zstd', '-q', '-c', '--long=27'),
  joined(zstd, Buffer.concat([u32(0x184d2a53), u32(5), Buffer.from('hello')])),
  { ...zstd, title: 'zstd, seekable', indexed: true, wrap: (bytes) => zstdSeekable(bytes, 1 << 20) },
  {
    ...zstd,
    title: 'zstd, seekable with checksums',
    indexed: true,
    wrap: (bytes) => zstdSeekable(bytes, 3_000_000, true),
  },
  xz,
  { ...joined(xz, Buffer.alloc(8)), indexed: true },
  piped('xz', 'xz with CRC-32', 'xz', '-c', '-1', '--check=crc32'),
  { ...piped('xz', 'xz in blocks', 'xz', '-c', '-1', '--block-size=1MiB'), indexed: true },
  {
    ...joined(
      piped('xz', 'xz in blocks, without a check', 'xz', '-c', '-1', '--check=none', '--block-size=700KiB'),
      Buffer.alloc(4),
    ),
    indexed: true,
  },
  piped('xz', 'xz with SHA-256', 'xz', '-c', '-1', '--check=sha256'),
  {
    ...piped('xz', 'xz with SHA-256, in blocks', 'xz', '-c', '-1', '--check=sha256', '--block-size=700KiB'),
    indexed: true,
  },
  piped('xz', 'xz with the filter x86', 'xz', '-c', '--x86', '--lzma2=preset=1'),
  piped(
    'xz',
    'xz with the filters arm64 and delta',
    'xz',
    '-c',
    '--check=crc32',
    '--arm64',
    '--delta=dist=3',
    '--lzma2=preset=1',
  ),
  piped('lzma', 'lzma', 'xz', '-c', '-1', '--format=lzma'),
  lzop,
  piped('lzop', 'lzop -9 with CRC-32', 'lzop', '-q', '-c', '-9', '--crc32'),
  joined(lzop),
  bzip2,
  { ...bzip2, title: 'bzip2 -9', wrap: (bytes) => run('bzip2', ['-c', '-9'], bytes) },
  joined(bzip2),
  lz4,
  piped('lz4', 'lz4 -BD in blocks of 64 KiB', 'lz4', '-q', '-c', '-BD', '-B4'),
  piped('lz4', 'lz4 -9 with its size and checksums', 'lz4', '-q', '-c', '-9', '-BX', '--content-size'),
  joined(lz4),
  piped('lz4', 'lz4 -l, legacy frames', 'lz4', '-q', '-c', '-l'),
  zipped('zip'),
  zipped('zip without folders', '-D'),
  { ...zipped('zip, stored', '-0'), indexed: true },
  zippedBy7z('Deflate64'),
  zippedBy7z('LZMA'),
  zippedBy7z('BZip2'),
  { ...zipped('zip from a pipe'), wrap: (bytes) => run('zip', ['-q', '-', '-'], bytes) },
];

const runs = new Map<string, boolean>();

/** Whether the case's program is here; said once when not. */
export function canWrap({ program }: WrapCase): boolean {
  const key = program.join(' ');
  if (!runs.has(key)) runs.set(key, hasProgram(...program));
  return runs.get(key)!;
}
