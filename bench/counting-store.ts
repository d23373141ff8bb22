import { readFileSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { SegmentedLog } from '../src/dataset/store/s3-store.js';
import type { DatasetStore, LineLog, StoredFile } from '../src/dataset/store/store.js';

/** What a bucket was asked, and the bytes that went to it and came from it. */
export interface Requests {
  put: number;
  get: number;
  head: number;
  list: number;
  remove: number;
  up: number;
  down: number;
}

/** Keys that S3 lists in one answer. */
const LISTED = 1000;

/**
 * A bucket in memory that counts its requests as S3 does. Of parts it keeps the sizes alone: the bytes of each are those
 * of a template.
 */
export class CountingStore implements DatasetStore {
  readonly name = 's3://simulated';
  requests: Requests = { put: 0, get: 0, head: 0, list: 0, remove: 0, up: 0, down: 0 };
  private readonly files = new Map<string, Buffer>();
  private readonly templates: ReadonlyMap<string, Buffer>;
  private copies = 0;

  /** @param parts a file of each record type */
  constructor(
    readonly stagingFolder: string,
    parts: ReadonlyMap<string, string>,
  ) {
    this.templates = new Map([...parts].map(([record, path]) => [record, readFileSync(path)]));
  }

  reset(): void {
    this.requests = { put: 0, get: 0, head: 0, list: 0, remove: 0, up: 0, down: 0 };
  }

  /** Puts a part there, uncounted. */
  place(path: string): void {
    this.files.set(path, this.templates.get(path.slice(0, path.indexOf('/')))!);
  }

  /** Objects and bytes, by folder: record types, their logs, the journal. */
  kept(): { below: string; objects: number; bytes: number }[] {
    const found = new Map<string, { objects: number; bytes: number }>();
    for (const [path, bytes] of this.files) {
      const below = path.split('/').slice(0, 2).join('/');
      const sum = found.get(below) ?? { objects: 0, bytes: 0 };
      found.set(below, { objects: sum.objects + 1, bytes: sum.bytes + bytes.length });
    }
    const journal = [...found].filter(([below]) => below.startsWith('_journal/'));
    for (const [below] of journal) found.delete(below);
    if (journal.length > 0)
      found.set('_journal', {
        objects: journal.reduce((sum, [, { objects }]) => sum + objects, 0),
        bytes: journal.reduce((sum, [, { bytes }]) => sum + bytes, 0),
      });
    return [...found].map(([below, sum]) => ({ below, ...sum }));
  }

  location(): Promise<string> {
    return Promise.resolve(this.name);
  }

  async *list(folder: string): AsyncGenerator<StoredFile> {
    let count = 0;
    for (const [path, { length }] of this.files)
      if (folder === '' || path.startsWith(`${folder}/`)) {
        if (count++ % LISTED === 0) this.requests.list++;
        yield { path, bytes: length };
      }
    if (count === 0) this.requests.list++;
  }

  async has(path: string): Promise<boolean> {
    this.requests.head++;
    return this.files.has(path);
  }

  async open(path: string): Promise<Readable | null> {
    this.requests.get++;
    const bytes = this.files.get(path);
    this.requests.down += bytes?.length ?? 0;
    return bytes === undefined ? null : Readable.from([bytes]);
  }

  async localPath(path: string, folder: string): Promise<string> {
    this.requests.get++;
    const bytes = this.files.get(path)!;
    this.requests.down += bytes.length;
    const local = join(folder, `${this.copies++}-${basename(path)}`);
    await writeFile(local, bytes);
    return local;
  }

  async publish(local: string, path: string): Promise<void> {
    const template = this.templates.get(path.slice(0, path.indexOf('/')));
    const isPart = basename(path).startsWith('part-') && template?.length === (await stat(local)).size;
    this.put(path, isPart ? template : await readFile(local));
    await rm(local);
  }

  async create(path: string, bytes: Buffer): Promise<boolean> {
    if (this.files.has(path)) {
      this.requests.put++;
      return false;
    }
    this.put(path, bytes);
    return true;
  }

  async remove(path: string): Promise<void> {
    this.requests.remove++;
    this.files.delete(path);
  }

  async openLog(path: string): Promise<LineLog> {
    // Every worker of the simulation is this process.
    const own = `${path}-${this.copies++}`;
    return new SegmentedLog(async (segment, text) => this.put(`${own}-${segment}.ndjson`, Buffer.from(text)));
  }

  private put(path: string, bytes: Buffer): void {
    this.requests.put++;
    this.requests.up += bytes.length;
    this.files.set(path, bytes);
  }
}
