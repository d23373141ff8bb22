import type { VirtualAddress } from '../../address.js';
import { Tally } from './tally.js';

/** Addresses kept of one kind of object at most: a hostile image must not fill memory. */
export const MOST_OBJECTS = 1 << 20;

/** The objects of one kind that one method came upon. */
export class Sighting {
  readonly found = new Set<VirtualAddress>();
  readonly tally = new Tally();

  /** @returns whether the object is new, and kept */
  add(object: VirtualAddress): boolean {
    if (this.found.has(object)) return false;
    if (this.found.size >= MOST_OBJECTS) {
      this.tally.miss(`more than ${MOST_OBJECTS} objects: the rest is not counted`);
      return false;
    }
    this.found.add(object);
    return true;
  }
}
