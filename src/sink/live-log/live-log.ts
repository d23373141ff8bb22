import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { POOL_TAG_LIVE } from '../../record/schema/record-types.js';
import { type Row, SCHEMA_VERSION, type Value } from '../../record/schema/record-type.js';
import { decodeWindowsText } from '../../windows-text.js';
import { damaged, readFailed, type ReadRecords, type RecordOrigin } from '../read/record-reader.js';
import { isPlainCsvHeader, plainCsvSnapshots } from './plain-csv.js';
import { POOLMON_HEADINGS, poolmonSnapshots } from './poolmon.js';
import { POOLUSED_HEADINGS, poolusedSnapshots } from './poolused.js';
import type { LiveCounts, LiveLog, LiveTag, NumberedLine, Snapshot } from './snapshot.js';

/** A day of poolmon at one snapshot a minute has 100 MiB; more is some other file. */
const MAX_LOG = 256 << 20;
/** Files of our own records are no logs, not even where their header is damaged. */
const OWN_COLUMNS = /schema_version|image_id|image_path|located_by|kernel_guid/;
/** The headings stand among the first lines, after what a console shows before them. */
const MAX_LINES_BEFORE = 10_000;

/** Which tool wrote a text, by its headings; null for any other text. */
export function toolOfLog(text: string): LiveLog['tool'] | null {
  const lines = text.split(/\r\n|\n|\r/, MAX_LINES_BEFORE);
  if (isPlainCsvHeader(lines[0] ?? '') && !OWN_COLUMNS.test(lines[0]!)) return 'csv';
  for (const line of lines) {
    if (POOLMON_HEADINGS.test(line)) return 'poolmon';
    if (POOLUSED_HEADINGS.test(line)) return 'poolused';
  }
  return null;
}

/** What a live tool's text shows; null for any other text. */
export function parseLiveLog(text: string): LiveLog | null {
  const tool = toolOfLog(text);
  if (tool === null) return null;
  const malformed: number[] = [];
  if (tool === 'csv') {
    const snapshots = plainCsvSnapshots(text, malformed);
    return snapshots === null ? null : { tool, snapshots, malformed };
  }
  const lines = text.split(/\r\n|\n|\r/).map((line, index): NumberedLine => [line.trimEnd(), index + 1]);
  const parse = tool === 'poolmon' ? poolmonSnapshots : poolusedSnapshots;
  return { tool, snapshots: parse(lines, malformed), malformed };
}

/**
 * The key of a tag as it is shown; null where a character may stand for a byte that cannot be printed: tools show a dot,
 * or what the console makes of it.
 */
function keyOf(tag: string): number | null {
  const bytes = Buffer.from(tag.padEnd(4), 'latin1');
  return /^[\x20-\x7e]{1,4}$/.test(tag) && !tag.includes('.') ? bytes.readUInt32LE(0) : null;
}

function countColumns(pool: 'nonpaged' | 'paged', counts: LiveCounts): Row {
  return {
    [`${pool}_allocs`]: counts.allocs,
    [`${pool}_frees`]: counts.frees,
    [`${pool}_outstanding`]: counts.outstanding,
    [`${pool}_bytes`]: counts.bytes,
  };
}

function tagColumns({ tag, nonPaged, paged, driver, description }: LiveTag): Row {
  return {
    tag: keyOf(tag) === null ? tag : tag.padEnd(4),
    key: keyOf(tag),
    ...countColumns('nonpaged', nonPaged),
    ...countColumns('paged', paged),
    driver,
    description,
  };
}

/** Which time a snapshot is of, and who says so: the log, the command, or, where the log has one alone, its file. */
function timeColumns({ capturedAt }: Snapshot, count: number, { capturedAt: given, modifiedAt }: RecordOrigin): Row {
  const times: readonly (readonly [source: string, time: number | null | undefined])[] = [
    ['log', capturedAt],
    ['given', count === 1 ? given : null],
    ['file', count === 1 ? modifiedAt : null],
  ];
  const [source, time] = times.find(([, each]) => typeof each === 'number') ?? [null, null];
  return { captured_at: time ?? null, captured_at_source: source };
}

function* rowsOf(log: LiveLog, text: string, name: string, origin: RecordOrigin): Generator<Row> {
  const labels = origin.labels ?? {};
  for (const [index, snapshot] of log.snapshots.entries()) {
    const id = createHash('sha256').update(`${log.tool} ${index}\n${text}`).digest('hex').slice(0, 32);
    const common: Record<string, Value> = {
      schema_version: SCHEMA_VERSION,
      image_id: id,
      image_path: name,
      system: null,
      host: snapshot.host ?? labels['host'] ?? null,
      labels: Object.keys(labels).length === 0 ? null : JSON.stringify(labels),
      ...timeColumns(snapshot, log.snapshots.length, origin),
      tool: log.tool,
      snapshot: index,
      complete: snapshot.isWhole,
    };
    for (const tag of snapshot.tags) yield { ...common, ...tagColumns(tag) };
  }
}

async function textOf(stream: Readable, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_LOG) throw damaged(name, 'length', `expected at most ${MAX_LOG} bytes of a log`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw readFailed(name, 'text', error);
  }
  return decodeWindowsText(Buffer.concat(chunks));
}

/**
 * What poolmon, !poolused or a simple CSV says of a live machine, as pool_tag_live records. What the tool does not show
 * is null.
 */
export const readLiveLog: ReadRecords = async (input, origin = {}) => {
  const text = await textOf(input.open(), input.name);
  const log = parseLiveLog(text);
  if (log === null)
    throw damaged(
      input.name,
      'headings',
      "expected those of poolmon (Tag Type Allocs Frees Diff), of WinDbg's !poolused (Tag Allocs Used), or a CSV with a column tag; found none",
    );
  if (log.malformed.length > 0)
    throw damaged(
      input.name,
      `line ${log.malformed[0]}`,
      `expected a tag and its counts as ${log.tool} shows them; ${log.malformed.length} lines are none`,
      'cut out what is not part of the log',
    );
  async function* rows(): AsyncGenerator<Row> {
    yield* rowsOf(log!, text, input.name, origin);
  }
  return { recordType: POOL_TAG_LIVE, rows: rows() };
};
