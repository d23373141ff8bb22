import { Readable } from 'node:stream';
import { rowsOf, type TagSelection, typedRow } from '../record/rows/rows.js';
import type { Row } from '../record/schema/record-type.js';
import { IMAGE, POOL_TAG, type RecordRow } from '../record/schema/record-types.js';
import { openScan } from '../scan/open-scan.js';
import { decodeScan, type ScanOptions } from '../scan/scan.js';
import type { DecodedScan } from '../scan/scan-result.js';
import { openSink, writeRows, type SinkOptions } from '../sink/open-sink.js';
import { parseOutput } from '../sink/sinks.js';
import { abortable } from '../work.js';

/** How an image is scanned, and where its records go. */
export interface ScanImageOptions extends ScanOptions, SinkOptions {
  /** Where records go: `[RECORD=]FILE` each, as the command line's `-o` takes it. */
  readonly outputs?: readonly string[];
  /** Which tags go into the records of tags, in which order; all by default. */
  readonly selection?: TagSelection;
}

/** What a scan found, with the records of it that most callers want; the image is closed. */
export interface ImageScan extends DecodedScan {
  /** The `pool_tag` records of the selected tags: `tags[0].nonpaged_bytes` is a bigint. */
  readonly tags: readonly RecordRow<'pool_tag'>[];
  /** The `image` record: what is known of the image, and how sure it is. */
  readonly image: RecordRow<'image'>;
}

/**
 * Scans one image and writes its records, all in one call.
 * @param location a path, an http://, https:// or s3:// URL, or `-` for standard input
 * @returns what was found, whether or not it was written anywhere
 * @throws PoolTrackerError as `openScan`, `decodeScan` and `openSink` do; the reason of the signal. Outputs are written
 * in order: those before the one that failed are whole, and nothing is left of that one
 */
export function scanImage(location: string, options: ScanImageOptions = {}): Promise<ImageScan> {
  return abortable(options.signal, () => scanAndWrite(location, options));
}

async function scanAndWrite(location: string, options: ScanImageOptions): Promise<ImageScan> {
  const { selection, signal } = options;
  const outputs = (options.outputs ?? []).map((text) => parseOutput(text));
  const scan = await openScan(location, options);
  try {
    const result = await decodeScan(
      scan,
      outputs.some(({ recordType }) => recordType.name === 'pool_tag_cpu'),
    );
    for (const output of outputs) {
      signal?.throwIfAborted();
      const sink = await openSink(output, options);
      const rows = Readable.from(rowsOf(output.recordType, result, selection), signal === undefined ? {} : { signal });
      await writeRows(output.recordType, rows, sink);
    }
    const tags = [...(rowsOf(POOL_TAG, result, selection) as Iterable<Row>)];
    const [image] = rowsOf(IMAGE, result) as Iterable<Row>;
    return { ...result, tags: tags.map((row) => typedRow(POOL_TAG, row)), image: typedRow(IMAGE, image!) };
  } finally {
    await scan.close();
  }
}
