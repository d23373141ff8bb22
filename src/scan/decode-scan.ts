import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { MemoryPage } from '../pool/memory-page.js';
import type { DecodedImage } from '../record/decoded-image.js';
import type { Scan } from './scan.js';

/** Runs all pages of a scan through its decoder: for who wants several kinds of records of one image. */
export async function decodeScan(scan: Scan, keepProcessors = false): Promise<DecodedImage> {
  const decoder = scan.decoder(keepProcessors);
  await pipeline(scan.pages(), new Writable({
    objectMode: true,
    write(page: MemoryPage, _encoding, done) {
      Promise.resolve(decoder.take(page)).then(() => done(), done);
    },
  }));
  return decoder.finish();
}
