import { hex, virtualAddress, type VirtualAddress } from '../../address.js';
import { walkRing } from '../../memory/structures.js';
import { readCached, type VirtualMemory } from '../../memory/virtual-memory.js';
import { MAX_PROCESSES } from './process-lists.js';
import type { KernelLayout } from '../symbols/symbols.js';
import type { Process, ProcessReader } from './process-reader.js';
import { Sighting } from './object-count.js';

type Offsets = Readonly<Record<'SessionId' | 'ProcessList' | 'SessionProcessLinks', number>>;

/** More sessions than any terminal server holds. */
const MAX_SESSIONS = 1 << 12;

/** The processes that each session's own list names: MM_SESSION_SPACE.ProcessList through EPROCESS.SessionProcessLinks. */
export class SessionProcesses {
  readonly sighting = new Sighting();
  private readonly ids = new Map<VirtualAddress, number | null>();
  private processes = 0;
  private membersLeft = MAX_PROCESSES;

  private constructor(
    private readonly memory: VirtualMemory,
    private readonly reader: ProcessReader,
    private readonly offsets: Offsets,
  ) {}

  /** The method, or why there is none for this build. */
  static of(memory: VirtualMemory, layout: KernelLayout, reader: ProcessReader): SessionProcesses | string {
    const session = layout.fields('sessionSpace', 'SessionId', 'ProcessList');
    const process = layout.fields('eprocess', 'Session', 'SessionProcessLinks');
    if (typeof session === 'string') return session;
    return typeof process === 'string' ? process : new SessionProcesses(memory, reader, { ...session, ...process });
  }

  /** Walks the session that a process belongs to, unless that was walked before. */
  async take(process: Process): Promise<void> {
    const { session } = process;
    this.processes++;
    if (session === undefined || session === 0n || this.ids.has(session)) return;
    if (this.ids.size >= MAX_SESSIONS)
      return this.sighting.tally.miss(`more than ${MAX_SESSIONS} sessions: the rest is not walked`);
    this.ids.set(session, null);
    for (const memory of this.memoriesOf(process)) {
      const id = memory.pageTable.isKernelAddress(session)
        ? await readCached(memory, virtualAddress(session + BigInt(this.offsets.SessionId)), 4)
        : null;
      if (id === null) continue;
      this.ids.set(session, id.readUInt32LE());
      return this.walk(memory, session);
    }
    this.sighting.tally.miss(`the session space at ${hex(session)} of ${process.name} (${process.pid}) is missing`);
  }

  /** Session space may be mapped for the session's own processes only. */
  private *memoriesOf({ pageTableRoot }: Process): Generator<VirtualMemory> {
    yield this.memory;
    if (pageTableRoot !== undefined) yield this.memory.withRoot(pageTableRoot);
  }

  private async walk(memory: VirtualMemory, session: VirtualAddress): Promise<void> {
    const ring = await walkRing(memory, virtualAddress(session + BigInt(this.offsets.ProcessList)), this.membersLeft);
    this.membersLeft -= ring.entries.length;
    for (const entry of ring.entries) {
      const process = await this.reader.read(virtualAddress(entry - BigInt(this.offsets.SessionProcessLinks)));
      if (typeof process === 'string') this.sighting.tally.miss(process);
      else this.sighting.add(process.address);
    }
    if (!ring.whole)
      this.sighting.tally.miss(`the process list of the session at ${hex(session)} does not lead back to its head`);
  }

  /** A process's session; null when it is in none, or it could not be read. */
  idOf({ session }: Process): number | null {
    return session === undefined ? null : (this.ids.get(session) ?? null);
  }

  /** Why the method is not available; null when it is. */
  unavailable(): string | null {
    if (this.ids.size === 0) return `none of ${this.processes} processes is in a session`;
    const walked = [...this.ids.values()].some((id) => id !== null);
    return walked ? null : this.sighting.tally.reason;
  }
}
