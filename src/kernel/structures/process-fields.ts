import { dateOfFileTime } from '../../filetime.js';
import { SYSTEM_ID } from './client-ids.js';
import type { FieldRule } from './field-search.js';
import { ID_STEP } from './handle-entries.js';
import type { Specimen } from './specimen.js';

/*
 * What must hold of fields of EPROCESS in every Windows, whatever their offsets: each rule refutes offsets, and an offset
 * counts only when no other one stands. Rules allow for what real machines do: parents end, clocks are set, ids come back.
 */

/** No system has given out ids beyond this. */
const MAX_ID = 2 ** 31;
/** One id in so many may be there twice: a smeared image has two states of a list. */
const REPEATED = 8;
/** ImageFileName: 15 bytes, shorter names end with a zero. */
const NAME_LENGTH = 15;
const SYSTEM_NAME = Buffer.from('System\0', 'latin1');
/** Processes may have been made after the shared page with the time was copied. */
const LIVE_ACQUISITION = 86_400_000;

/** UniqueProcessId: multiples of 4, different in every process. */
export function idRule(processes: readonly Specimen[], step: number): FieldRule<Specimen> {
  return {
    step,
    judge(process, offset) {
      const id = process.id(offset);
      if (id === null) return process.pointer(offset) === null ? 'silent' : 'contradicts';
      return id > 0 && id < MAX_ID && id % ID_STEP === 0 ? 'fits' : 'contradicts';
    },
    holds(offset) {
      const ids = processes.flatMap((process) => process.id(offset) ?? []);
      return new Set(ids).size >= ids.length - Math.floor(ids.length / REPEATED);
    },
  };
}

/** The one process whose id is System's; null when there is none, or more. */
export function systemAmong(processes: readonly Specimen[], idAt: number): Specimen | null {
  const [system, other] = processes.filter((process) => process.id(idAt) === SYSTEM_ID);
  return system === undefined || other !== undefined ? null : system;
}

/** ImageFileName: characters of a name in every process, `System` in System. */
export function nameRule(system: Specimen): FieldRule<Specimen> {
  return {
    step: 1,
    judge(process, offset) {
      if (process === system) {
        const name = process.slice(offset, SYSTEM_NAME.length);
        return name === null ? 'silent' : name.equals(SYSTEM_NAME) ? 'fits' : 'contradicts';
      }
      const name = process.slice(offset, NAME_LENGTH);
      if (name === null) return 'silent';
      const end = name.indexOf(0);
      return end !== 0 && name.subarray(0, end < 0 ? NAME_LENGTH : end).every(isPrintable) ? 'fits' : 'contradicts';
    },
    holds: (offset) => system.slice(offset, SYSTEM_NAME.length)?.equals(SYSTEM_NAME) === true,
  };
}

const isPrintable = (byte: number): boolean => byte >= 0x20 && byte !== 0x7f;

/**
 * CreateTime: a time before the image was taken, later from process to process in the order of the list.
 * @param listed in the order of the list; none where there is no list
 */
export function createTimeRule(listed: readonly Specimen[], captured: Date): FieldRule<Specimen> {
  const latest = captured.getTime() + LIVE_ACQUISITION;
  return {
    step: 8,
    judge(process, offset) {
      const value = process.uint64(offset);
      if (value === null) return 'silent';
      const time = dateOfFileTime(value);
      return time !== undefined && time.getTime() <= latest ? 'fits' : 'contradicts';
    },
    holds(offset) {
      if (listed.length === 0) return true;
      const times = listed.flatMap((process) => process.uint64(offset) ?? []);
      const backward = times.filter((time, index) => index > 0 && time < times[index - 1]!);
      return times.length > 1 && backward.length <= times.length / REPEATED && times.some((time) => time !== times[0]);
    },
  };
}

/**
 * ExitTime: nothing in System and in what runs, else a time after the process was created. One at least has ended, and
 * more run than have: another time may stand in nearly all of them.
 */
export function exitTimeRule(
  system: Specimen,
  processes: readonly Specimen[],
  createTimeAt: number,
  captured: Date,
): FieldRule<Specimen> {
  const latest = captured.getTime() + LIVE_ACQUISITION;
  return {
    step: 8,
    judge(process, offset) {
      const value = process.uint64(offset);
      if (value === null || value === 0n) return 'silent';
      const time = dateOfFileTime(value);
      if (time === undefined || time.getTime() > latest) return 'contradicts';
      const created = dateOfFileTime(process.uint64(createTimeAt) ?? 0n);
      return created === undefined || time >= created ? 'fits' : 'contradicts';
    },
    holds(offset) {
      const times = processes.flatMap((process) => process.uint64(offset) ?? []);
      const ended = times.filter((time) => time !== 0n).length;
      return offset !== createTimeAt && system.uint64(offset) === 0n && ended * 2 < times.length;
    },
  };
}

/** What rules need to know of the processes before they judge parents. */
export interface KnownIds {
  readonly system: Specimen;
  readonly specimens: readonly Specimen[];
  readonly idAt: number;
  /** Every id that is known, also of processes that are not looked at. */
  readonly ids: ReadonlySet<number>;
}

/**
 * InheritedFromUniqueProcessId: the id of a process that is there, or was. System has no parent; it is one itself, and
 * not the only one.
 */
export function parentRule({ system, specimens: processes, idAt, ids }: KnownIds, step: number): FieldRule<Specimen> {
  return {
    step,
    judge(process, offset) {
      if (process === system) return 'silent';
      const parent = process.id(offset);
      if (parent === null) return process.pointer(offset) === null ? 'silent' : 'contradicts';
      if (parent === 0) return 'silent';
      if (parent % ID_STEP !== 0 || parent >= MAX_ID || parent === process.id(idAt)) return 'contradicts';
      return ids.has(parent) ? 'fits' : 'silent';
    },
    holds(offset) {
      if (offset === idAt || system.id(offset) !== 0) return false;
      const parents = processes.flatMap((process) => process.id(offset) ?? []).filter((parent) => parent !== 0);
      const there = parents.filter((parent) => ids.has(parent));
      return there.includes(SYSTEM_ID) && new Set(there).size > 1 && there.length * 2 >= parents.length;
    },
  };
}

/** No process has more threads. */
const MAX_THREADS = 1 << 16;

/** ActiveThreads, where no list of threads shows how many there are: some in System and in what runs. */
export function activeThreadsRule(exitTimeAt: number | null): FieldRule<Specimen> {
  return {
    step: 4,
    judge(process, offset) {
      const count = process.uint32(offset);
      if (count === null || exitTimeAt === null || process.uint64(exitTimeAt) !== 0n) return 'silent';
      return count > 0 && count <= MAX_THREADS ? 'fits' : 'contradicts';
    },
  };
}
