import type { Architecture } from '../image/image.js';
import type { LocatedBy } from '../pool/table-set.js';
import { SCHEMA_VERSION, type Row } from './schema/record-type.js';

/** What is known of an image beside the counts: what each of its records carries. */
export interface ImageFacts {
  /** As it was named, without credentials. */
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capturedAt: Date | null;
  readonly windowsVersion: string | null;
  readonly architecture: Architecture | null;
  readonly kernelGuid: string | null;
  readonly locatedBy: LocatedBy | null;
}

/** The columns that every record begins with. */
export function identityRow(facts: ImageFacts, imageId: string) {
  const hasLabels = Object.keys(facts.labels).length > 0;
  return {
    schema_version: SCHEMA_VERSION,
    image_id: imageId,
    image_path: facts.path,
    host: facts.labels.host ?? null,
    labels: hasLabels ? JSON.stringify(facts.labels) : null,
    captured_at: facts.capturedAt?.getTime() ?? null,
    windows_version: facts.windowsVersion,
    arch: facts.architecture,
    kernel_guid: facts.kernelGuid,
  } satisfies Row;
}
