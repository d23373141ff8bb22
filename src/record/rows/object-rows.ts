import { hex } from '../../address.js';
import { isMissing } from '../../errors.js';
import {
  notAvailable,
  OBJECT_KINDS,
  type ObjectCount,
  type ObjectKind,
  type ProcessMethod,
  type SeenProcess,
  tagOfType,
} from '../../kernel/objects/objects.js';
import { isProtected, tagName } from '../../pool/table/tag-name.js';
import { doubtOfAll } from '../../scan/image-doubts.js';
import type { ScanResult } from '../../scan/scan-result.js';
import type { RecordType, Row } from '../schema/record-type.js';
import { BIGPOOL, OBJECT_HOLDER, POOL_TAG_SESSION, PROCESS } from '../schema/record-types.js';
import { identityRow } from './image-row.js';
import { tagColumns, workingCounts } from './object-ways.js';
import { tagFilter, type TagSelection } from './tag-selection.js';

/** `object_count` rows; where only the tables were found, each row says why its kind is not available. */
export async function* objectCountRows(result: ScanResult): AsyncGenerator<Row> {
  const { objects, totals } = result;
  const counts = isMissing(objects) ? withoutCounts(objects.missing) : workingCounts(await objects.objects(), totals);
  const identity = identityRow(result);
  const doubt = doubtOfAll(result.doubts);
  for (const count of counts) {
    const tag = OBJECT_KINDS[count.kind];
    const ofTag = tagColumns(totals, tag);
    const { tag_outstanding: outstanding } = ofTag;
    yield {
      ...identity,
      ...count,
      reason: count.reason ?? doubt,
      available: count.found !== null,
      tag,
      ...ofTag,
      difference: count.found === null || outstanding === null ? null : BigInt(count.found) - outstanding,
    };
  }
}

function withoutCounts(reason: string): ObjectCount[] {
  return Object.keys(OBJECT_KINDS).map((kind) => notAvailable(kind as ObjectKind, 'any', reason));
}

/** @param failed ways of finding processes that did not work: what they did not see says nothing */
function processColumns(process: SeenProcess, failed: ReadonlySet<string>): Row {
  const seenBy = (method: ProcessMethod): boolean | null => (failed.has(method) ? null : process.seenBy[method]);
  return {
    address: hex(process.address),
    pid: process.pid,
    ppid: process.ppid,
    name: process.name,
    create_time: process.createTime?.getTime() ?? null,
    exit_time: process.exitTime?.getTime() ?? null,
    session: process.sessionId === null ? null : process.sessionId | 0,
    page_table_root: process.pageTableRoot === undefined ? null : hex(process.pageTableRoot),
    threads: process.activeThreads ?? null,
    handles: process.handles,
    seen_by_psactiveprocesshead: seenBy('PsActiveProcessHead'),
    seen_by_pspcidtable: seenBy('PspCidTable'),
    seen_by_csrss: seenBy('CSRSS'),
    seen_by_sessions: seenBy('Sessions'),
    seen_by_handles: seenBy('Handles'),
  };
}

/** `process` rows, by id; none where only the tables were found. */
export async function* processRows(result: ScanResult): AsyncGenerator<Row> {
  if (isMissing(result.objects)) return;
  const identity = identityRow(result);
  const objects = await result.objects.objects();
  const failed = workingCounts(objects, result.totals).filter(
    ({ kind, found }) => kind === 'process' && found === null,
  );
  const methods = new Set(failed.map(({ method }) => method));
  for (const process of objects.processes) yield { ...identity, ...processColumns(process, methods) };
}

/** `bigpool` rows in table order, read on demand; none where the table cannot be read. */
export async function* bigpoolRows(result: ScanResult, selection: TagSelection = {}): AsyncGenerator<Row> {
  const { objects } = result;
  if (isMissing(objects) || isMissing(objects.bigPages)) return;
  const identity = identityRow(result);
  const isWanted = tagFilter(selection);
  for await (const { address, key, bytes, poolType, free } of objects.bigPages.entries()) {
    if (!isWanted(tagName(key))) continue;
    yield {
      ...identity,
      address: hex(address),
      tag: tagName(key),
      key,
      protected: isProtected(key),
      bytes: BigInt.asIntN(64, bytes),
      pool_type: poolType,
      free,
    };
  }
}

/** The kinds whose rows are read from the kernel's objects. */
const OF_OBJECTS: readonly string[] = [BIGPOOL, PROCESS, OBJECT_HOLDER, POOL_TAG_SESSION].map(({ name }) => name);

/**
 * Why a record type's rows are missing or incomplete: what could not be read, or was left out; null when they are
 * complete.
 * @param selection of the rows
 */
export async function shortfall(
  recordType: RecordType,
  { objects, doubts }: ScanResult,
  selection: TagSelection = {},
): Promise<string | null> {
  if (!OF_OBJECTS.includes(recordType.name)) return null;
  const reasons = [doubtOfAll(doubts), await unreadOf(recordType, objects, selection)];
  return reasons.filter((one) => one !== null).join('; ') || null;
}

async function unreadOf(
  { name }: RecordType,
  objects: ScanResult['objects'],
  selection: TagSelection,
): Promise<string | null> {
  if (isMissing(objects)) return objects.missing;
  if (name === POOL_TAG_SESSION.name) {
    const pools = await objects.sessionPools();
    return isMissing(pools) ? pools.missing : pools.notes.join('; ') || null;
  }
  if (name === OBJECT_HOLDER.name) {
    const { counts, held: ask } = await objects.objects();
    const isWanted = tagFilter(selection);
    const held = await ask((type) => isWanted(tagOfType(type)));
    if (isMissing(held)) return held.missing;
    const holders =
      held.holdersMissing === null ? null : `who has handles to them is not known: ${held.holdersMissing}`;
    const tables = held.unreadable > 0 ? held : counts.find(({ kind }) => kind === 'handle_table');
    const unread =
      (tables?.unreadable ?? 0) === 0
        ? null
        : `${tables!.unreadable} parts of handle tables could not be read, the first: ${tables!.reason}`;
    return [held.leftOut, holders ?? unread].filter((one) => one !== null).join('; ') || null;
  }
  if (name === PROCESS.name) {
    const { processes, counts } = await objects.objects();
    return processes.length > 0 ? null : (counts.find(({ kind }) => kind === 'process')?.reason ?? null);
  }
  if (isMissing(objects.bigPages)) return objects.bigPages.missing;
  const { pagesMissing } = objects.bigPages;
  return pagesMissing === 0 ? null : `${pagesMissing} pages of PoolBigPageTable are missing`;
}
