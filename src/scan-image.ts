import { Readable } from 'node:stream';
import type { DecodedImage } from './scan/scan-result.js';
import { rowsOf } from './record/rows/rows.js';
import { batchesOfRows } from './record/arrow/record-batches.js';
import type { TagSelection } from './record/rows/tag-selection.js';
import { openSink, type SinkOptions } from './sink/open-sink.js';
import { parseOutput } from './sink/sinks.js';
import { pipelineInto } from './sink/open-sink.js';
import { decodeScan } from './scan/scan.js';
import { openScan } from './scan/open-scan.js';
import type { ScanOptions } from './scan/scan.js';

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
export async function scanImage(location: string, options: ScanImageOptions = {}): Promise<DecodedImage> {
  const outputs = (options.outputs ?? []).map((text) => parseOutput(text));
  const scan = await openScan(location, options);
  try {
    const decoded = await decodeScan(
      scan,
      outputs.some(({ recordType }) => recordType.name === 'pool_tag_cpu'),
    );
    for (const output of outputs) {
      const sink = await openSink(output, options);
      await pipelineInto(
        sink,
        Readable.from(rowsOf(output.recordType, decoded, options.selection)),
        batchesOfRows(output.recordType),
      );
    }
    return decoded;
  } finally {
    await scan.close();
  }
}
