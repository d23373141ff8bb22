import { hex } from '../../address.js';
import { isMissing } from '../../errors.js';
import { type HeldObject, type SeenProcess, tagOfType } from '../../kernel/objects/objects.js';
import type { ScanResult } from '../../scan/scan-result.js';
import type { Row } from '../schema/record-type.js';
import { identityRow } from './image-row.js';
import { tagColumns } from './object-ways.js';
import { tagFilter, type TagSelection } from './tag-selection.js';

/** Holders that are named; those with most handles. */
const MAX_NAMED = 64;

/** `csrss.exe (400) x1`, most handles first. */
function holdersText({ holders }: HeldObject): string {
  const sorted = [...holders].sort(([a, x], [b, y]) => y - x || a.pid - b.pid);
  return JSON.stringify(sorted.slice(0, MAX_NAMED).map(([{ name, pid }, handles]) => `${name} (${pid}) x${handles}`));
}

const UNKNOWN_HOLDERS = { handles: null, holding_processes: null, holders: null };

function holderColumns(object: HeldObject) {
  return {
    handles: [...object.holders.values()].reduce((sum, handles) => sum + handles, 0),
    holding_processes: object.holders.size,
    holders: holdersText(object),
  };
}

function stateText({ isExited }: HeldObject): string | null {
  return isExited === null ? null : isExited ? 'exited' : 'running';
}

/** Names of parents: the process with that id, unless it was created later, and the id given to it anew. */
class Parents {
  private readonly byId = new Map<number, SeenProcess[]>();

  constructor(processes: readonly SeenProcess[]) {
    for (const process of processes) this.byId.set(process.pid, [...(this.byId.get(process.pid) ?? []), process]);
  }

  nameOf({ process }: HeldObject): string | null {
    const created = process?.createTime?.getTime() ?? Infinity;
    const found = process === null ? [] : (this.byId.get(process.ppid) ?? []);
    return found.find(({ createTime }) => (createTime?.getTime() ?? 0) <= created)?.name ?? null;
  }
}

/** `object_holder` rows of the tags that are selected, tag by tag; none where objects cannot be enumerated. */
export async function* objectHolderRows(result: ScanResult, selection: TagSelection = {}): AsyncGenerator<Row> {
  if (isMissing(result.objects)) return;
  const isWanted = tagFilter(selection);
  const { held, processes } = await result.objects.objects();
  const found = await held((type) => isWanted(tagOfType(type)));
  if (isMissing(found)) return;
  const identity = identityRow(result);
  const parents = new Parents(processes);
  const types = [...found.types].sort((a, b) => (tagOfType(a.name) < tagOfType(b.name) ? -1 : 1));
  for (const { name: type, count, objects } of types) {
    const tag = tagOfType(type);
    const ofTag = tagColumns(result.totals, tag);
    for (const object of objects) {
      yield {
        ...identity,
        tag,
        object_type: type,
        address: hex(object.address),
        name: object.process?.name ?? null,
        pid: object.process?.pid ?? null,
        ppid: object.process?.ppid ?? null,
        parent_name: parents.nameOf(object),
        state: stateText(object),
        ...(found.holdersMissing === null ? holderColumns(object) : UNKNOWN_HOLDERS),
        ...ofTag,
        type_objects: count,
      };
    }
  }
}
