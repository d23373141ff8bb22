import { virtualAddress } from '../address.js';
import type { Kernel } from './root/root.js';
import { MOST_TAG_TABLES, type KernelSymbols } from './kernel-symbols.js';
import type { SharedData } from './root/kuser-shared-data.js';

const LONGEST_LAB = 128;

/** NtBuildLab, a string such as `19041.1.amd64fre.vb_release.191`; null where it is not known or paged out. */
export async function readNtBuildLab(kernel: Kernel, symbols: KernelSymbols | null): Promise<string | null> {
  const rva = symbols?.rva.NtBuildLab;
  if (rva === undefined) return null;
  const bytes = await kernel.memory.readWhole(virtualAddress(kernel.image.base + BigInt(rva)), LONGEST_LAB);
  const end = bytes?.indexOf(0) ?? -1;
  if (bytes === null || end <= 0) return null;
  const lab = bytes.toString('latin1', 0, end);
  return /^[\x21-\x7e]+$/.test(lab) ? lab : null;
}

/** How many processors the machine has: as the container says, else as the running system does (Windows 10 and later). */
export function processorsOf(claimed: number | undefined, sharedData: SharedData | null): number | null {
  const known = claimed ?? (sharedData !== null && sharedData.majorVersion >= 10 ? sharedData.activeProcessors : 0);
  return known > 0 && known <= MOST_TAG_TABLES ? known : null;
}

/** The version as precisely as it is known: of a known build 10.0.19041.1466, else what the running system says. */
export function windowsVersion(kernel: Kernel, symbols: KernelSymbols | null, ntBuildLab: string | null): string {
  if (symbols?.version != null) return symbols.version;
  const { majorVersion, minorVersion, build } = kernel.sharedData;
  const known = build || Number(/^\d+/.exec(ntBuildLab ?? '')?.[0] ?? 0) || kernel.memory.physical.image.hints.build || 0;
  return known === 0 ? `${majorVersion}.${minorVersion}` : `${majorVersion}.${minorVersion}.${known}`;
}
