import { hex } from '../../address.js';
import { OBJECT_KINDS, type ObjectCount } from '../../kernel/objects/object-count.js';
import type { SeenProcess } from '../../kernel/objects/objects.js';
import { isProtected, tagName } from '../../pool/table/tag-name.js';
import type { TagTotal } from '../../pool/table/tag-totals.js';
import type { DecodedImage } from '../../scan/scan-result.js';
import { identityRow } from '../../scan/scan-result.js';
import type { Row } from '../schema/record-type.js';
import { tagFilter, type TagSelection } from './tag-selection.js';

const CARVED = 'not available: the tables were carved, and carving knows no addresses';

/** Outstanding allocations of a tag in both pools, with and without PROTECTED_POOL; null when no table has it. */
function outstandingOf(totals: readonly TagTotal[], tag: string): bigint | null {
  const found = totals.filter(({ key }) => tagName(key) === tag);
  if (found.length === 0) return null;
  return found.reduce((sum, total) => sum + total.nonPagedOutstanding + total.pagedOutstanding, 0n);
}

/** `object_count` rows; for carved tables each kind says that it is not available. */
export async function* objectCountRows({ walked, facts, imageId, totals }: DecodedImage): AsyncGenerator<Row> {
  const counts = walked === undefined ? Object.keys(OBJECT_KINDS).map(carvedCount) : (await walked.objects()).counts;
  const identity = identityRow(facts, imageId);
  for (const count of counts) {
    const tag = OBJECT_KINDS[count.kind];
    const outstanding = outstandingOf(totals, tag);
    yield {
      ...identity,
      ...count,
      available: count.found !== null,
      tag,
      tag_outstanding: outstanding,
      difference: count.found === null || outstanding === null ? null : BigInt(count.found) - outstanding,
    };
  }
}

function carvedCount(kind: string): ObjectCount {
  return {
    kind: kind as ObjectCount['kind'],
    method: 'any',
    found: null,
    terminated: null,
    unreadable: null,
    reason: CARVED,
  };
}

function processColumns(process: SeenProcess): Row {
  const { seenBy } = process;
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
    seen_by_psactiveprocesshead: seenBy.PsActiveProcessHead,
    seen_by_pspcidtable: seenBy.PspCidTable,
    seen_by_csrss: seenBy.CSRSS,
    seen_by_sessions: seenBy.Sessions,
    seen_by_handles: seenBy.Handles,
  };
}

/** `process` rows, by id; none where only carving was possible. */
export async function* processRows({ walked, facts, imageId }: DecodedImage): AsyncGenerator<Row> {
  if (walked === undefined) return;
  const identity = identityRow(facts, imageId);
  for (const process of (await walked.objects()).processes) yield { ...identity, ...processColumns(process) };
}

/** `bigpool` rows in table order, read as they are asked for; none where the table cannot be read. */
export async function* bigpoolRows(
  { walked, facts, imageId }: DecodedImage,
  selection: TagSelection = {},
): AsyncGenerator<Row> {
  if (walked === undefined || typeof walked.bigPages === 'string') return;
  const identity = identityRow(facts, imageId);
  const isWanted = tagFilter(selection);
  for await (const { address, key, bytes, poolType, free } of walked.bigPages.entries()) {
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

/** Why a record type has no rows, or not all: what could not be read; null when nothing is amiss. */
export async function shortfall(recordType: string, { walked }: DecodedImage): Promise<string | null> {
  if (recordType === 'bigpool') {
    if (walked === undefined) return CARVED;
    if (typeof walked.bigPages === 'string') return walked.bigPages;
    const { pagesMissing } = walked.bigPages;
    return pagesMissing === 0 ? null : `${pagesMissing} pages of PoolBigPageTable are missing`;
  }
  if (recordType !== 'process') return null;
  if (walked === undefined) return CARVED;
  const { processes, counts } = await walked.objects();
  return processes.length > 0 ? null : (counts.find(({ kind }) => kind === 'process')?.reason ?? null);
}
