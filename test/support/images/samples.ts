import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

export const SAMPLES_FOLDER = fileURLToPath(new URL('../../../samples/', import.meta.url));

/** The sample images' names, without `.gz`. */
export const SAMPLE_NAMES: readonly string[] = readdirSync(SAMPLES_FOLDER)
  .filter((name) => name.endsWith('.gz'))
  .map((name) => name.slice(0, -3))
  .sort();

/** A sample's bytes, unpacked. */
export function sampleBytes(name: string): Buffer {
  return gunzipSync(readFileSync(`${SAMPLES_FOLDER}${name}.gz`));
}

/** Writes a sample, unpacked, to `path`. */
export function writeSample(name: string, path: string): string {
  writeFileSync(path, sampleBytes(name));
  return path;
}
