import { pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { EncodeColumns } from '../sink.js';
import { textChunks } from '../text-chunks.js';
import { type TextForm, TextRows } from '../text-rows.js';

/**
 * One JSON object per line, with every column in each, null included; timestamps as ISO 8601 in UTC. 64-bit integers
 * are JSON integers with all their digits, or strings if the options say so.
 */
export const encodeNdjson: EncodeColumns = async function* (batches, recordType, options) {
  const form: TextForm = {
    none: 'null',
    string: (text) => JSON.stringify(text),
    int64: options.bigint === 'string' ? (value) => `"${value}"` : String,
    timestamp: (iso) => `"${iso}"`,
  };
  const before = recordType.columns.map(({ name }, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  const rows = new TextRows(recordType, form, { before, end: '}\n' });
  for await (const batch of batches) yield* textChunks(rows.lines(batch));
};

export const encodeNdjsonGzip: EncodeColumns = async function* (batches, recordType, options) {
  // The callback has nothing to do: an error destroys the gzip stream, and reading that throws it.
  yield* pipeline(encodeNdjson(batches, recordType, options), createGzip(), () => undefined) as AsyncIterable<Buffer>;
};

/** One JSON array with one object per line, for programs that read whole documents; everything else is as in NDJSON. */
export const encodeJsonArray: EncodeColumns = async function* (batches, recordType, options) {
  let before = '[\n';
  for await (const lines of encodeNdjson(batches, recordType, options)) {
    // Whole lines, and JSON has no newline inside a value.
    yield Buffer.from(before + Buffer.from(lines).toString('utf8').trimEnd().replaceAll('\n', ',\n'), 'utf8');
    before = ',\n';
  }
  yield Buffer.from(before === '[\n' ? '[]\n' : '\n]\n', 'utf8');
};
