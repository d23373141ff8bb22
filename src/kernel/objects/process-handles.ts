import { hex, type VirtualAddress } from '../../address.js';
import type { HandleTables } from './handle-table.js';
import type { TypeDecoder } from './object-types.js';
import type { Process, ProcessReader } from './process-reader.js';
import { Sighting, Tally } from './object-count.js';

/** Types of objects that are looked for among the handles, as the kernel names them. */
export const HANDLE_TYPES = ['Process', 'Thread', 'Token', 'File', 'Key'] as const;
export type HandleType = (typeof HANDLE_TYPES)[number];

/**
 * CSRSS has a handle to every process that it was notified of: all but System, smss.exe and those started before it.
 */
const CSRSS = 'csrss.exe';

/** What the handle tables of processes lead to. */
export class ProcessHandles {
  readonly byType: Readonly<Record<HandleType, Sighting>> = {
    Process: new Sighting(),
    Thread: new Sighting(),
    Token: new Sighting(),
    File: new Sighting(),
    Key: new Sighting(),
  };
  readonly csrss = new Sighting();
  readonly tally = new Tally();
  /** Handle tables, each with the allocations it takes: the structure and its pages. */
  tables = 0;
  allocations = 0;
  private readonly seenTables = new Set<VirtualAddress>();
  private readonly counts = new Map<VirtualAddress, number>();
  private csrssProcesses = 0;
  private csrssTables = 0;
  private processes = 0;
  private tablesRead = 0;

  constructor(
    private readonly handleTables: HandleTables,
    private readonly types: TypeDecoder | string,
    private readonly reader: ProcessReader,
  ) {}

  /** Walks one process's table. */
  async take(process: Process): Promise<void> {
    const { objectTable: table } = process;
    const isCsrss = process.name.toLowerCase() === CSRSS;
    this.processes++;
    if (isCsrss) this.csrssProcesses++;
    if (table === undefined || table === 0n || this.seenTables.has(table)) return;
    this.seenTables.add(table);
    this.tables++;
    const walk = this.handleTables.walk(table);
    const lost = new Tally();
    for await (const { object } of walk.entries()) {
      if (typeof this.types !== 'string') await this.sight(object, isCsrss, this.types, lost);
    }
    this.allocations += 1 + walk.pages;
    if (walk.pages > 0) this.tablesRead++;
    if (walk.pages > 0 && isCsrss) this.csrssTables++;
    const count = walk.tally.unreadable === 0 ? walk.entriesFound : await this.handleTables.claimedCount(table);
    if (count !== null) this.counts.set(process.address, count);
    lost.add(walk.tally);
    this.tally.add(lost);
    if (isCsrss) this.csrss.tally.add(lost);
  }

  private async sight(header: VirtualAddress, isCsrss: boolean, types: TypeDecoder, lost: Tally): Promise<void> {
    const type = await types.typeOf(header);
    if (type === undefined) return lost.miss(`the object header at ${hex(header)} is missing`);
    const wanted = HANDLE_TYPES.find((name) => name === type);
    if (wanted === undefined) return;
    const object = types.body(header);
    if (wanted === 'Process') {
      const process = await this.reader.read(object);
      if (typeof process === 'string') return lost.miss(process);
      if (isCsrss) this.csrss.add(object);
    }
    this.byType[wanted].add(object);
  }

  /**
   * How many handles a process has in use: counted, or taken from the table's own count where a page of it is missing;
   * null when it has no table.
   */
  handlesOf(process: VirtualAddress): number | null {
    return this.counts.get(process) ?? null;
  }

  /** Why the method Handles is not available; null when it is. */
  unavailable(): string | null {
    if (this.tables === 0) return `none of ${this.processes} processes has a handle table`;
    if (this.tablesRead === 0)
      return `none of ${this.tables} handle tables could be read: ${this.tally.reason ?? 'all are empty'}`;
    return typeof this.types === 'string' ? this.types : null;
  }

  /** Why the method CSRSS is not available; null when it is. */
  csrssUnavailable(): string | null {
    if (this.csrssProcesses === 0) return `no process is named ${CSRSS}`;
    if (this.csrssTables === 0) return this.csrss.tally.reason ?? `${CSRSS} has no handle table`;
    return typeof this.types === 'string' ? this.types : null;
  }
}
