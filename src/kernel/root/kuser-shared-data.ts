import type { Missing } from '../../errors.js';
import { dateOfFileTime } from '../../filetime.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { describeMissing } from '../../memory/paging/paging.js';
import { KERNEL_SPACES } from './kernel-space.js';

/** What KUSER_SHARED_DATA says about the running system. */
export interface SharedData {
  readonly systemTime: Date;
  readonly majorVersion: number;
  readonly minorVersion: number;
  /** 0 before Windows 10, which does not keep it here. */
  readonly build: number;
  /** 0 where the kernel does not keep it. */
  readonly activeProcessors: number;
  /** 4 KiB pages of RAM that the kernel manages; 0 where it does not keep the number. */
  readonly physicalPages: number;
}

/**
 * Decodes the page, or says what is wrong with it. This is the check whether a page table root is that of a running
 * kernel. Offsets: SystemTime 0x14 (KSYSTEM_TIME: its two high halves must agree), NtSystemRoot 0x30, NtBuildNumber
 * 0x260, NtMajorVersion 0x26C, NtMinorVersion 0x270, NumberOfPhysicalPages 0x2E8, ActiveProcessorCount 0x3C0.
 */
export function decodeSharedData(page: Buffer): SharedData | string {
  const low = page.readUInt32LE(0x14);
  const high = page.readUInt32LE(0x18);
  if (high !== page.readUInt32LE(0x1c)) return 'the two halves of SystemTime disagree';
  const systemTime = dateOfFileTime((BigInt(high) << 32n) | BigInt(low));
  if (systemTime === undefined) return 'SystemTime is no time';
  const majorVersion = page.readUInt32LE(0x26c);
  const minorVersion = page.readUInt32LE(0x270);
  if (!(
    (majorVersion === 10 && minorVersion === 0) ||
    (majorVersion === 6 && minorVersion <= 3) ||
    (majorVersion === 5 && minorVersion <= 2)
  )) {
    return `NtMajorVersion.NtMinorVersion is ${majorVersion}.${minorVersion}`;
  }
  const root = page.toString('utf16le', 0x30, 0x36);
  if (!/^[A-Za-z]:\\$/.test(root)) return 'NtSystemRoot is no path';
  return {
    systemTime,
    majorVersion,
    minorVersion,
    build: majorVersion === 10 ? page.readUInt32LE(0x260) & 0xffff : 0,
    activeProcessors: page.readUInt32LE(0x3c0),
    physicalPages: page.readUInt32LE(0x2e8),
  };
}

/** Reads and decodes the page through a candidate's page tables; the reason when that fails. */
export async function readSharedData(memory: VirtualMemory): Promise<SharedData | Missing> {
  const { sharedData } = KERNEL_SPACES[memory.pageTable.paging.architecture];
  const [page] = await memory.pages(sharedData, 1);
  if (page!.bytes === null) return { missing: `KUSER_SHARED_DATA: ${describeMissing(page!.missing!)}` };
  const decoded = decodeSharedData(page!.bytes);
  return typeof decoded === 'string' ? { missing: `KUSER_SHARED_DATA: ${decoded}` } : decoded;
}
