import { Readable } from 'node:stream';
import { matchesComponent } from '../../../../src/dataset/images/glob.js';
import { LabelRules } from '../../../../src/dataset/images/labels.js';
import { checkJob } from '../../../../src/dataset/queue/job-check.js';
import { parseQueue } from '../../../../src/dataset/queue/work-queue.js';
import { Journal } from '../../../../src/dataset/store/journal.js';
import type { DatasetStore } from '../../../../src/dataset/store/store.js';
import { messageOf, PoolTrackerError } from '../../../../src/errors.js';
import { parsePooltag } from '../../../../src/pool/tag-names/pooltag-file.js';
import { recordTypeNamed } from '../../../../src/record/schema/record-types.js';
import { readCsv } from '../../../../src/sink/csv/reader.js';
import { readNdjson, readNdjsonGzip } from '../../../../src/sink/ndjson/reader.js';
import type { ReadRecords } from '../../../../src/sink/read/record-reader.js';
import { parseContentRange } from '../../../../src/source/remote/remote-object.js';
import { retryAfter } from '../../../../src/source/remote/retry.js';
import { gzipSync } from 'node:zlib';
import { atPath } from '../case-file.js';
import type { CaseSource } from '../case-source.js';
import type { FuzzTarget } from '../fuzz-target.js';

const LABELS = 'path,host\r\na.raw,"web,01"\r\n"b ""x""",web02\r\n'.repeat(5);
const JSON_LABELS = '{"path":"a.raw","host":"web01","n":1,"x":null}\n'.repeat(5);
const POOLTAG = 'rem\nProc - nt!ps - Process objects\nNt?x - ntfs.sys - x\nAb* -  - <unknown>\n'.repeat(5);

const IMAGE_ENTRY = {
  type: 'image',
  at: 1,
  source: '/a.raw',
  version: null,
  status: 'ok',
  imageId: '0a',
  folder: 'date=2024-01-01',
  records: ['pool_tag'],
};
const COMPACTION_ENTRY = {
  type: 'compaction',
  at: 2,
  id: 'x',
  owner: 'host-1',
  state: 'begun',
  inputs: ['pool_tag/date=2024-01-01/part-0a.parquet'],
  outputs: ['pool_tag/date=2024-01-01/compact-0b.parquet'],
  record: 'pool_tag',
  folder: 'date=2024-01-01',
  images: ['0a'],
};
const JOB = {
  image: { location: '/dumps/a.raw', source: '/dumps/a.raw', found: false, version: null },
  labels: { host: 'web01' },
  ingest: { out: '/lake', records: ['pool_tag'], partition: ['date'], scan: { symbolPath: 'srv*/dumps' }, sink: {} },
  timeoutMs: 1000,
};

/** Lines of records, the columns of one type with plain values. */
function recordLines(): string {
  const { columns } = recordTypeNamed('pool_tag');
  const values = { string: 'Proc', int64: 1, bool: true, timestamp: '2024-01-01T00:00:00.000Z' } as const;
  const row = columns.map(({ name, type }) => [name, (values as Record<string, unknown>)[type] ?? 1]);
  return `${JSON.stringify(Object.fromEntries(row))}\n`.repeat(3);
}

function csvLines(): string {
  const first = JSON.parse(recordLines().split('\n')[0]!) as Record<string, unknown>;
  const line = `${Object.values(first).join(',')}\r\n`;
  return `${Object.keys(first).join(',')}\r\n${line}${line}`;
}

async function readRecords(read: ReadRecords, { bytes }: CaseSource): Promise<void> {
  const input = { name: 'changed', path: null, open: () => Readable.from([bytes]) };
  for await (const _ of (await read(input)).rows);
}

/** A dataset that has a journal of one file and nothing else. */
function journalStore(bytes: Buffer): DatasetStore {
  const store: Pick<DatasetStore, 'name' | 'list' | 'open'> = {
    name: 'changed',

    async *list() {
      yield { path: '_journal/a.ndjson', bytes: bytes.length };
    },
    open: () => Promise.resolve(Readable.from([bytes])),
  };
  return store as DatasetStore;
}

/** Texts that people and other programs write: lists, labels, records, journals, jobs, what servers answer. */
export const TEXT_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'pooltag',
    seeds: () => [Buffer.from(POOLTAG)],
    run: ({ bytes }) => Promise.resolve(void parsePooltag(bytes.toString('latin1'))),
  },
  {
    name: 'labels',
    seeds: () => [Buffer.from(LABELS)],
    async run({ bytes }) {
      await LabelRules.load({ fixed: {}, patterns: [], file: atPath(bytes, 'labels.csv') });
    },
  },
  {
    name: 'json-labels',
    seeds: () => [Buffer.from(JSON_LABELS)],
    async run({ bytes }) {
      const rules = await LabelRules.load({ fixed: {}, patterns: [], file: atPath(bytes, 'labels.ndjson') });
      rules.labelsOf('a.raw', '/x/a.raw');
    },
  },
  {
    name: 'label-pattern',
    seeds: () => [Buffer.from('/(?<host>[^/]+)/[^/]+$'), Buffer.from('(?<a>x{1,9}|\\d+)*(?<b>.)')],
    async run({ bytes }) {
      const rules = await LabelRules.load({ fixed: {}, patterns: [bytes.toString('utf8')] });
      rules.labelsOf('/dumps/web01/a.raw', '/dumps/web01/a.raw');
    },
  },
  {
    name: 'glob',
    seeds: () => [Buffer.from('[a-c]*?x[!d]*.raw'), Buffer.from('*a*a*a*a*b')],
    run({ bytes }) {
      matchesComponent(bytes.toString('utf8'), `${'a'.repeat(200)}.raw`);
      return Promise.resolve();
    },
  },
  { name: 'ndjson', seeds: () => [Buffer.from(recordLines())], run: (source) => readRecords(readNdjson, source) },
  {
    name: 'ndjson-gz',
    seeds: () => [gzipSync(recordLines())],
    run: (source) => readRecords(readNdjsonGzip, source),
  },
  { name: 'csv', seeds: () => [Buffer.from(csvLines())], run: (source) => readRecords(readCsv, source) },
  {
    name: 'journal',
    seeds: () => [Buffer.from(`${JSON.stringify(IMAGE_ENTRY)}\n${JSON.stringify(COMPACTION_ENTRY)}\n`)],
    async run({ bytes }) {
      const journal = await Journal.load(journalStore(bytes));
      journal.openCompactions();
    },
  },
  {
    name: 'job',
    seeds: () => [Buffer.from(JSON.stringify(JOB))],
    async run({ bytes }) {
      await checkJob(parsed(bytes), { outs: ['/lake'], allowed: ['/dumps'], redirects: false });
    },
  },
  {
    name: 'answer-headers',
    seeds: () => [Buffer.from('bytes 0-499/1234'), Buffer.from('120'), Buffer.from('Wed, 21 Oct 2015 07:28:00 GMT')],
    run({ bytes }) {
      const text = bytes.toString('latin1');
      const range = parseContentRange(text);
      if (range !== null && !(range.first <= range.last && range.last < range.total)) throw new Error(`range ${text}`);
      const wait = retryAfter(text);
      if (wait !== null && !(wait >= 0)) throw new Error(`wait ${text}`);
      return Promise.resolve();
    },
  },
  {
    name: 'queue-address',
    seeds: () => [Buffer.from('rediss://user:password@host:6379/3?name=x')],
    run: ({ bytes }) => Promise.resolve(void parseQueue(bytes.toString('utf8'))),
  },
];

/** The queue's own library parses jobs: what is no JSON never becomes one. */
function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw new PoolTrackerError('USAGE', messageOf(error));
  }
}
