import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TablePlace } from '../table-form.js';
import { avroRows, type AvroSchema } from './avro-file.js';
import { damaged, type IcebergMetadata, parsedMetadata } from './metadata.js';

const FOLDER = 'metadata';
const HINT = 'version-hint.text';

/** Bytes of a file of metadata: a million snapshots. */
const MAX_METADATA_BYTES = 512 << 20;

/** The files of one table's metadata, in `RECORD/metadata`: who reads and writes them, and where they say that they are. */
export class TableFiles {
  private folder: Promise<string> | null = null;
  /** For files that are moved into place. */
  private work: Promise<string> | null = null;

  constructor(private readonly place: TablePlace) {}

  get record(): string {
    return this.place.recordType.name;
  }

  /** The table's folder, as engines name it. */
  location(): Promise<string> {
    this.folder ??= this.place.store.location().then((location) => `${location}/${this.record}`);
    return this.folder;
  }

  /** `file:///lake/pool_tag/metadata/v1.metadata.json` of `v1.metadata.json`. */
  async locationOf(name: string): Promise<string> {
    return `${await this.location()}/${FOLDER}/${name}`;
  }

  /** For messages. */
  nameOf(name: string): string {
    return `${this.place.store.name}/${this.pathOf(name)}`;
  }

  private pathOf(name: string): string {
    return `${this.record}/${FOLDER}/${name}`;
  }

  /** The names of all files. */
  async names(): Promise<string[]> {
    const folder = this.pathOf('');
    const names: string[] = [];
    for await (const { path } of this.place.store.list(folder.slice(0, -1))) names.push(path.slice(folder.length));
    return names;
  }

  /** A name that no other file has, with the time that it was given. */
  uniqueName(): string {
    return `${Date.now()}-${randomUUID()}.avro`;
  }

  /** When `uniqueName` gave a name: milliseconds since 1970 UTC; null for other names. */
  timeOf(name: string): number | null {
    const time = /^(\d{13,15})-[0-9a-f-]{36}\.avro$/.exec(name)?.[1];
    return time === undefined ? null : Number(time);
  }

  /** @returns false where there is a file of this name */
  create(name: string, bytes: Buffer): Promise<boolean> {
    return this.place.store.create(this.pathOf(name), bytes);
  }

  remove(name: string): Promise<void> {
    return this.place.store.remove(this.pathOf(name));
  }

  isThere(name: string): Promise<boolean> {
    return this.place.store.has(this.pathOf(name));
  }

  /** The name of a file of metadata from its location. @throws PoolTrackerError RECORDS_DAMAGED when it lies elsewhere */
  async nameAt(location: string, where: string): Promise<string> {
    const folder = await this.locationOf('');
    const name = location.slice(folder.length);
    if (location.startsWith(folder) && name !== '' && !name.includes('/')) return name;
    throw damaged(where, `a file at ${JSON.stringify(location.slice(0, 200))}, which is not in ${folder}`);
  }

  /** @throws PoolTrackerError RECORDS_DAMAGED when it is missing or not as expected */
  async avro(name: string, schema: AvroSchema, most: number, length?: number): Promise<unknown[]> {
    const bytes = await this.bytes(name);
    if (bytes === null) throw damaged(this.nameOf(name), 'no such file');
    if (length !== undefined && bytes.length !== length)
      throw damaged(this.nameOf(name), `${bytes.length} bytes in place of ${length}`);
    return avroRows(bytes, schema, most, this.nameOf(name));
  }

  /** Null where there is no such version. @throws PoolTrackerError RECORDS_DAMAGED */
  async metadata(version: number): Promise<IcebergMetadata | null> {
    const name = metadataName(version);
    const bytes = await this.bytes(name);
    return bytes === null ? null : parsedMetadata(bytes.toString(), this.nameOf(name), await this.location());
  }

  /** The version that readers are told to begin with; null where none is told. */
  async hint(): Promise<number | null> {
    const text = (await this.bytes(HINT))?.toString().trim() ?? '';
    return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
  }

  async setHint(version: number): Promise<void> {
    this.work ??= this.place.staging.folder();
    const local = join(await this.work, HINT);
    await writeFile(local, String(version));
    await this.place.store.publish(local, this.pathOf(HINT));
  }

  removeHint(): Promise<void> {
    return this.remove(HINT);
  }

  private async bytes(name: string): Promise<Buffer | null> {
    const stream = await this.place.store.open(this.pathOf(name));
    if (stream === null) return null;
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of stream as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > MAX_METADATA_BYTES)
        throw damaged(this.nameOf(name), `a file of more than ${MAX_METADATA_BYTES} bytes`);
      parts.push(part);
    }
    return Buffer.concat(parts);
  }
}

export function metadataName(version: number): string {
  return `v${version}.metadata.json`;
}

/** The version that a file of metadata is of; null for other files. */
export function versionOf(name: string): number | null {
  const version = /^v([1-9]\d{0,14})\.metadata\.json$/.exec(name)?.[1];
  return version === undefined ? null : Number(version);
}
