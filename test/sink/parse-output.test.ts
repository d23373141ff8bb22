import assert from 'node:assert/strict';
import { PoolTrackerError } from '../../src/errors.js';
import { parseOutput } from '../../src/sink/sinks.js';

const parsed = (text: string, format?: string): unknown[] => {
  const output = parseOutput(text, format);
  return [output.recordType.name, output.format.name, output.target];
};

describe('an output, [RECORD=]FILE', () => {
  it('names its record type, else pool_tag, and its format by its ending', () => {
    assert.deepEqual(parsed('a.parquet'), ['pool_tag', 'parquet', 'a.parquet']);
    assert.deepEqual(parsed('pool_tag_cpu=b/c.ndjson.gz'), ['pool_tag_cpu', 'ndjson.gz', 'b/c.ndjson.gz']);
    assert.deepEqual(parsed('image=A.NDJSON'), ['image', 'ndjson', 'A.NDJSON']);
    assert.deepEqual(parsed('a.arrow'), ['pool_tag', 'arrow', 'a.arrow']);
    assert.deepEqual(parsed('a.arrows'), ['pool_tag', 'arrow-stream', 'a.arrows']);
    assert.deepEqual(parsed('./host=x/a.csv'), ['pool_tag', 'csv', './host=x/a.csv']);
    assert.deepEqual(parsed('image=host=x.csv'), ['image', 'csv', 'host=x.csv']);
  });

  it('takes the format that is given over the ending, and needs one for standard output', () => {
    assert.deepEqual(parsed('a.csv', 'ndjson'), ['pool_tag', 'ndjson', 'a.csv']);
    assert.deepEqual(parsed('image=-', 'parquet'), ['image', 'parquet', process.stdout]);
  });

  it('refuses what it cannot tell', () => {
    const refuses = (text: string, message: RegExp, format?: string): void =>
      assert.throws(
        () => parseOutput(text, format),
        (error) =>
          error instanceof PoolTrackerError &&
          error.code === 'USAGE' &&
          message.test(`${error.message}; ${error.hint}`),
      );
    refuses('-', /standard output has no ending.*--format/);
    refuses('a.xlsx', /a\.xlsx: the ending of the name does not select an output format; end it in one of \.parquet, /);
    refuses('a', /does not select an output format/);
    refuses('a.csv', /no output format is named 'xml'; one of: parquet, /, 'xml');
    refuses('pool_tags=a.csv', /no record type is named 'pool_tags'.*write \.\/pool_tags=a\.csv/);
    refuses('host=x/a.csv', /write \.\/host=x\/a\.csv/);
    refuses('image=', /no file is named/);
    refuses('', /no file is named/);
  });
});
