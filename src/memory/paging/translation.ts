import { hex, type PhysicalAddress, type VirtualAddress } from '../../address.js';

/** The levels of the page tables, from the root down, and the page itself. */
export type PagingLevel = 'PML5' | 'PML4' | 'PDPT' | 'PD' | 'PT' | 'page';

/** Why a virtual address has no page: an answer, not an exception. */
export interface MissingPage {
  /** The address that was asked for. */
  readonly virtualAddress: VirtualAddress;
  /** Not canonical, not mapped by the page tables, or mapped to a page that the image does not hold. */
  readonly reason: 'not-canonical' | 'not-present' | 'not-in-image';
  /** Where the walk ended; null for an address that is not canonical. */
  readonly level: PagingLevel | null;
  /** The entry that is not present, or the page that the image lacks. */
  readonly physicalAddress: PhysicalAddress | null;
}

export interface MappedPage {
  readonly physicalAddress: PhysicalAddress;
  /** Bytes that the mapping covers: 4 KiB, 2 MiB or 1 GiB. */
  readonly pageSize: number;
}

export type Translation = MappedPage | MissingPage;

export function isMapped(translation: Translation): translation is MappedPage {
  return 'pageSize' in translation;
}

/** `virtual 0xfff… is missing: the PT entry at physical 0x… is not present`. */
export function describeMissing(missing: MissingPage): string {
  const where = missing.physicalAddress === null ? '' : ` physical ${hex(missing.physicalAddress)}`;
  const why = {
    'not-canonical': 'the address is not canonical',
    'not-present': `the ${missing.level} entry at${where} is not present`,
    'not-in-image':
      missing.level === 'page'
        ? `the page at${where} is not in the image`
        : `the ${missing.level} at${where} is not in the image`,
  }[missing.reason];
  return `virtual ${hex(missing.virtualAddress)} is missing: ${why}`;
}
