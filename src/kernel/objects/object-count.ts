import type { VirtualAddress } from '../../address.js';

/** Counts what a walk could not read, and keeps the reason of the first time. */
export class Tally {
  unreadable = 0;
  reason: string | null = null;

  /** @param reason in one line: what, where, and what is wrong with it */
  miss(reason: string): void {
    this.unreadable++;
    this.note(reason);
  }

  /** Notes a fact that explains the count without being a failure itself. */
  note(reason: string): void {
    this.reason ??= reason;
  }

  /** Adds what another walk could not read. */
  add(other: Tally): void {
    this.unreadable += other.unreadable;
    if (other.reason !== null) this.note(other.reason);
  }
}

/** Maximum number of addresses kept for one kind of object: a hostile image must not fill memory. */
export const MAX_OBJECTS = 1 << 20;

/** The objects of one kind that one method found. */
export class Sighting {
  readonly found = new Set<VirtualAddress>();
  readonly tally = new Tally();

  /** @returns whether the object is new, and kept */
  add(object: VirtualAddress): boolean {
    if (this.found.has(object)) return false;
    if (this.found.size >= MAX_OBJECTS) {
      this.tally.miss(`more than ${MAX_OBJECTS} objects: the rest is not counted`);
      return false;
    }
    this.found.add(object);
    return true;
  }
}

/** Kinds of objects, and the pool tag that objects of the kind are allocated with. */
export const OBJECT_KINDS = {
  process: 'Proc',
  thread: 'Thre',
  token: 'Toke',
  file: 'File',
  key: 'Key ',
  handle_table: 'Obtb',
  module: 'MmLd',
} as const;
/** A kind of kernel object that is counted. */
export type ObjectKind = keyof typeof OBJECT_KINDS;

/** How many objects of a kind one method found. */
export interface ObjectCount {
  /** What was counted. */
  readonly kind: ObjectKind;
  /** How: the name of the kernel's structure that led to the objects, as `PspCidTable`. */
  readonly method: string;
  /** Null where the method is not available; `reason` says why. */
  readonly found: number | null;
  /** Processes among them that have ended and are not freed; null for other kinds. */
  readonly terminated: number | null;
  /** What could not be read, or was not what it should be; null where the method is not available. */
  readonly unreadable: number | null;
  /** Why the method is not available, or the first thing that could not be read. */
  readonly reason: string | null;
}

export function notAvailable(kind: ObjectKind, method: string, reason: string): ObjectCount {
  return { kind, method, found: null, terminated: null, unreadable: null, reason };
}

export function counted(kind: ObjectKind, method: string, found: number, tally: Tally = new Tally()): ObjectCount {
  return { kind, method, found, terminated: null, unreadable: tally.unreadable, reason: tally.reason };
}

/** The count of a method, or the reason why it is not available. */
export function countOf(kind: ObjectKind, method: string, sighting: Sighting | string): ObjectCount {
  return typeof sighting === 'string'
    ? notAvailable(kind, method, sighting)
    : counted(kind, method, sighting.found.size, sighting.tally);
}

/** Kind by kind, each kind's methods in their own order. */
export function byKind(counts: readonly ObjectCount[]): ObjectCount[] {
  return Object.keys(OBJECT_KINDS).flatMap((kind) => counts.filter((count) => count.kind === kind));
}
