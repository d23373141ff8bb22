import { ClippedRuns } from './clipped-runs.js';
import { Container } from '../source/reading/container.js';
import type { ImageFormat } from './image-format.js';
import { readVmwareMemory } from './vmware/memory.js';
import { isVmwareState } from './vmware/state.js';

/** A VMware state file that holds the memory itself, as older versions and ESX without a .vmem file write it. */
export const vmwareSnapshot: ImageFormat = {
  name: 'vmware-snapshot',
  title: 'VMware snapshot or suspended state with memory inside (.vmsn, .vmss)',
  probe: isVmwareState,
  async open(source) {
    const container = new Container(source, 'VMware state file');
    const { regions, inside, hints } = await readVmwareMemory(container);
    if (inside === undefined) {
      throw container.refused('the memory is not in it', 'name the .vmem file beside it; this file is then found by itself');
    }
    const runs = new ClippedRuns(container);
    if (regions.length === 0) runs.add(0, inside.length, inside.offset);
    for (const { start, length, offset } of regions) runs.add(start, length, inside.offset + offset);
    return { format: 'vmware-snapshot', source, ...runs.finish(), hints };
  },
};
