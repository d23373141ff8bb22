import { PAGE_SIZE, physicalAddress } from '../../address.js';
import type { PoolTrackerError } from '../../errors.js';
import { type RunList, RunListBuilder } from '../run-list.js';
import { MAX_RECORD_DATA } from './records.js';
import type { DataPlace } from './unit-data.js';

const FOUR_GIB = 2 ** 32;
/** Below, the video memory and ROMs of a PC take the place of RAM. */
const ONE_MIB = 2 ** 20;

/** Pages that lie nowhere in the file. A page that does is its record's offset times 4096, plus the bytes before it. */
const ABSENT = 0;
const ZERO = -1;
const BALLOONED = -2;
/** So that every place is an exact number. */
const MAX_OFFSET = 2 ** 41;

/** Stored pages take some bytes of the file each, and 8 of the index, which zeros take as well. */
const MIN_PER_PAGE = 8;
const PAGES_IN_HAND = 2 ** 22;
/** 512 GiB of memory: an index of more would not be held. */
const MAX_PAGES = 2 ** 27;

/** Makes errors about a saved state. */
interface StateComplaints {
  damaged(problem: string): PoolTrackerError;
  refused(why: string, hint: string): PoolTrackerError;
}

/** Where each page of a machine's memory lies, in 8 bytes a page: what was saved last counts. */
export class GuestPages {
  /** Pages outside the machine's RAM, which are left out. */
  outside = 0;
  /** Whether no page was noted yet. */
  isEmpty = true;
  /** The address behind the last page. */
  readonly end: number;
  private readonly below: number;
  private readonly places: Float64Array;

  /**
   * @param size of RAM, in bytes
   * @param hole its length, in bytes: RAM that would lie in the last part below 4 GiB is above it
   * @param byteLength of the file, which bounds what it can hold
   * @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED
   */
  constructor(
    readonly size: number,
    hole: number,
    byteLength: number,
    complaints: StateComplaints,
  ) {
    const pages = size / PAGE_SIZE;
    if (size === 0 || size % PAGE_SIZE !== 0 || hole > FOUR_GIB || hole % PAGE_SIZE !== 0)
      throw complaints.damaged(`its RAM has ${size} bytes, with a hole of ${hole} below 4 GiB`);
    if (byteLength > MAX_OFFSET || pages > MAX_PAGES)
      throw complaints.refused(
        `its memory has ${size} bytes, in a file of ${byteLength}; up to ${MAX_PAGES * PAGE_SIZE} in ${MAX_OFFSET} are read`,
        'dump the memory: VBoxManage debugvm NAME dumpvmcore',
      );
    if (pages > Math.max(PAGES_IN_HAND, byteLength / MIN_PER_PAGE))
      throw complaints.damaged(`its RAM is said to be ${size} bytes, which a file of ${byteLength} cannot hold`);
    this.below = Math.min(size, FOUR_GIB - hole);
    this.end = size > this.below ? FOUR_GIB + size - this.below : size;
    this.places = new Float64Array(this.end / PAGE_SIZE);
  }

  /** Notes what was saved of the page at `address`: where it lies, that it is zeros, or that the guest gave it back. */
  put(address: number, page: DataPlace | 'zero' | 'ballooned'): void {
    if (address >= this.end || (address >= this.below && address < FOUR_GIB)) {
      this.outside++;
      return;
    }
    this.isEmpty = false;
    this.places[address / PAGE_SIZE] =
      page === 'zero' ? ZERO : page === 'ballooned' ? BALLOONED : page.record * MAX_RECORD_DATA + page.skip;
  }

  /** Where the page of that number lies; null for zeros. Only for pages of the runs. */
  placeOf(page: number): DataPlace | null {
    const place = this.places[page]!;
    if (place <= 0) return null;
    return { record: Math.floor(place / MAX_RECORD_DATA), skip: place % MAX_RECORD_DATA };
  }

  /** The pages that were saved, each at its own address, and how many bytes of RAM from 1 MiB on were not. */
  runs(label: string): { readonly runs: RunList; readonly missing: number } {
    const runs = new RunListBuilder(label);
    let missing = 0;
    for (let page = 0; page < this.places.length; page++) {
      const place = this.places[page]!;
      const address = page * PAGE_SIZE;
      const isRam = address < this.below || address >= FOUR_GIB;
      if (place > 0 || place === ZERO) runs.add(physicalAddress(address), PAGE_SIZE, address);
      else if (place === ABSENT && isRam && address >= ONE_MIB) missing += PAGE_SIZE;
    }
    return { runs: runs.build(), missing };
  }
}
