import { gzipSync } from 'node:zlib';
import { openBytes } from '../../../../src/source/open-source.js';
import { detectWrapper, unwrap } from '../../../../src/source/wrapper/wrappers.js';
import { FileBuilder, padded } from '../../encode/bytes.js';
import { joinZipParts } from '../../../../src/source/split-zip.js';
import { readBytes } from '../../../../src/source/source.js';
import { Random } from '../../generate/random.js';
import { hasProgram } from '../../run/programs.js';
import { hpakBuffer } from '../../write/hpak.js';
import { tinyMemory } from '../tiny-memory.js';
import { canWrap, splitZipOf, WRAP_CASES } from '../../sources/wrap.js';
import { lzopBuffer } from '../../write/lzop.js';
import { zip64 } from '../../write/zip.js';
import type { CaseSource } from '../case-source.js';
import { atPath } from '../case-file.js';
import { type FuzzTarget, once } from '../fuzz-target.js';

/** Bytes that are taken of what a wrapper holds: what it claims beyond is not made. */
const MAX_UNWRAPPED = 8 << 20;
/** The largest window of zstd and dictionary of xz that is documented, and a little around it. */
const MOST_WINDOW = (128 << 20) + (16 << 20);

const NOTES = Buffer.from('pool tags, and zeros \0\0\0\0\0\0\0\0'.repeat(300));

/** A ustar archive of one file. */
function tarOf(name: string, bytes: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.set(padded(name, 100));
  header.set(padded('0000644', 8), 100);
  header.set(padded(bytes.length.toString(8).padStart(11, '0'), 12), 124);
  header.fill(0x20, 148, 156);
  header.set(Buffer.from('0ustar\x0000', 'latin1'), 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `, 'latin1'), 148);
  const file = new FileBuilder();
  file.add(header, bytes);
  file.align(512);
  file.add(Buffer.alloc(1024));
  return file.result();
}

/** What libvirt writes before a state: its header, the description of the machine, then the state, compressed or not. */
function libvirtSave(state: Buffer, compressed: number): Buffer {
  const header = Buffer.alloc(92);
  const xml = Buffer.from('<domain/>\0');
  header.write('LibvirtQemudSave', 'latin1');
  for (const [index, value] of [2, xml.length, 0, compressed].entries()) header.writeUInt32LE(value, 16 + 4 * index);
  return Buffer.concat([header, xml, state]);
}

/** One that needs no program, then those whose programs are here. */
const SEEDS: Readonly<Record<string, () => readonly Buffer[]>> = {
  gzip: () => [gzipSync(NOTES), ...made('gzip')],
  zstd: () => made('zstd'),
  xz: () => made('xz'),
  bzip2: () => made('bzip2'),
  lz4: () => made('lz4'),
  lzop: () => [lzopBuffer(NOTES), ...made('lzop')],
  lzma: () => made('lzma'),
  'packed-hpak': () => [hpakBuffer(tinyMemory(), true)],
  zip: () => [
    zip64([
      { name: 'memory.raw', bytes: NOTES, deflate: true },
      { name: 'notes.txt', bytes: NOTES.subarray(0, 9) },
    ]),
    zip64([{ name: 'memory.raw', bytes: NOTES }]),
    ...made('zip'),
  ],
  tar: () => [tarOf('folder/memory.raw', NOTES), tarOf('x', Buffer.concat([tarOf('memory.raw', NOTES), NOTES]))],
  libvirt: () => [libvirtSave(NOTES, 0), libvirtSave(gzipSync(NOTES), 1)],
};

function made(wrapper: string): Buffer[] {
  return WRAP_CASES.filter((one) => one.wrapper === wrapper && canWrap(one)).map((one) => one.wrap(NOTES));
}

async function take(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  let length = 0;
  for await (const piece of pieces) if ((length += piece.length) > MAX_UNWRAPPED) return;
}

async function run(source: CaseSource): Promise<void> {
  const wrapper = detectWrapper(source.bytes.subarray(0, 512));
  if (wrapper === null) return;
  await wrapper.unwrappedSize?.(source);
  const view = await wrapper.openIndexed?.(source);
  if (view != null) await view.read(new Uint8Array(Math.min(1 << 16, view.byteLength)), 0);
  await take(unwrap(wrapper, source, 'changed'));
  await take(unwrap(wrapper, source.pieces(), 'changed'));
}

/** Bytes that do not compress: enough of them for three parts. */
const splitParts = once(() => splitZipOf('memory.raw', new Random(1).bytes(150_000), '64k'));

/** One part is changed, the first or the last; the others lie beside it as they were. */
const SPLIT_ZIP: FuzzTarget = {
  name: 'split-zip',
  mostAtOnce: MOST_WINDOW,
  seeds: () => ['out.z01', 'out.zip'].map((name) => splitParts().get(name)!),
  async run(source) {
    // The first part begins with the mark of spanning.
    const isFirst = source.bytes.subarray(0, 4).equals(Buffer.from('PK\x07\x08', 'latin1'));
    const joined = await joinZipParts(source.named(isFirst ? 'out.z01' : 'out.zip', splitParts()));
    const wrapper = detectWrapper(await readBytes(joined, 0, 512));
    if (wrapper === null) return;
    const view = await wrapper.openIndexed?.(joined);
    if (view != null) await view.read(new Uint8Array(Math.min(1 << 16, view.byteLength)), 0);
    await take(unwrap(wrapper, joined, 'changed'));
  },
};

/** Each wrapper by itself, then wrappers in wrappers, out of a file. */
export const WRAPPER_TARGETS: readonly FuzzTarget[] = [
  ...Object.entries(SEEDS)
    .map(([name, seeds]) => ({ name, seeds: once(seeds), run, mostAtOnce: MOST_WINDOW }))
    .filter(({ seeds }) => seeds().length > 0),
  ...(hasProgram('zip', '-v') ? [SPLIT_ZIP] : []),
  {
    name: 'nested-wrappers',
    mostAtOnce: MOST_WINDOW,
    seeds: () => [
      gzipSync(tarOf('a.raw', NOTES)),
      tarOf('a.gz', gzipSync(gzipSync(NOTES))),
      zip64([{ name: 'a.raw', bytes: gzipSync(NOTES) }]),
    ],
    async run(source) {
      const opened = await openBytes(atPath(source.bytes, 'nested'), () => Promise.resolve(false));
      try {
        if ('reader' in opened) await take(opened.reader.rest());
        else await opened.read(new Uint8Array(Math.min(1 << 16, opened.byteLength)), 0);
      } finally {
        await opened.close();
      }
    },
  },
];
