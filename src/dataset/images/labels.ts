import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { RE2JS } from 're2js';
import { messageOf, PoolTrackerError } from '../../errors.js';
import type { Labels } from '../../scan/scan-result.js';
import { CsvParser } from '../../sink/read/csv-parser.js';
import { markedText } from '../../windows-text.js';

/** A list of a million images has some 100 MiB. */
const MAX_FILE = 256 << 20;
const MAX_LINE = 1 << 20;

/** The text of a label file. @throws Error where it is longer than any list */
async function* textOf(path: string): AsyncGenerator<string> {
  let length = 0;
  for await (const text of markedText(createReadStream(path))) {
    length += text.length;
    if (length > MAX_FILE) throw new Error(`expected at most ${MAX_FILE} characters`);
    yield text;
  }
}

/** @throws Error where a line is longer than any record */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const text of textOf(path)) {
    const lines = `${rest}${text}`.split(/\r?\n/);
    rest = lines.pop()!;
    if (rest.length > MAX_LINE) throw new Error(`a line is longer than ${MAX_LINE} characters`);
    yield* lines;
  }
  yield rest;
}

/** Labels of single images, by the `path` that stands beside them. */
export class LabelTable {
  private readonly rows = new Map<string, Labels>();

  /**
   * Reads a CSV file with a header line, or one JSON object a line; `path` names the image, every other column is a
   * label, and an empty value means no label.
   * @throws PoolTrackerError USAGE for a file that is neither
   */
  static async read(path: string): Promise<LabelTable> {
    const table = new LabelTable();
    try {
      for await (const record of /\.(ndjson|jsonl|json)$/i.test(path) ? jsonRecords(path) : csvRecords(path))
        table.add(record);
      return table;
    } catch (error) {
      throw new PoolTrackerError('USAGE', `labels ${path}: ${messageOf(error)}`, {
        cause: error,
        hint: "a CSV file with a header line, or one JSON object a line; 'path' names the image",
      });
    }
  }

  private add({ path, ...labels }: Record<string, string>): void {
    if (path === undefined || path === '') throw new Error(`record ${this.rows.size + 1} has no 'path'`);
    this.rows.set(path, labels);
  }

  /** The labels of an image: by its name as given, its full path, or its file name alone. */
  labelsOf(location: string, source: string): Labels {
    return this.rows.get(location) ?? this.rows.get(source) ?? this.rows.get(basename(location)) ?? {};
  }
}

async function* csvRecords(path: string): AsyncGenerator<Record<string, string>> {
  const parser = new CsvParser();
  let header: string[] | null = null;
  const recordOf = (fields: readonly (string | null)[]): Record<string, string> | null => {
    if (header === null) {
      header = fields.map((field) => field ?? '');
      return null;
    }
    if (fields.length !== header.length)
      throw new Error(`expected ${header.length} fields in each line, found ${fields.length}`);
    return Object.fromEntries(
      header.map((name, index) => [name, fields[index] ?? '']).filter(([, value]) => value !== ''),
    ) as Record<string, string>;
  };
  for await (const text of textOf(path)) {
    for (const fields of parser.take(text)) yield* present(recordOf(fields));
  }
  for (const fields of parser.end()) yield* present(recordOf(fields));
}

function present<T>(value: T | null): T[] {
  return value === null ? [] : [value];
}

async function* jsonRecords(path: string): AsyncGenerator<Record<string, string>> {
  for await (const line of linesOf(path)) {
    if (line.trim() === '') continue;
    const record: unknown = JSON.parse(line);
    if (typeof record !== 'object' || record === null)
      throw new Error(`expected an object in each line, found ${line.slice(0, 40)}`);
    yield Object.fromEntries(
      Object.entries(record)
        .filter(([, value]) => value !== null && value !== '')
        .map(([name, value]) => [name, String(value)]),
    );
  }
}

/** Where labels come from. When several give the same label, the one further down applies. */
export interface LabelSources {
  /** For every image. */
  readonly fixed: Labels;
  /** Patterns that are matched against the path; each named group is a label. */
  readonly patterns: readonly string[];
  /** A file of labels by path. */
  readonly file?: string;
}

/** Gives each image its labels. */
export class LabelRules {
  private constructor(
    private readonly fixed: Labels,
    private readonly patterns: readonly RE2JS[],
    private readonly table: LabelTable | null,
  ) {}

  /** @throws PoolTrackerError USAGE */
  static async load({ fixed, patterns, file }: LabelSources): Promise<LabelRules> {
    return new LabelRules(fixed, patterns.map(labelPattern), file === undefined ? null : await LabelTable.read(file));
  }

  /**
   * @param location as it was named; patterns are matched with `/` as its separator
   * @param source its full path
   */
  labelsOf(location: string, source: string): Labels {
    const path = location.replaceAll('\\', '/');
    const groups = this.patterns.flatMap((pattern) => [...groupsOf(pattern, path)]);
    return {
      ...this.fixed,
      ...Object.fromEntries(groups.filter(([, value]) => value !== undefined && value !== '')),
      ...this.table?.labelsOf(location, source),
    };
  }
}

/** Matching takes a time that grows with the path alone, whatever the pattern: it may come from anywhere. */
function labelPattern(text: string): RE2JS {
  try {
    const pattern = RE2JS.compile(text);
    if (Object.keys(pattern.namedGroups()).length === 0) throw new Error('it has no named group');
    return pattern;
  } catch (error) {
    throw new PoolTrackerError('USAGE', `--label-from '${text}': ${messageOf(error)}`, {
      cause: error,
      hint: "try --label-from '/(?<host>[^/]+)/[^/]+$'; the syntax is that of RE2, without looking around and back references",
    });
  }
}

/** The named groups of a match, those that took part in it. */
function* groupsOf(pattern: RE2JS, path: string): Generator<[string, string]> {
  const matcher = pattern.matcher(path);
  if (!matcher.find()) return;
  for (const name of Object.keys(pattern.namedGroups())) {
    const value = matcher.group(name);
    if (value !== null) yield [name, value];
  }
}
