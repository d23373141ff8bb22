/** The parts of parquetjs-lite 0.8 that are used here; the package has no types of its own. */
declare module 'parquetjs-lite' {
  export interface FieldDefinition {
    type: string;
    optional?: boolean;
    compression?: 'UNCOMPRESSED' | 'GZIP' | 'SNAPPY';
  }

  export class ParquetSchema {
    constructor(fields: Record<string, FieldDefinition>);
  }

  export interface WriterOptions {
    rowGroupSize?: number;
    /** In rows. */
    pageSize?: number;
    /** Whether to write column and offset indexes. */
    pageIndex?: boolean;
  }

  export class ParquetEnvelopeWriter {
    constructor(
      schema: ParquetSchema,
      write: (bytes: Buffer) => void,
      close: () => void,
      offset: number,
      options: WriterOptions,
    );
    /** Encodes and writes it, the encoding before it returns. */
    writeFooter(metadata: unknown): unknown;
  }

  export class ParquetWriter {
    constructor(schema: ParquetSchema, envelope: ParquetEnvelopeWriter, options: WriterOptions);
    setMetadata(key: string, value: string): void;
    appendRow(row: Record<string, unknown>): Promise<void>;
    close(): Promise<void>;
  }

  export class ParquetReader {
    static openFile(path: string): Promise<ParquetReader>;
    readonly metadata: { row_groups: { num_rows: unknown }[] };
    getCursor(): { next(): Promise<Record<string, unknown> | null> };
    getMetadata(): Record<string, string>;
    close(): Promise<void>;
  }
}

declare module 'parquetjs-lite/lib/types.js' {
  export const PARQUET_LOGICAL_TYPES: Record<
    string,
    {
      primitiveType: string;
      originalType?: string;
      toPrimitive(value: unknown): unknown;
      fromPrimitive?(value: unknown): unknown;
    }
  >;
}

declare module 'parquetjs-lite/lib/codec/index.js' {
  interface Codec {
    decodeValues(type: string, cursor: { buffer: Buffer; offset: number }, count: number, options: object): unknown[];
  }
  const codecs: Record<string, Codec>;
  export default codecs;
}

declare module 'parquetjs-lite/gen-nodejs/parquet_types.js' {
  /** A structure of the footer. */
  interface Structure {
    write(output: object): void;
  }
  interface SchemaElement extends Structure {
    readonly name: string;
    field_id: number | null | undefined;
    converted_type: number | null | undefined;
    logicalType: Structure | null | undefined;
  }
  type Of<Fields> = new (fields: Fields) => Structure;
  const thrift: {
    readonly SchemaElement: { readonly prototype: SchemaElement };
    readonly LogicalType: Of<{ TIMESTAMP: Structure }>;
    readonly TimestampType: Of<{ isAdjustedToUTC: boolean; unit: Structure }>;
    readonly TimeUnit: Of<{ MILLIS: Structure }>;
    readonly MilliSeconds: new () => Structure;
    readonly ConvertedType: { readonly TIMESTAMP_MILLIS: number };
  };
  export default thrift;
}
