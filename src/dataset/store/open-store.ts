import { LocalStore } from './local-store.js';
import { S3Store } from './s3-store.js';
import type { DatasetStore } from './store.js';

/** Opens the store of a dataset by its name: a directory, or `s3://bucket/prefix`. */
export function openStore(location: string): DatasetStore {
  return location.startsWith('s3://') ? new S3Store(location) : new LocalStore(location);
}
