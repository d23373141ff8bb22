import { hex, type PhysicalAddress, type VirtualAddress } from '../../address.js';

/** The levels of the page tables, from the root down, by their processor's names; then the page itself. */
export type PagingLevel = 'PML5' | 'PML4' | 'PDPT' | 'PD' | 'PT' | 'L0' | 'L1' | 'L2' | 'L3' | 'page';

/**
 * Why a virtual address has no page. The address is not canonical (`not-canonical`); nothing is mapped there
 * (`not-present`); the page is not in memory: it reads as zeros until it is written to (`demand-zero`), lies in a page
 * file (`page-file`), is shared and told of by a prototype (`prototype`), or in a file that is mapped there
 * (`file-backed`); or the image lacks a page of memory: a table's or the page itself (`not-in-image`), or one that is in
 * transition, no longer used and not yet used anew (`transition`).
 */
export type MissingReason =
  | 'not-canonical'
  | 'not-present'
  | 'demand-zero'
  | 'page-file'
  | 'prototype'
  | 'file-backed'
  | 'transition'
  | 'not-in-image';

/** Why a virtual address has no page: an answer, not an exception. */
export interface MissingPage {
  /** The address that was asked for. */
  readonly virtualAddress: VirtualAddress;
  /** What the page tables say of it. */
  readonly reason: MissingReason;
  /** Where the walk ended; null for an address that is not canonical. */
  readonly level: PagingLevel | null;
  /** The entry that maps nothing in memory, or the page that the image lacks. */
  readonly physicalAddress: PhysicalAddress | null;
  /** Which page file, for `page-file`, where the kernel's build is known; page files are counted from 0. */
  readonly pageFile?: number;
}

export interface MappedPage {
  readonly physicalAddress: PhysicalAddress;
  /** Bytes that the mapping covers: 4 KiB, 2 or 4 MiB, 1 GiB. */
  readonly pageSize: number;
}

/** A mapped range of virtual memory: one page of any size. */
export interface Mapping extends MappedPage {
  readonly virtualAddress: VirtualAddress;
}

export type Translation = MappedPage | MissingPage;

export function isMapped(translation: Translation): translation is MappedPage {
  return 'pageSize' in translation;
}

/** `virtual 0xfff… is missing: the PT entry at physical 0x… is not present`. */
export function describeMissing(missing: MissingPage): string {
  return `virtual ${hex(missing.virtualAddress)} is missing: ${reasonOf(missing)}`;
}

function reasonOf({ reason, level, physicalAddress, pageFile }: MissingPage): string {
  const where = physicalAddress === null ? '' : ` at physical ${hex(physicalAddress)}`;
  switch (reason) {
    case 'not-canonical':
      return 'the address is not canonical';
    case 'not-in-image':
      return `the ${level}${where} is not in the image`;
    case 'transition':
      return `the ${level}${where}, which is in transition, is not in the image`;
    case 'not-present':
      return `the ${level} entry${where} is not present`;
    case 'demand-zero':
      return `the ${level} entry${where} asks for a page of zeros that was never used`;
    case 'page-file':
      return `the ${level} entry${where} tells that it is in page file${pageFile === undefined ? '' : ` ${pageFile}`}`;
    case 'prototype':
      return `the ${level} entry${where} refers to a prototype of a shared page`;
    case 'file-backed':
      return `the ${level} entry${where} tells that it is in a mapped file`;
  }
}
