import { PAGE_SIZE, physicalAddress } from '../../../../src/address.js';
import { openImage } from '../../../../src/image/formats.js';
import { StreamedMemory } from '../../../../src/image/pages.js';
import { PhysicalMemory } from '../../../../src/memory/physical-memory.js';
import { BufferPool } from '../../../../src/source/stream/buffer-pool.js';
import { ByteStream } from '../../../../src/source/stream/byte-stream.js';
import { affBuffer } from '../../write/evidence/aff.js';
import { aff4Buffer } from '../../write/evidence/aff4.js';
import { crashDump32Buffer } from '../../write/crash-dump/crash-dump-32.js';
import { crashDumpBuffer } from '../../write/crash-dump/crash-dump.js';
import { rdmpBuffer } from '../../write/crash-dump/rdmp.js';
import { zdmpBuffer } from '../../write/crash-dump/zdmp.js';
import { elf32Buffer } from '../../write/elf/elf-32.js';
import { elfCoreBuffer } from '../../write/elf/elf-core.js';
import { xenCoreBuffer } from '../../write/elf/xen-core.js';
import { ewfBuffers, withoutChecksums } from '../../write/evidence/ewf.js';
import { hibernation7Buffer, hibernationBuffer } from '../../write/hibernation.js';
import { hpakBuffer } from '../../write/hpak.js';
import { flattened, kdumpBuffer } from '../../write/kdump.js';
import { avmlBuffer } from '../../write/lime/avml.js';
import { limeBuffer } from '../../write/lime/lime.js';
import { rawBuffer } from '../../write/raw.js';
import { savevmBuffer } from '../../write/savevm.js';
import { virtualBoxBuffer } from '../../write/virtualbox.js';
import { vmemBuffer, vmwareStateBuffer } from '../../write/vmware.js';
import { vmrsBuffer } from '../../write/vmrs.js';
import { CaseSource } from '../case-source.js';
import type { FuzzTarget } from '../fuzz-target.js';
import { tinyMemory } from '../tiny-memory.js';

/** Runs, each at both of its ends, and pages of a stream that are read of what opens. */
const MAX_RUNS = 32;
const MAX_STREAMED = 4 << 20;

/** By the format that is asked for: one small file of each form. */
const SEEDS: Readonly<Record<string, () => readonly Buffer[]>> = {
  'crash-dump-64': () => [
    crashDumpBuffer(tinyMemory()),
    crashDumpBuffer(tinyMemory(), { dumpType: 5 }),
    rdmpBuffer(tinyMemory(), { dumpType: 8 }),
    rdmpBuffer(tinyMemory(), { dumpType: 10 }),
  ],
  'crash-dump-32': () => [crashDump32Buffer(tinyMemory()), crashDump32Buffer(tinyMemory(), 5)],
  kdump: () => [
    ...(['zlib', 'lzo', 'snappy', 'zstd', 'stored'] as const).map((method) => kdumpBuffer(tinyMemory(), { method })),
    kdumpBuffer(tinyMemory(), { narrow: true }),
    flattened(kdumpBuffer(tinyMemory())),
  ],
  'xen-core': () => [xenCoreBuffer(tinyMemory()), xenCoreBuffer(tinyMemory(), '.xen_p2m')],
  'elf-core': () => [
    elfCoreBuffer(tinyMemory()),
    elfCoreBuffer(tinyMemory(), { addressIn: 'vaddr', notes: 'none' }),
    elf32Buffer(tinyMemory()),
    elf32Buffer(tinyMemory(), { countInSection: true }),
  ],
  lime: () => [limeBuffer(tinyMemory())],
  avml: () => [avmlBuffer(tinyMemory())],
  aff: () => [affBuffer(rawBuffer(tinyMemory())), affBuffer(rawBuffer(tinyMemory()), { hashes: ['sha1', 'md5'] })],
  aff4: () => [
    aff4Buffer(tinyMemory(), { hashes: ['md5'] }),
    ...(['zlib', 'snappy', 'lz4', 'stored'] as const).map((method) => aff4Buffer(tinyMemory(), { method })),
  ],
  'vmware-snapshot': () => [
    vmwareStateBuffer(tinyMemory(), { inside: true }),
    vmwareStateBuffer(tinyMemory(), { inside: true, version: 0, contiguous: true }),
  ],
  'qemu-savevm': () => [
    savevmBuffer(tinyMemory()),
    savevmBuffer(tinyMemory(), { isPaused: true, nodes: ['ram-node0', 'ram-node1'] }),
  ],
  'virtualbox-sav': () => [
    virtualBoxBuffer(tinyMemory()),
    virtualBoxBuffer(tinyMemory(), { version: 13, isLive: true }),
    virtualBoxBuffer(tinyMemory(), { recordBytes: 1000 }),
  ],
  'hyperv-vmrs': () => [vmrsBuffer(tinyMemory()), vmrsBuffer(tinyMemory(), { memoryBlocks: false })],
  hibernation: () => [
    hibernationBuffer(tinyMemory()),
    hibernationBuffer(tinyMemory(), 0x4d8),
    hibernation7Buffer(tinyMemory()),
    hibernation7Buffer(tinyMemory(), false),
  ],
  zdmp: () => [zdmpBuffer(crashDumpBuffer(tinyMemory()))],
  hpak: () => [hpakBuffer(tinyMemory())],
};

async function open(source: CaseSource, format?: string): Promise<void> {
  const image = await openImage(source, format);
  const memory = new PhysicalMemory(image);
  for (let index = 0; index < Math.min(image.runs.count, MAX_RUNS); index++) {
    const { start, length } = image.runs.at(index)!;
    for (const at of [start, start + Math.max(0, length - PAGE_SIZE)])
      await memory.read(physicalAddress(at), Math.min(length, PAGE_SIZE));
  }
}

const pool = new BufferPool(new ArrayBuffer(1 << 20), 0, 1 << 18, 4);

async function stream(source: CaseSource): Promise<void> {
  const memory = new StreamedMemory(new ByteStream('changed', null, source.pieces()));
  let length = 0;
  for await (const { bytes } of memory.stretches(pool)) {
    length += bytes.length;
    pool.release(bytes);
    if (length > MAX_STREAMED) return;
  }
}

function segments(): readonly [Buffer, ...Buffer[]] {
  return ewfBuffers(rawBuffer(tinyMemory()), 1) as [Buffer, ...Buffer[]];
}

/** Files of other kinds, by their first bytes and where these stand. */
const WRONG_KINDS = (
  [
    [0, 'MDMP\x93\xa7'],
    [0, '7z\xbc\xaf\x27\x1c'],
    [0, 'MSCF\0\0\0\0'],
    [4, 'LfLe'],
    [0, '# Disk DescriptorFile'],
    [0x40, '\x7f\x10\xda\xbe'],
    [3, 'NTFS    '],
    [0x8001, 'CD001'],
    [0x1fe, '\x55\xaa'],
    [0, 'MZ'],
    [0, '\xff\xfeh\0o\0s\0t\0'],
    [0, '{"path": "a.raw"}\n'],
  ] as const
).map(([at, bytes]) => {
  const file = Buffer.alloc(0x9000);
  file.write(bytes, at, 'latin1');
  return file;
});

const everyContainer = (): readonly Buffer[] => Object.values(SEEDS).flatMap((seeds) => seeds());

/** Each container by its name, as a file; those with companions; all of them as streams, and told by their first bytes. */
export const CONTAINER_TARGETS: readonly FuzzTarget[] = [
  ...Object.entries(SEEDS).map(([name, seeds]) => ({ name, seeds, run: (source: CaseSource) => open(source, name) })),
  {
    name: 'ewf',
    // Without checksums damage goes deeper.
    seeds: () =>
      [ewfBuffers(rawBuffer(tinyMemory()), 100, [[9, 2]])[0]!, segments()[0]].flatMap((file) => [
        file,
        withoutChecksums(file),
      ]),
    run: (source) => open(source.named('changed.E01', new Map([['changed.E02', segments()[1]!]])), 'ewf'),
  },
  {
    name: 'vmware-vmem',
    seeds: () => [vmwareStateBuffer(tinyMemory()), vmwareStateBuffer(tinyMemory(), { version: 0 })],
    run: (source) =>
      open(new CaseSource(vmemBuffer(tinyMemory()), 'changed.vmem', new Map([['changed.vmss', source.bytes]]))),
  },
  { name: 'told-by-bytes', seeds: () => [...everyContainer(), ...WRONG_KINDS], run: (source) => open(source) },
  { name: 'stream', seeds: everyContainer, run: stream },
];
