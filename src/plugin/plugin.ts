import type { ImageFormat as OwnImageFormat } from '../image/image.js';
import type { SymbolSource } from '../kernel/symbols/symbols.js';
import type { SinkFormat } from '../sink/sink.js';
import type { SourceScheme } from '../source/source-scheme.js';

/** The one version of the contract that there is; docs/plugins.md says what changes it. */
export const PLUGIN_API_VERSION = 1;

/** Where a range of physical memory lies in a source, all in bytes. */
export interface PlainRun {
  /** Its first physical address. */
  readonly start: number;
  /** At least 1. */
  readonly length: number;
  /** Its start offset in the source. */
  readonly offset: number;
}

/** A container format, as ours are; its runs are a plain list, which is sorted, checked and clipped to the source. */
export type ImageFormat = OwnImageFormat<Iterable<PlainRun>>;

/**
 * What a plug-in is: the default export of an ES module, a plain object. Nothing of this package has to be imported by
 * it but types. Each list is of the contract that our own fulfil, and takes its place behind ours.
 */
export interface Plugin {
  /** The version of this contract that the plug-in was written for. */
  readonly apiVersion: typeof PLUGIN_API_VERSION;
  /** Named in every message about it: small letters, digits, and `.`, `_`, `@`, `/`, `-` between them. */
  readonly name: string;
  /** Asked behind ours and before raw memory; or named by `--image-format`. */
  readonly imageFormats?: readonly ImageFormat[];
  /** Asked for the locations that begin with their names and a colon. */
  readonly sourceSchemes?: readonly SourceScheme[];
  /** Asked behind the built-in list, symbol files and symbol stores. */
  readonly symbolSources?: readonly SymbolSource[];
  /** Chosen by `--format`, or by the ending of an output's name. */
  readonly sinks?: readonly SinkFormat[];
}
