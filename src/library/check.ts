import { rowsOf, typedRow } from '../record/rows/rows.js';
import type { RecordType, RowOf } from '../record/schema/record-type.js';
import { IMAGE, OBJECT_COUNT, POOL_TAG, PROCESS, type RecordRow } from '../record/schema/record-types.js';
import { openScan } from '../scan/open-scan.js';
import { decodeScan, type ScanOptions } from '../scan/scan.js';
import type { DecodedScan, ScanResult } from '../scan/scan-result.js';
import { abortable } from '../work.js';

/** What adds up in an image and what does not. */
export interface Check {
  /** Objects beside the outstanding allocations of their tag, by each way of counting them: `difference` is what differs. */
  readonly counts: readonly RecordRow<'object_count'>[];
  /**
   * Processes that are in only one of the two complete lists, PsActiveProcessHead and PspCidTable. CSRSS, sessions and
   * handles omit some on every healthy system.
   */
  readonly disputed: readonly RecordRow<'process'>[];
  /** The tags whose own counters are torn or impossible. */
  readonly unsound: readonly RecordRow<'pool_tag'>[];
  /** What is known of the image; `tags_torn`, `tags_impossible` and `tags_incomplete` count tags. */
  readonly image: RecordRow<'image'>;
}

/** A check, and the result that it is of; the image is closed. */
export interface ImageCheck extends Check {
  /** What the scan found. */
  readonly result: DecodedScan;
}

async function listOf<Type extends RecordType>(recordType: Type, result: ScanResult): Promise<RowOf<Type>[]> {
  const list: RowOf<Type>[] = [];
  for await (const row of rowsOf(recordType, result)) list.push(typedRow(recordType, row));
  return list;
}

/** Checks what was found; the image must still be open. */
export async function checkResult(result: ScanResult): Promise<Check> {
  const processes = await listOf(PROCESS, result);
  const tags = await listOf(POOL_TAG, result);
  const [image] = await listOf(IMAGE, result);
  return {
    counts: await listOf(OBJECT_COUNT, result),
    disputed: processes.filter(
      ({ seen_by_psactiveprocesshead: byList, seen_by_pspcidtable: byTable }) => byList === false || byTable === false,
    ),
    unsound: tags.filter(({ consistency }) => consistency !== 'consistent'),
    image: image!,
  };
}

/**
 * Scans an image and holds its counts against the objects in it, and against themselves.
 * @param location as `scanImage` takes it
 * @throws PoolTrackerError as `openScan` and `decodeScan` do; the reason of the signal
 */
export function check(location: string, options: ScanOptions = {}): Promise<ImageCheck> {
  return abortable(options.signal, async () => {
    const scan = await openScan(location, options);
    try {
      const result = await decodeScan(scan);
      return { ...(await checkResult(result)), result };
    } finally {
      await scan.close();
    }
  });
}
