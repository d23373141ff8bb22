/**
 * A process for tests of what happens to outputs when a process ends or its reader goes away.
 *
 * `write-forever FILE`: writes without end, saying `writing` once bytes are on their way. SIGTERM discards as the
 * command line does, SIGINT only exits.
 * `convert IN FORMAT`: writes records to standard output; exit status 0 when its reader goes away.
 */
import { once } from 'node:events';
import { POOL_TAG } from '../../../src/record/schema/record-types.js';
import { RecordBatchBuilder } from '../../../src/record/arrow/record-batches.js';
import { convertRecords } from '../../../src/sink/convert-records.js';
import { openSink } from '../../../src/sink/open-sink.js';
import { isClosedPipe } from '../../../src/sink/file/output-error.js';
import { parseOutput } from '../../../src/sink/sinks.js';
import { discardUnfinishedFiles } from '../../../src/sink/file/whole-file.js';
import { edgeRows } from './record-rows.js';

const [task, file, format] = process.argv.slice(2);

async function writeForever(path: string): Promise<void> {
  process.on('SIGTERM', () => {
    discardUnfinishedFiles();
    process.kill(process.pid, 'SIGKILL');
  });
  process.on('SIGINT', () => process.exit(130));
  const sink = await openSink(parseOutput(path));
  const builder = new RecordBatchBuilder(POOL_TAG);
  const rows = edgeRows(POOL_TAG, 1000);
  for (let batches = 0; ; batches++) {
    for (const row of rows) builder.append(row);
    if (!sink.write(builder.take())) await once(sink, 'drain');
    if (batches === 20) process.stdout.write('writing\n');
  }
}

if (task === 'write-forever') await writeForever(file!);
else {
  try {
    const { records } = await convertRecords(file!, '-', { format: format! });
    process.stderr.write(`${records} records\n`);
  } catch (error) {
    if (!isClosedPipe(error)) throw error;
    process.stderr.write('closed\n');
  }
}
