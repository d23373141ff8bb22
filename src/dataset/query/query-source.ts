import { mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { RECORD_TYPES } from '../../record/schema/record-types.js';
import { convertRecords } from '../../sink/convert-records.js';
import { openRecords, READERS } from '../../sink/readers.js';
import { versionFolders } from '../store/partition.js';

/** Where the records to be asked are. */
export interface RecordPlaces {
  /** The folders of datasets, and other files, by their real paths. */
  readonly datasets: readonly string[];
  readonly files: readonly string[];
  /** Patterns of the files, by `RECORD.ENDING` as schemas/duckdb.sql has them. */
  readonly patterns: ReadonlyMap<string, readonly string[]>;
}

/** What DuckDB reads as it is, by the reader's name, with the ending in schemas/duckdb.sql; the others become Parquet first. */
const READ_BY_DUCKDB: Readonly<Record<string, string>> = {
  parquet: 'parquet',
  ndjson: 'ndjson*',
  'ndjson.gz': 'ndjson*',
};

/** Endings of files that hold records of images; of .txt and .log files only those that are named are read. */
const RECORD_FILE = new RegExp(
  `(${READERS.filter(({ name }) => name !== 'live-log')
    .flatMap(({ extensions }) => extensions)
    .map((ending) => ending.replaceAll('.', '\\.'))
    .join('|')})$`,
  'i',
);

const LOOKED_FOR = `folders of records (${versionFolders('pool_tag').at(-1)!}, ...) or files of records (.parquet, .ndjson, .arrow, .csv)`;

function noDataset(path: string, found: string, cause?: unknown): PoolTrackerError {
  return new PoolTrackerError('USAGE', `${path} is no dataset: expected ${LOOKED_FOR}, found ${found}`, {
    data: { path },
    hint: 'pool-tracker batch makes datasets',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A path as a pattern that matches it alone. */
function literal(path: string): string {
  return path.replace(/[*?[]/g, '[$&]');
}

/** Collects the places of several sources. */
export class RecordPlacesBuilder {
  private readonly datasets: string[] = [];
  private readonly files: string[] = [];
  private readonly patterns = new Map<string, string[]>();
  private converted = 0;

  /** @param scratch a folder for files that are made of others */
  constructor(private readonly scratch: string) {}

  /**
   * Adds a dataset, a file of records, or a folder of such files.
   * @throws PoolTrackerError USAGE where it is none of these; what opening records throws
   */
  async add(path: string): Promise<void> {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path))
      throw new PoolTrackerError('USAGE', `${path}: expected a directory or a file of records, found an address`, {
        hint: 'copy it, or ask it with the duckdb program, see docs/lake.md; pool-tracker batch makes datasets',
      });
    const found = await stat(path).catch(() => null);
    if (found === null) throw noDataset(path, 'nothing of this name');
    if (!found.isDirectory()) return this.addFile(path);
    const names = await readdir(path).catch((error: unknown) => {
      throw noDataset(path, `a folder that cannot be listed (${messageOf(error)})`, error);
    });
    if (await isDataset(path, names)) {
      this.datasets.push(await realpath(path));
      return;
    }
    const files = names.filter((name) => RECORD_FILE.test(name)).sort();
    if (files.length === 0)
      throw noDataset(path, names.length === 0 ? 'an empty folder' : `other things (${names.sort()[0]!}, ...)`);
    for (const name of files)
      await this.addFile(join(path, name)).catch((error: unknown) => {
        throw noDataset(path, `a file that holds none: ${messageOf(error)}`, error);
      });
  }

  private async addFile(path: string): Promise<void> {
    const { recordType, rows } = await openRecords(path);
    // Its beginning is read, so that what is no file of records is refused here; leaving the loop closes it.
    for await (const _ of rows) break;
    if (recordType === null) return;
    const reader = READERS.find(({ extensions }) => extensions.some((ending) => path.toLowerCase().endsWith(ending)))!;
    const ending = READ_BY_DUCKDB[reader.name];
    const file = await realpath(path);
    // DuckDB compares the files that it may read with the pattern, and a pattern for such a name is not the name.
    if (ending !== undefined && literal(file) === file) {
      this.take(`${recordType.name}.${ending}`, file);
      return;
    }
    await mkdir(this.scratch, { recursive: true });
    const copy = join(this.scratch, `${this.converted++}.parquet`);
    await convertRecords(path, copy);
    this.take(`${recordType.name}.parquet`, copy);
  }

  /** @param file its real path */
  private take(key: string, file: string): void {
    this.files.push(file);
    this.patterns.set(key, [...(this.patterns.get(key) ?? []), literal(file)]);
  }

  end(): RecordPlaces {
    return { datasets: this.datasets, files: this.files, patterns: this.patterns };
  }
}

/** A dataset has its settings, or folders of records of some version. */
async function isDataset(path: string, names: readonly string[]): Promise<boolean> {
  if (names.includes('_dataset.json')) return true;
  for (const { name } of RECORD_TYPES) {
    if (!names.includes(name)) continue;
    for (const version of versionFolders(name))
      if ((await stat(join(path, version)).catch(() => null))?.isDirectory() === true) return true;
  }
  return false;
}
