import { bzip2 } from './bzip2.js';
import { gzip } from './gzip.js';
import { hpak } from './hpak.js';
import { libvirtSave } from './libvirt-save.js';
import { lz4 } from './lz4.js';
import { lzma } from './lzma.js';
import { lzop } from './lzop.js';
import type { Warn, Wrapper } from './wrapper.js';

export { WRAPPER_HEAD, type Wrapper } from './wrapper.js';
import { type ByteReader, readerOf } from '../reading/byte-reader.js';
import { PartSource } from '../reading/part-source.js';
import type { Source } from '../source.js';
import { tar } from './tar.js';
import { xz } from './xz.js';
import { zip } from './zip.js';
import { zstd } from './zstd.js';

const WRAPPERS: readonly Wrapper[] = [gzip, zstd, xz, bzip2, lz4, lzop, lzma, zip, tar, libvirtSave, hpak];

/** The wrapper of data that begins with `head`; null for none. File names are not considered. */
export function detectWrapper(head: Uint8Array): Wrapper | null {
  return WRAPPERS.find((wrapper) => wrapper.claims(head)) ?? null;
}

/** The part of a source that is in a wrapper and stands behind other bytes; null for none. @param head its first bytes */
export async function partBehind(head: Buffer, source: Source): Promise<Source | null> {
  for (const wrapper of WRAPPERS) {
    const start = (await wrapper.startBehind?.(head, source)) ?? null;
    if (start !== null) return new PartSource(source, start, source.byteLength - start);
  }
  return null;
}

/**
 * The unwrapped contents, in order.
 * @param origin the wrapped bytes from the first; a Source stays open, anything else is closed
 * @param name how messages name it
 * @param warn receives what is odd and does no harm
 * @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED, or whatever `origin` throws
 */
export async function* unwrap(
  wrapper: Wrapper,
  origin: Source | AsyncIterable<Uint8Array> | ByteReader,
  name: string,
  warn: Warn = () => undefined,
): AsyncGenerator<Uint8Array> {
  const input = readerOf(origin, name, wrapper.title);
  try {
    yield* wrapper.unwrap(input, warn);
  } finally {
    await input.close();
  }
}
