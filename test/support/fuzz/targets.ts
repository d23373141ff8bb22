import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { PAGE_SIZE } from '../../../src/address.js';
import { messageOf, PoolTrackerError } from '../../../src/errors.js';
import { openImage } from '../../../src/image/formats.js';
import { StreamedMemory } from '../../../src/image/pages.js';
import { guarded, PdbFile } from '../../../src/kernel/symbols/pdb/pdb.js';
import { PhysicalMemory } from '../../../src/memory/physical-memory.js';
import { parsePooltag } from '../../../src/pool/tag-names/pooltag-file.js';
import { CsvParser } from '../../../src/sink/read/csv-parser.js';
import { detectWrapper, unwrap } from '../../../src/source/wrapper/wrappers.js';
import { BufferPool } from '../../../src/source/stream/buffer-pool.js';
import { ByteStream } from '../../../src/source/stream/byte-stream.js';
import { generateMemory } from '../generate/memory.js';
import { canWrap, WRAP_CASES } from '../sources/wrap.js';
import { aff4Buffer } from '../write/aff4.js';
import { crashDump32Buffer } from '../write/crash-dump/crash-dump-32.js';
import { crashDumpBuffer } from '../write/crash-dump/crash-dump.js';
import { rdmpBuffer } from '../write/crash-dump/rdmp.js';
import { zdmpBuffer } from '../write/crash-dump/zdmp.js';
import { elf32Buffer } from '../write/elf/elf-32.js';
import { elfCoreBuffer } from '../write/elf/elf-core.js';
import { xenCoreBuffer } from '../write/elf/xen-core.js';
import { hibernation7Buffer, hibernationBuffer } from '../write/hibernation.js';
import { hpakBuffer } from '../write/hpak.js';
import { kdumpBuffer } from '../write/kdump.js';
import { avmlBuffer } from '../write/lime/avml.js';
import { limeBuffer } from '../write/lime/lime.js';
import { savevmBuffer } from '../write/savevm.js';
import { vmwareStateBuffer } from '../write/vmware.js';
import { vmrsBuffer } from '../write/vmrs.js';
import type { MutatedSource } from './mutate.js';

/** A parser, the files that it is fed from, and how it is fed. Throws only what is no PoolTrackerError when it is at fault. */
export interface FuzzTarget {
  readonly name: string;
  seeds(): readonly Buffer[];
  run(source: MutatedSource): Promise<void>;
}

/** Pages that are read of an image that opens. */
const MAX_PAGES = 64;
/** Bytes that are taken of what a wrapper holds. */
const MAX_UNWRAPPED = 64 << 20;

let made: readonly Buffer[] | undefined;

/** One small file of each container. */
function containers(): readonly Buffer[] {
  if (made !== undefined) return made;
  const generated = generateMemory({
    seed: 7,
    tableSlots: 64,
    tagCount: 30,
    ramRanges: [
      [0, 0xa0000],
      [0x100000, 0x600000],
    ],
  });
  return (made = [
    crashDumpBuffer(generated),
    crashDumpBuffer(generated, { dumpType: 5 }),
    rdmpBuffer(generated, { dumpType: 8 }),
    rdmpBuffer(generated, { dumpType: 10 }),
    crashDump32Buffer(generated),
    crashDump32Buffer(generated, 5),
    zdmpBuffer(crashDumpBuffer(generated)),
    elfCoreBuffer(generated),
    elf32Buffer(generated),
    xenCoreBuffer(generated),
    xenCoreBuffer(generated, '.xen_p2m'),
    limeBuffer(generated),
    avmlBuffer(generated),
    kdumpBuffer(generated),
    savevmBuffer(generated),
    savevmBuffer(generated, { isPaused: true }),
    hibernationBuffer(generated),
    hibernation7Buffer(generated),
    hpakBuffer(generated),
    aff4Buffer(generated),
    vmwareStateBuffer(generated),
    vmrsBuffer(generated),
  ]);
}

async function asFile(source: MutatedSource): Promise<void> {
  const image = await openImage(source);
  const memory = new PhysicalMemory(image);
  let read = 0;
  for (const { start, length } of image.runs) {
    for (const at of [start, start + Math.max(0, length - PAGE_SIZE)]) {
      await memory.read(at as never, Math.min(length, PAGE_SIZE));
      if (++read >= MAX_PAGES) return;
    }
  }
}

async function* piecesOf(source: MutatedSource): AsyncGenerator<Uint8Array> {
  const bytes = await source.bytes();
  for (let at = 0; at < bytes.length; at += 65_521) yield bytes.subarray(at, at + 65_521);
}

async function asStream(source: MutatedSource): Promise<void> {
  const pool = new BufferPool(new ArrayBuffer(4 << 20), 0, 1 << 20, 4);
  const memory = new StreamedMemory(new ByteStream('mutated', null, piecesOf(source)));
  let length = 0;
  for await (const { bytes } of memory.stretches(pool)) {
    length += bytes.length;
    pool.release(bytes);
    if (length > MAX_UNWRAPPED) return;
  }
}

const NOTES = Buffer.from('pool tags, and zeros \0\0\0\0\0\0\0\0'.repeat(3000));

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  { name: 'image', seeds: containers, run: asFile },
  { name: 'stream', seeds: containers, run: asStream },
  {
    name: 'wrapper',
    // One that needs no program, then those whose programs are here.
    seeds: () => [gzipSync(NOTES), ...WRAP_CASES.filter(canWrap).map((one) => one.wrap(NOTES))],
    async run(source) {
      const wrapper = detectWrapper((await source.bytes()).subarray(0, 512));
      if (wrapper === null) return;
      const view = await wrapper.openIndexed?.(source);
      if (view != null) await view.read(new Uint8Array(Math.min(1 << 16, view.byteLength)), 0);
      let length = 0;
      for await (const piece of unwrap(wrapper, source, 'mutated')) {
        length += piece.length;
        if (length > MAX_UNWRAPPED) return;
      }
    },
  },
  {
    name: 'pdb',
    seeds: () =>
      ['ntkrnlmp', 'ntkrpamp', 'ntkrla57'].map((name) =>
        gunzipSync(readFileSync(new URL(`../../kernel/symbols/pdbs/${name}.pdb.gz`, import.meta.url))),
      ),
    async run(source) {
      const damaged = (why: string): PoolTrackerError => new PoolTrackerError('SYMBOL_FILE_DAMAGED', why);
      const pdb = await PdbFile.open(source, damaged);
      await guarded(damaged, () => pdb.publics());
      await guarded(damaged, () => pdb.structures({ _EPROCESS: ['UniqueProcessId', 'Token'] }));
    },
  },
  {
    name: 'text',
    seeds: () => [
      Buffer.from('path,host\r\na.raw,"web,01"\r\n"b ""x""",web02\r\n'.repeat(20)),
      Buffer.from('rem\nProc - nt!ps - Process objects\nNt?x - ntfs.sys - x\n'.repeat(20)),
    ],
    async run(source) {
      const text = (await source.bytes()).toString('latin1');
      try {
        const parser = new CsvParser();
        for (let at = 0; at < text.length; at += 17) Array.from(parser.take(text.slice(at, at + 17)));
        Array.from(parser.end());
      } catch (error) {
        // Its readers put the file's name before what it says.
        if (!/quote|field|record|character/.test(messageOf(error))) throw error;
      }
      parsePooltag(text);
    },
  },
];
