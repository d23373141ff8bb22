import { encodeNdjson } from '../sink/ndjson/ndjson.js';
import type { SinkFormat } from '../sink/sink.js';

/** One JSON array, an object a line: for programs that take whole documents; everything else is as in NDJSON. */
export const JSON_ARRAY: SinkFormat = {
  name: 'json',
  extensions: ['.json'],
  load: () => Promise.resolve(async function* (batches, recordType, options) {
    let before = '[\n';
    for await (const lines of encodeNdjson(batches, recordType, options)) {
      // Whole lines, and JSON has no newline inside a value.
      yield Buffer.from(before + Buffer.from(lines).toString('utf8').trimEnd().replaceAll('\n', ',\n'), 'utf8');
      before = ',\n';
    }
    yield Buffer.from(before === '[\n' ? '[]\n' : '\n]\n', 'utf8');
  }),
};
