import { open } from 'node:fs/promises';

/** A container as a list of pieces; what lies between them is zeros, and a hole in the file. */
export interface ImageLayout {
  readonly byteLength: number;
  readonly parts: Iterable<{ readonly offset: number; readonly bytes: Uint8Array }>;
}

/** Writes a sparse file. */
export async function writeLayout(layout: ImageLayout, path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.truncate(layout.byteLength);
    for (const { offset, bytes } of layout.parts) await file.write(bytes, 0, bytes.length, offset);
  } finally {
    await file.close();
  }
}

/** The whole image in memory, for tests that damage single bytes; small images only. */
export function layoutBuffer(layout: ImageLayout): Buffer {
  const whole = Buffer.alloc(layout.byteLength);
  for (const { offset, bytes } of layout.parts) whole.set(bytes, offset);
  return whole;
}
