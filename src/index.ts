/**
 * The library. One call each: `scanImage`, `check`, `diff`, `query`, `batch`, `report`. Record by record: `scanTags`,
 * `scanRecords`, and `recordStream` as a web stream. By hand: a Readable of pages, a Transform from pages to Arrow record
 * batches, Writables for the sinks.
 */
export {
  EXIT_STATUS,
  isMissing,
  PoolTrackerError,
  type ErrorCode,
  type ErrorData,
  type Missing,
  type Warning,
} from './errors.js';
export { hex, type PhysicalAddress, type VirtualAddress } from './address.js';
export type { Source } from './source/source.js';
export type { Run, RunList } from './image/run-list.js';
export type { Architecture, ImageHints, MemoryImage, OpenedImage, StreamedRun } from './image/image.js';
export {
  PAGING_NAMES,
  type MissingPage,
  type MissingReason,
  type PagingLevel,
  type PagingName,
} from './memory/paging/paging.js';
export type { MemoryPage, TablePlace } from './pool/table/memory-page.js';
export type { TagTotal, ProcessorTag, CounterValues, KeylessCounts, Place } from './pool/table/tag-totals.js';
export { CONSISTENCIES, type Consistency } from './pool/table/consistency.js';
export type { LocatedBy } from './pool/table/memory-page.js';
export type { TrackerLayout } from './pool/table/tracker-layout.js';
export type { Doubt, DoubtCode, Fact, FactName, SlotRange } from './pool/proof/proof.js';
export { tagName } from './pool/table/tag-name.js';
export { RECORD_TYPES, type RecordName, type RecordRow, recordTypeNamed } from './record/schema/record-types.js';
export {
  SCHEMA_VERSION,
  type Column,
  type ColumnType,
  type RecordType,
  type Row,
  type Value,
} from './record/schema/record-type.js';
export type { BigAllocation, BigPageTable, BigTotal } from './pool/big-pages/big-pages.js';
export type { KernelObjects, ProcessMethod, SeenProcess } from './kernel/objects/objects.js';
export type { ObjectCount, ObjectKind } from './kernel/objects/objects.js';
export type { PdbIdentity } from './kernel/pe.js';
export type { CheckedFact, OtherSystem, Rejection } from './kernel/root/root.js';
export type { CarveReport } from './pool/carve/carve.js';
export type {
  CaptureTimeSource,
  ContainerFacts,
  DecodedScan,
  Failed,
  FailedScan,
  Finished,
  FoundTable,
  KernelFacts,
  KernelLocation,
  KernelReadings,
  Labels,
  ScanOutcome,
  ScanResult,
  TablesFound,
} from './scan/scan-result.js';
export { rowsOf, type Rows, type SortOrder, type TagNaming, type TagSelection } from './record/rows/rows.js';
export type { PoolTagTransformOptions } from './record/decoded-batches.js';
export { PoolTagTransform } from './record/pool-tag-transform.js';
export { PoolTagTransformStream } from './record/pool-tag-transform-stream.js';
export { batchesOfRows, rowsOfBatches } from './record/arrow/record-batches.js';
export { openSink, type SinkOptions } from './sink/open-sink.js';
export type {
  Encode,
  EncodeOptions,
  ParquetCompression,
  ParquetWriterName,
  SinkFormat,
  TableOptions,
} from './sink/sink.js';
export { parseOutput, type Output } from './sink/sinks.js';
export { convertRecords, type ConvertOptions, type Converted } from './sink/convert-records.js';
export type { RecordOrigin } from './sink/read/record-reader.js';
export { openScan, openSystems, type OpenSystems, tryOpenScan } from './scan/open-scan.js';
export { decodeScan, type PageDecoder, type Scan, type ScanMethod, type ScanOptions } from './scan/scan.js';
export type { Progress, WorkOptions } from './work.js';
export { scanImage, type ImageScan, type ScanImageOptions } from './library/scan-image.js';
export {
  recordStream,
  scanRecords,
  scanTags,
  type ScannedRecordName,
  type ScanRecordsOptions,
} from './library/scan-records.js';
export { check, type Check, type ImageCheck } from './library/check.js';
export { diff, type Diff, type DiffOptions, type TagDiffRow } from './library/diff.js';
export type { BootMarks, DiffSense, DiffSubject, Measure, TagCount, TagDiff } from './dataset/query/query.js';
export { query, type ViewQuestion } from './library/query.js';
export { batch, type DatasetBatchOptions } from './library/batch.js';
export type { Shard } from './dataset/images/images.js';
export type { BatchSummary, ImageEvent, ImageStatus, IngestOptions } from './dataset/ingest/ingest.js';
export { report, writeReport, type ReportOptions } from './report/report.js';
export { loadPlugins, type LoadedPlugins } from './plugin/load-plugins.js';
export { PLUGIN_API_VERSION, type ImageFormat, type PlainRun, type Plugin } from './plugin/plugin.js';
export type { SchemeOptions, SourceScheme, StreamedBytes } from './source/source-scheme.js';
export type { KernelSymbols, SymbolOptions, SymbolSource } from './kernel/symbols/symbols.js';
export type { ByteReader } from './source/reading/byte-reader.js';
