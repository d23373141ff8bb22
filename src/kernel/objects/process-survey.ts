import type { VirtualAddress } from '../../address.js';
import { MAX_PROCESSES } from './process-lists.js';
import type { ProcessHandles } from './process-handles.js';
import type { Process, ProcessReader } from './process-reader.js';
import type { SessionProcesses } from './session-processes.js';
import type { Sighting } from './object-count.js';

/** The five ways to find processes, as Rekall's pslist names them. */
export const PROCESS_METHODS = ['PsActiveProcessHead', 'CSRSS', 'PspCidTable', 'Sessions', 'Handles'] as const;
/** A way to find processes. */
export type ProcessMethod = (typeof PROCESS_METHODS)[number];

/** What each method found, or why it is not available; left out while it was not tried. */
export type ProcessSightings = Readonly<Partial<Record<ProcessMethod, Sighting | string>>>;

/** Which processes which method saw. */
export class ProcessSurvey {
  /** @param sightings of the methods that do not start from known processes */
  constructor(
    private readonly reader: ProcessReader,
    public sightings: ProcessSightings,
  ) {}

  /** Every process that any method saw. */
  async processes(): Promise<Process[]> {
    const addresses = new Set<VirtualAddress>();
    for (const sighting of Object.values(this.sightings)) {
      if (typeof sighting !== 'string') for (const address of sighting.found) addresses.add(address);
    }
    const processes: Process[] = [];
    for (const address of addresses) {
      const process = await this.reader.read(address);
      if (typeof process !== 'string') processes.push(process);
    }
    return processes;
  }

  /** Follows every process's handles and session; what these lead to is followed in turn. */
  async follow(handles: ProcessHandles | string, sessions: SessionProcesses | string): Promise<void> {
    const done = new Set<VirtualAddress>();
    const sources = [
      ...(typeof handles === 'string' ? [] : [handles.byType.Process.found]),
      ...(typeof sessions === 'string' ? [] : [sessions.sighting.found]),
    ];
    let waiting: Process[] = await this.processes();
    while (waiting.length > 0 && done.size < MAX_PROCESSES) {
      for (const process of waiting) {
        done.add(process.address);
        if (typeof handles !== 'string') await handles.take(process);
        if (typeof sessions !== 'string') await sessions.take(process);
      }
      waiting = await this.unfollowed(sources, done);
    }
    this.sightings = {
      ...this.sightings,
      Handles: typeof handles === 'string' ? handles : (handles.unavailable() ?? withTally(handles)),
      CSRSS: typeof handles === 'string' ? handles : (handles.csrssUnavailable() ?? handles.csrss),
      Sessions: typeof sessions === 'string' ? sessions : (sessions.unavailable() ?? sessions.sighting),
    };
  }

  private async unfollowed(
    sources: readonly ReadonlySet<VirtualAddress>[],
    done: ReadonlySet<VirtualAddress>,
  ): Promise<Process[]> {
    const fresh: Process[] = [];
    for (const address of new Set(sources.flatMap((found) => [...found]))) {
      if (done.has(address)) continue;
      const process = await this.reader.read(address);
      if (typeof process !== 'string') fresh.push(process);
    }
    return fresh;
  }

  /** Which methods saw a process; null where a method is not available. */
  seenBy(address: VirtualAddress): Record<ProcessMethod, boolean | null> {
    const saw = (method: ProcessMethod): boolean | null => {
      const sighting = this.sightings[method];
      return sighting === undefined || typeof sighting === 'string' ? null : sighting.found.has(address);
    };
    return {
      PsActiveProcessHead: saw('PsActiveProcessHead'),
      CSRSS: saw('CSRSS'),
      PspCidTable: saw('PspCidTable'),
      Sessions: saw('Sessions'),
      Handles: saw('Handles'),
    };
  }

  /** How many of the processes that a method saw have ended; null where it is not available, or cannot be told. */
  terminated(method: ProcessMethod, processes: readonly Process[]): number | null {
    const sighting = this.sightings[method];
    if (sighting === undefined || typeof sighting === 'string') return null;
    if (processes.some(({ exitTime }) => exitTime === undefined)) return null;
    return processes.filter(({ address, exitTime }) => exitTime !== null && sighting.found.has(address)).length;
  }
}

/** Processes found by handles, with the count of what could not be read in any table. */
function withTally({ byType, tally }: ProcessHandles): Sighting {
  byType.Process.tally.add(tally);
  return byType.Process;
}
