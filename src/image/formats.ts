import { aff4 } from './aff4/aff4.js';
import { avml } from './lime/avml.js';
import { crashDump32 } from './crash-dump-32.js';
import { crashDump64 } from './crash-dump-64.js';
import { elfCore } from './elf/elf-core.js';
import { ewf } from './ewf/ewf.js';
import { hibernation } from './hibernation/hibernation.js';
import { hpak } from './hpak.js';
import { hypervVmrs } from './hyper-v/vmrs.js';
import type { ImageFormat } from './image-format.js';
import { kdump } from './kdump/kdump.js';
import { lime } from './lime/lime.js';
import { qemuSavevm } from './qemu/savevm.js';
import { raw } from './raw.js';
import { vmwareSnapshot } from './vmware-snapshot.js';
import { vmwareVmem } from './vmware/vmware.js';
import { xenCore } from './elf/xen-core.js';
import { zdmp } from './crash-dump/zdmp.js';

/**
 * Asked in this order; the first that claims the source opens it. Longer magics come before shorter ones, and a Xen
 * core before other ELF cores. Raw memory has no magic: a .vmem file is told by its name, and raw comes last.
 */
export const IMAGE_FORMATS: readonly ImageFormat[] = [
  crashDump64, crashDump32, kdump, xenCore, elfCore, lime, avml, ewf, aff4, vmwareSnapshot, qemuSavevm, hypervVmrs,
  hibernation, zdmp, hpak, vmwareVmem, raw,
];
