import { type DoubtSummary, summarizeDoubts } from '../../pool/proof/proof.js';
import type { ScanResult, TablesFound } from '../../scan/scan-result.js';
import type { Row } from '../schema/record-type.js';
import { identityRow } from './image-row.js';

const UNREAD = 'pages-missing';
const NOWHERE = { processor: null, first_slot: null, last_slot: null };

/**
 * `image_warning` rows: every doubt with the slots that it concerns, then the warnings that concern no counts. What was
 * not read comes table by table, so that it can be told whose it was.
 */
export function* warningRows(result: ScanResult): Generator<Row> {
  const identity = identityRow(result);
  const unread = result.tables === null ? [] : [...unreadRows(result.tables)];
  const doubts = summarizeDoubts(result.doubts);
  for (const row of unread) yield { ...identity, ...row, count: unread.length };
  for (const doubt of doubts) {
    if (doubt.code === UNREAD && doubt.table === undefined && unread.length > 0) continue;
    for (const row of doubtRows(doubt)) yield { ...identity, ...row };
  }
  const told = new Set<string>(doubts.map(({ code }) => code));
  const others = result.warnings.filter(({ code }) => !told.has(code));
  for (const { code, message } of others) {
    const count = others.filter((other) => other.code === code).length;
    yield { ...identity, ...NOWHERE, code, message, scope: 'none', count };
  }
}

function* unreadRows({ processorTables }: TablesFound): Generator<Row> {
  for (const { processor, unread } of processorTables) {
    const whose = processor === null ? "a processor's" : `processor ${processor}'s`;
    for (const { first, last } of unread) {
      const message = `entries ${first} to ${last} of ${whose} table were not read`;
      yield { code: UNREAD, message, scope: 'slots', processor, first_slot: first, last_slot: last };
    }
  }
}

function doubtRows({ code, message, count, slots, table }: DoubtSummary): Row[] {
  if (slots === null || table === 'expansion') return [{ code, message, scope: table ?? 'all', ...NOWHERE, count }];
  return slots.map(([first, last]) => ({
    code,
    message,
    scope: 'slots',
    processor: null,
    first_slot: first,
    last_slot: last,
    count,
  }));
}
