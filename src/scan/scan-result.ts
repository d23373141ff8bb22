import { createHash } from 'node:crypto';
import type { PoolTrackerError } from '../errors.js';
import { identityRow } from '../record/image-facts.js';
import { containerColumns, kernelColumns, outcomeColumns } from '../record/rows/image-row.js';
import type { Row } from '../record/schema/record-type.js';
import { toolVersion } from '../record/tool-version.js';
import { locationName } from '../source/location-name.js';
import type { WalkFindings } from './walk-scan.js';

/** An image that gave no records of its own, only the error. */
export interface FailedImage {
  readonly imageId: string;
  readonly image: Row;
}

export interface FailedScan {
  /** As it was named. */
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly error: PoolTrackerError;
  /** As much as was found before the error. */
  readonly findings: WalkFindings;
  readonly elapsedMs: number;
}

/**
 * The image record of a scan that failed. Without tables there is no memory content to take the id from: it follows
 * from the path, so that the same failure gives the same record every time.
 */
export function failedImage({ path: named, labels, error, findings: { image, kernel, rejected }, elapsedMs }: FailedScan): FailedImage {
  const path = locationName(named);
  const imageId = createHash('sha256').update(`failed image\n${path}`).digest('hex').slice(0, 32);
  const facts = {
    path, labels, capturedAt: kernel?.sharedData.systemTime ?? null, windowsVersion: null, architecture: null,
    kernelGuid: kernel?.image.pdb?.guid ?? null, locatedBy: null,
  };
  return {
    imageId,
    image: {
      ...identityRow(facts, imageId),
      ...outcomeColumns(image?.warnings ?? [], false, error),
      ...(image === null ? {} : containerColumns(image)),
      ...(kernel === null ? {} : kernelColumns(kernel, null)),
      rejected: JSON.stringify(rejected),
      bytes_read: BigInt(image?.source.bytesRead ?? 0),
      elapsed_ms: BigInt(Math.round(elapsedMs)),
      tool_version: toolVersion(),
    },
  };
}
