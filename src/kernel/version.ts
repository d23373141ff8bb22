import { PAGE_SIZE, virtualAddress } from '../address.js';
import { decodeCodeView, isKernelPdb, type PdbIdentity, RSDS, RSDS_LENGTH } from './pe.js';
import { decodeSharedData, type Kernel, type SharedData } from './root/root.js';
import { type KernelSymbols, knownBuild, MAX_TAG_TABLES } from './symbols/symbols.js';

/** Maximum number of different records of one kind that are kept; more of them decide nothing either. */
const MAX_KEPT = 64;

const LAB = /^\d{4,5}\.\d{1,5}\.(amd64|x86|arm64)(fre|chk)\.[\x21-\x7e]{1,100}$/;

/** What traces in memory tell about the kernel; null where they do not decide. */
export interface TracedKernel {
  readonly pdb: PdbIdentity | null;
  readonly symbols: KernelSymbols | null;
  readonly ntBuildLab: string | null;
  readonly sharedData: SharedData | null;
  readonly build: number | null;
}

/**
 * Collects traces of the kernel's identity from pages in any order: RSDS records of kernel PDBs, NtBuildLab strings and
 * KUSER_SHARED_DATA pages. File caches and earlier boots leave such records too, so one counts only when it is the only
 * one of its kind, or the only one that agrees with the others.
 */
export class KernelTraces {
  private readonly pdbs = new Map<string, PdbIdentity>();
  /** Where on its page each string was seen. */
  private readonly labs = new Map<string, Set<number>>();
  private readonly shared = new Map<string, SharedData>();

  /** Looks for RSDS records at multiples of 4. */
  offerPdbs(page: Buffer): void {
    for (let at = page.indexOf('RSDS', 0, 'latin1'); at >= 0; at = page.indexOf('RSDS', at + 4, 'latin1')) {
      if (at % 4 !== 0 || at + RSDS_LENGTH > page.length || page.readUInt32LE(at) !== RSDS) continue;
      const pdb = decodeCodeView(page.subarray(at));
      if (pdb !== null && isKernelPdb(pdb.name)) keep(this.pdbs, `${pdb.guid}-${pdb.age}`, pdb);
    }
  }

  /** Looks for NtBuildLab at multiples of 16, where every kernel known has it. */
  offerBuildLabs(page: Buffer): void {
    for (let at = 0; at < page.length; at += 16) {
      if (page[at]! < 0x31 || page[at]! > 0x39) continue;
      const end = page.indexOf(0, at);
      if (end < 0 || end - at > 128) continue;
      const lab = page.toString('latin1', at, end);
      if (!LAB.test(lab)) continue;
      const places = this.labs.get(lab);
      if (places !== undefined) places.add(at);
      else keep(this.labs, lab, new Set([at]));
    }
  }

  offerSharedData(page: Buffer): void {
    const data = decodeSharedData(page);
    if (typeof data !== 'string')
      keep(this.shared, `${data.systemTime.getTime()} ${data.majorVersion}.${data.minorVersion}.${data.build}`, data);
  }

  /** @param entrySize of the tables, which the kernel's build must have */
  async identify(entrySize: number): Promise<TracedKernel> {
    const ntBuildLab = only(this.labs.keys());
    const labPlaces = ntBuildLab === null ? null : this.labs.get(ntBuildLab)!;
    const sharedData = only(this.shared.values());
    const build = sharedData?.build || Number(/^\d+/.exec(ntBuildLab ?? '')?.[0] ?? 0) || null;
    const candidates: { pdb: PdbIdentity; symbols: KernelSymbols | null }[] = [];
    for (const pdb of this.pdbs.values()) {
      const symbols = await knownBuild(pdb);
      if (symbols === null || (symbols.trackerEntrySize === entrySize && agrees(symbols, build, labPlaces)))
        candidates.push({ pdb, symbols });
    }
    const kernel = only(candidates);
    return { pdb: kernel?.pdb ?? null, symbols: kernel?.symbols ?? null, ntBuildLab, sharedData, build };
  }
}

/** Whether a build can be that of the running kernel, by its number and by where on its page NtBuildLab lies. */
function agrees({ version, rva }: KernelSymbols, build: number | null, labPlaces: ReadonlySet<number> | null): boolean {
  if (build !== null && version !== null && version.split('.')[2] !== String(build)) return false;
  return labPlaces === null || rva.NtBuildLab === undefined || labPlaces.has(rva.NtBuildLab % PAGE_SIZE);
}

function keep<T>(kept: Map<string, T>, name: string, value: T): void {
  if (kept.size < MAX_KEPT) kept.set(name, value);
}

function only<T>(values: Iterable<T>): T | null {
  const [first, second] = values;
  return first === undefined || second !== undefined ? null : first;
}

/** First builds of each version, newest first. */
const VERSIONS: readonly (readonly [build: number, version: string])[] = [
  [10240, '10.0'],
  [9600, '6.3'],
  [9200, '6.2'],
  [7600, '6.1'],
  [6000, '6.0'],
  [3790, '5.2'],
  [2600, '5.1'],
];

/** The version as precisely as the traces tell. */
export function tracedVersion({ symbols, sharedData, build }: TracedKernel): string | null {
  if (symbols?.version != null) return symbols.version;
  if (sharedData !== null)
    return [sharedData.majorVersion, sharedData.minorVersion, ...(build === null ? [] : [build])].join('.');
  const named = build === null ? undefined : VERSIONS.find(([first]) => build >= first);
  return named === undefined ? null : `${named[1]}.${build}`;
}

const MAX_LAB_LENGTH = 128;

/** NtBuildLab, a string such as `19041.1.amd64fre.vb_release.191`; null where it is not known or paged out. */
export async function readNtBuildLab(kernel: Kernel, symbols: KernelSymbols | null): Promise<string | null> {
  const rva = symbols?.rva.NtBuildLab;
  if (rva === undefined) return null;
  const bytes = await kernel.memory.readWhole(virtualAddress(kernel.image.base + BigInt(rva)), MAX_LAB_LENGTH);
  const end = bytes?.indexOf(0) ?? -1;
  if (bytes === null || end <= 0) return null;
  const lab = bytes.toString('latin1', 0, end);
  return /^[\x21-\x7e]+$/.test(lab) ? lab : null;
}

/**
 * How many processors the system runs on: as it says itself, else from the container. A machine may have more, which the
 * system has not started yet or does not use.
 */
export function processorsOf(claimed: number | undefined, sharedData: SharedData | null): number | null {
  const known = sharedData?.activeProcessors || claimed || 0;
  return known > 0 && known <= MAX_TAG_TABLES ? known : null;
}

/** The version as precisely as it is known: 10.0.19041.1466 for a known build, else what the running system says. */
export function windowsVersion(kernel: Kernel, symbols: KernelSymbols | null, ntBuildLab: string | null): string {
  if (symbols?.version != null) return symbols.version;
  const { majorVersion, minorVersion, build } = kernel.sharedData;
  const known =
    build || Number(/^\d+/.exec(ntBuildLab ?? '')?.[0] ?? 0) || kernel.memory.physical.image.hints.build || 0;
  return known === 0 ? `${majorVersion}.${minorVersion}` : `${majorVersion}.${minorVersion}.${known}`;
}
