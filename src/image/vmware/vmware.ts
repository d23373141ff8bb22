import { Container } from '../../source/reading/container.js';
import { fileNameOf, readBytes, type Source } from '../../source/source.js';
import { ClippedRuns } from '../clipped-runs.js';
import type { ImageFormat } from '../image.js';
import { barePages, raw } from '../raw.js';
import { readVmwareMemory, type VmwareMemory } from './memory.js';
import { isVmwareState } from './state.js';

/** Compressed ones keep the companions of what they hold. */
const EXTENSION = /\.vmem(\.(gz|zst|xz|bz2|lz4|lzo|lzma|zip|tar|tgz))*$/i;

/** A guest with more than this has a hole below 4 GiB, which a .vmem file omits. */
const BELOW_PCI_HOLE = 3 * 2 ** 30;

/** The memory layout in the companion; undefined without a companion. */
async function stateBeside(source: Source): Promise<VmwareMemory | undefined> {
  const stem = fileNameOf(source).replace(EXTENSION, '');
  for (const extension of ['.vmss', '.vmsn']) {
    const companion = await source.sibling?.(stem + extension);
    if (companion === undefined || companion === null) continue;
    try {
      if (!isVmwareState(await readBytes(companion, 0, 12))) continue;
      return await readVmwareMemory(new Container(companion, 'VMware state file'));
    } finally {
      await companion.close();
    }
  }
  return undefined;
}

/** A guest's memory in a separate VMware file; the state file beside it gives the address of each region. */
export const vmwareVmem: ImageFormat = {
  name: 'vmware-vmem',
  title: 'VMware memory with its .vmss or .vmsn beside it (.vmem)',
  hasNoMagic: true,
  probe: (_head, source) => EXTENSION.test(fileNameOf(source)),
  async open(source) {
    const container = new Container(source, 'VMware memory file');
    const state = await stateBeside(source);
    const hints = state?.hints ?? {};
    if (state !== undefined && state.regions.length > 0) {
      const runs = new ClippedRuns(container);
      for (const { start, length, offset } of state.regions) runs.add(start, length, offset);
      return { format: 'vmware-vmem', source, ...runs.finish(), hints };
    }
    const image = await raw.open(source);
    if (state !== undefined || source.byteLength <= BELOW_PCI_HOLE) return { ...image, format: 'vmware-vmem', hints };
    const message =
      'no .vmss or .vmsn file of the same name is beside it, so memory above the PCI hole (3 GiB or less) is taken to lie lower than it does';
    return {
      ...image,
      format: 'vmware-vmem',
      warnings: [...image.warnings, { code: 'image-companion-missing', message }],
    };
  },
  stream: barePages,
};

/** A VMware state file that contains the memory, as written by older versions, and by ESX without a .vmem file. */
export const vmwareSnapshot: ImageFormat = {
  name: 'vmware-snapshot',
  title: 'VMware snapshot or suspended state with memory inside (.vmsn, .vmss)',
  probe: isVmwareState,
  async open(source) {
    const container = new Container(source, 'VMware state file');
    const { regions, inside, hints } = await readVmwareMemory(container);
    if (inside === undefined) {
      throw container.refused(
        'the memory is not in it',
        'name the .vmem file beside it; this file is then found by itself',
      );
    }
    const runs = new ClippedRuns(container);
    if (regions.length === 0) runs.add(0, inside.length, inside.offset);
    for (const { start, length, offset } of regions) runs.add(start, length, inside.offset + offset);
    return { format: 'vmware-snapshot', source, ...runs.finish(), hints };
  },
};
