/**
 * The library: a Readable of pages, a Transform from pages to Arrow record batches, Writables for the sinks, and one
 * call that does it all.
 */
export { EXIT_STATUS, PoolTrackerError, type ErrorCode, type ErrorData, type Warning } from './errors.js';
export { hex, type PhysicalAddress, type VirtualAddress } from './address.js';
export type { Source } from './source/source.js';
export type { Run, RunList } from './image/run-list.js';
export type { MemoryImage } from './image/image.js';
export type { MemoryPage, TablePlace } from './pool/table/memory-page.js';
export type { TagTotal, ProcessorTag, CounterValues, Place } from './pool/table/tag-totals.js';
export type { LocatedBy } from './pool/table/memory-page.js';
export { tagName } from './pool/table/tag-name.js';
export { RECORD_TYPES, recordTypeNamed } from './record/schema/record-types.js';
export {
  SCHEMA_VERSION,
  type Column,
  type ColumnType,
  type RecordType,
  type Row,
  type Value,
} from './record/schema/record-type.js';
export type { BigAllocation, BigPageTable, BigTotal } from './pool/big-pages.js';
export type { KernelObjects, SeenProcess } from './kernel/objects/objects.js';
export type { ObjectCount, ObjectKind } from './kernel/objects/object-count.js';
export type { DecodedImage, PageDecoder, WalkedKernel } from './scan/scan-result.js';
export type { ImageFacts } from './scan/scan-result.js';
export { rowsOf } from './record/rows/rows.js';
export { PoolTagTransform, type PoolTagTransformOptions } from './record/pool-tag-transform.js';
export type { SortOrder, TagSelection } from './record/rows/tag-selection.js';
export { batchesOfRows, rowsOfBatches } from './record/arrow/record-batches.js';
export { openSink, type SinkOptions } from './sink/open-sink.js';
export { parseOutput, type Output } from './sink/sinks.js';
export { convertRecords, type ConvertOptions, type Converted } from './sink/convert-records.js';
export { openScan } from './scan/open-scan.js';
export { decodeScan } from './scan/scan.js';
export type { Scan } from './scan/scan.js';
export type { ScanOptions } from './scan/scan.js';
export { scanImage, type ScanImageOptions } from './scan-image.js';
