import { PAGE_SIZE } from '../../address.js';
import type { Warning } from '../../errors.js';
import { type Chunk, ChunkedSource, evenChunks } from '../../source/reading/chunked-source.js';
import { Container } from '../../source/reading/container.js';
import type { ImageFormat } from '../image.js';
import { type RunList, RunListBuilder } from '../run-list.js';
import { ABSENT, type RamPages, readRam, StateReader } from './ram.js';

const CONFIGURATION = 0x07;
const SUBSECTION = 0x05;

const MAX_NAME_LENGTH = 256;
const MAX_CAPABILITIES = 256;

/** The contents of each subsection of QEMU's vmstate_configuration, by name. */
const SUBSECTIONS: Readonly<Record<string, (reader: StateReader, container: Container) => Promise<void>>> = {
  'configuration/target-page-bits': async (reader) => void (await reader.u32()),
  'configuration/uuid': async (reader) => void (await reader.skip(16)),
  async 'configuration/capabilities'(reader, container) {
    const count = await reader.u32();
    if (count > MAX_CAPABILITIES) throw container.damaged(`its configuration lists ${count} capabilities`);
    for (let index = 0; index < count; index++) await reader.text();
  },
};

/**
 * Reads the configuration section, if there is one.
 * @returns the machine type, such as `pc-q35-7.2`; empty when it is not given
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function readMachineName(reader: StateReader, container: Container): Promise<string> {
  if (!(await reader.takes(CONFIGURATION))) return '';
  const length = await reader.u32();
  if (length > MAX_NAME_LENGTH) throw container.damaged(`its machine type has a name of ${length} bytes`);
  const name = (await reader.take(length)).toString('latin1');
  for (;;) {
    if (!(await reader.takes(SUBSECTION))) return name;
    const subsection = await reader.text();
    await reader.u32();
    const read = Object.hasOwn(SUBSECTIONS, subsection) ? SUBSECTIONS[subsection] : undefined;
    if (read === undefined)
      throw container.damaged(`its configuration has a subsection '${subsection}', which is not known`);
    await read(reader, container);
  }
}

const MAGIC = 0x5145564d;
const VERSION = 3;

const FOUR_GIB = 2 ** 32;

/** With this much memory or more, PC machines have a PCI hole: memory stops below it and continues at 4 GiB. */
const PCI_HOLE = {
  q35: { from: 0xb000_0000, below: 0x8000_0000 },
  i440fx: { from: 0xe000_0000, below: 0xc000_0000 },
};

/** `pc.ram` is one block; the PCI hole splits it into two runs. */
function runsOf(ram: RamPages, machine: string, container: Container): RunList {
  const hole = machine.includes('q35') ? PCI_HOLE.q35 : PCI_HOLE.i440fx;
  const below = ram.byteLength >= hole.from ? hole.below : ram.byteLength;
  const runs = new RunListBuilder(container.label);
  for (let page = 0; page < ram.offsets.length; page++) {
    const offset = page * PAGE_SIZE;
    if (ram.offsets[page] !== ABSENT) runs.add(offset < below ? offset : FOUR_GIB + offset - below, PAGE_SIZE, offset);
  }
  return runs.build();
}

/** A virtual machine's state, written by QEMU's `migrate` or `savevm`: a stream that begins with memory. */
export const qemuSavevm: ImageFormat = {
  name: 'qemu-savevm',
  title: 'QEMU saved state (migrate to a file)',
  probe: (head) => head.length >= 8 && head.readUInt32BE(0) === MAGIC,
  async open(source) {
    const container = new Container(source, 'QEMU saved state');
    const reader = new StateReader(container);
    await reader.skip(4);
    const version = await reader.u32();
    if (version !== VERSION) throw container.damaged(`its version is ${version}; expected ${VERSION}`);
    const machine = await readMachineName(reader, container);
    const ram = await readRam(reader, container);
    const runs = runsOf(ram, machine, container);
    if (runs.count === 0) throw container.damaged('it ends before its first page of memory');
    const missing = ram.byteLength - runs.byteLength;
    const warnings: Warning[] =
      missing === 0
        ? []
        : [
            {
              code: 'image-cut',
              message: `the saved state is cut short: ${missing} of ${ram.byteLength} bytes of memory are not in it`,
            },
          ];
    const load = (chunk: Chunk): Promise<Buffer> => {
      const offset = ram.offsets[chunk.index]!;
      return offset > 0
        ? container.bytes(offset, PAGE_SIZE, 'a page')
        : Promise.resolve(Buffer.alloc(PAGE_SIZE, ABSENT - 1 - offset));
    };
    const view = new ChunkedSource([source], { ...evenChunks(PAGE_SIZE, ram.byteLength), load });
    return { format: 'qemu-savevm', source: view, runs, hints: {}, warnings };
  },
};
