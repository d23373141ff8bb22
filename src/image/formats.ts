import { PoolTrackerError } from '../errors.js';
import { itemNamed, Plugged } from '../plugged.js';
import { PROBE_LENGTH, readBytes, type Source } from '../source/source.js';
import { aff } from './aff/aff.js';
import { aff4 } from './aff4/aff4.js';
import { crashDump32, crashDump64 } from './crash-dump/crash-dump.js';
import { zdmp } from './crash-dump/zdmp.js';
import { elfCore } from './elf/elf-core.js';
import { xenCore } from './elf/xen-core.js';
import { ewf } from './ewf/ewf.js';
import { hibernation } from './hibernation/hibernation.js';
import { hpak } from './hpak.js';
import { hypervVmrs } from './hyper-v/vmrs.js';
import type { ImageFormat, MemoryImage } from './image.js';
import { kdump } from './kdump/kdump.js';
import { avml } from './lime/avml.js';
import { lime } from './lime/lime.js';
import { qemuSavevm } from './qemu/savevm.js';
import { raw } from './raw.js';
import { refuseWrongKind } from './wrong-kinds.js';
import { Unreadable } from './unreadable.js';
import { virtualBoxState } from './virtualbox/virtualbox.js';
import { vmwareSnapshot, vmwareVmem } from './vmware/vmware.js';

/**
 * Probed in this order; the first that claims the source opens it. Longer magics come before shorter ones, and a Xen
 * core before other ELF cores. Memory without a magic: a .vmem file is recognised by its name, and raw comes last.
 */
export const IMAGE_FORMATS: readonly ImageFormat[] = [
  crashDump64,
  crashDump32,
  kdump,
  xenCore,
  elfCore,
  lime,
  avml,
  ewf,
  aff,
  aff4,
  vmwareSnapshot,
  qemuSavevm,
  virtualBoxState,
  hypervVmrs,
  hibernation,
  zdmp,
  hpak,
  vmwareVmem,
  raw,
];

/** Formats of plug-ins: asked behind all that can tell their files, before raw memory, which claims everything. */
export const PLUGGED_FORMATS = new Plugged<ImageFormat>();

function allFormats(): readonly ImageFormat[] {
  return [...IMAGE_FORMATS.slice(0, -1), ...PLUGGED_FORMATS.all, raw];
}

/**
 * The first format that claims a source.
 * @param head its first PROBE_LENGTH bytes
 * @throws PoolTrackerError NOT_AN_IMAGE
 */
export async function formatOf(head: Buffer, source: Source): Promise<ImageFormat> {
  for (const format of allFormats()) {
    if (!(await format.probe(head, source))) continue;
    if (format.hasNoMagic === true) await refuseWrongKind(head, source);
    return format;
  }
  throw new PoolTrackerError('NOT_AN_IMAGE', `${source.name} is not a memory image: no known format claims it`);
}

/** Whether a source is a container although it looks like a compression wrapper: an AFF4 volume is a ZIP file. */
export async function keepsWrapper(head: Buffer, source: Source): Promise<boolean> {
  for (const format of allFormats()) {
    if (format.keepsWrapper === undefined || !(await format.probe(head, source))) continue;
    if (await format.keepsWrapper(source)) return true;
  }
  return false;
}

/**
 * Opens the container in a source.
 * @param forced a format's name, to skip the probes
 * @throws PoolTrackerError USAGE for an unknown format name; NOT_AN_IMAGE, FORMAT_REFUSED, FORMAT_DAMAGED
 */
export async function openImage(source: Source, forced?: string): Promise<MemoryImage> {
  const format =
    forced === undefined ? await formatOf(await readBytes(source, 0, PROBE_LENGTH), source) : formatNamed(forced);
  const image = await format.open(source);
  return { ...image, unreadable: new Unreadable(), warnings: [...(source.warnings ?? []), ...image.warnings] };
}

/** @throws PoolTrackerError USAGE */
function formatNamed(name: string): ImageFormat {
  return itemNamed(allFormats(), name, 'image format', '; the parts of a split image are joined by --parts');
}
