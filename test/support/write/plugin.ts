import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../run/cli.js';
import { PAGE } from '../generate/sparse-memory.js';

/** One of samples/plugins. */
export function samplePlugin(name: string): string {
  return join(ROOT, 'samples/plugins', `${name}.mjs`);
}

/** Writes a module whose default export has these members, as JavaScript, beside a version and a name. */
export function writePlugin(path: string, name: string, members: string, before = ''): string {
  writeFileSync(path, `${before}\nexport default { apiVersion: 1, name: '${name}', ${members} };\n`);
  return path;
}

/** Raw memory as samples/plugins/sparse-chunks.mjs reads it: chunks that are not zero, the last one first. */
export function sparseChunks(raw: Buffer, chunk = 16 * PAGE): Buffer {
  const starts: number[] = [];
  for (let start = 0; start < raw.length; start += chunk)
    if (raw.subarray(start, start + chunk).some((byte) => byte !== 0)) starts.unshift(start);
  const head = Buffer.alloc(16 + starts.length * 8);
  head.write('SPCHUNK1', 'latin1');
  head.writeUInt32LE(chunk, 8);
  head.writeUInt32LE(starts.length, 12);
  starts.forEach((start, index) => head.writeBigUInt64LE(BigInt(start), 16 + index * 8));
  return Buffer.concat([head, ...starts.map((start) => raw.subarray(start, start + chunk))]);
}
