import { Readable } from 'node:stream';
import { batchesOfRows } from './record/arrow/record-batches.js';
import { rowsOf, type TagSelection } from './record/rows/rows.js';
import { openScan } from './scan/open-scan.js';
import { decodeScan, type ScanOptions } from './scan/scan.js';
import type { DecodedScan } from './scan/scan-result.js';
import { openSink, pipelineInto, type SinkOptions } from './sink/open-sink.js';
import { parseOutput } from './sink/sinks.js';

export interface ScanImageOptions extends ScanOptions, SinkOptions {
  /** Where records go: `[RECORD=]FILE` each, as the command line's `-o` takes it. */
  readonly outputs?: readonly string[];
  readonly selection?: TagSelection;
}

/**
 * Scans one image and writes its records: everything in one call.
 * @returns what was found, whether or not it was written anywhere
 * @throws PoolTrackerError; nothing is left then of the output that failed, those before it are whole
 */
export async function scanImage(location: string, options: ScanImageOptions = {}): Promise<DecodedScan> {
  const outputs = (options.outputs ?? []).map((text) => parseOutput(text));
  const scan = await openScan(location, options);
  try {
    const result = await decodeScan(
      scan,
      outputs.some(({ recordType }) => recordType.name === 'pool_tag_cpu'),
    );
    for (const output of outputs) {
      const sink = await openSink(output, options);
      await pipelineInto(
        sink,
        Readable.from(rowsOf(output.recordType, result, options.selection)),
        batchesOfRows(output.recordType),
      );
    }
    return result;
  } finally {
    await scan.close();
  }
}
