import type { Readable } from 'node:stream';

/** Whether a file has just these bytes; false for one that is not there. Reads no further than to the first difference. */
export async function hasBytes(file: Readable | null, bytes: Buffer): Promise<boolean> {
  if (file === null) return false;
  let at = 0;
  for await (const part of file as AsyncIterable<Buffer>) {
    if (!part.equals(bytes.subarray(at, at + part.length))) return false;
    at += part.length;
  }
  return at === bytes.length;
}
