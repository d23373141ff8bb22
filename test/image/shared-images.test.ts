import assert from 'node:assert/strict';
import { openImage } from '../../src/image/formats.js';
import { openSource } from '../../src/source/open-source.js';
import { readBytes } from '../../src/source/source.js';
import { hasSharedImages, sharedImage, sharedTruth, withoutSharedImages } from '../support/shared-images.js';
import { addressRanges } from '../support/expect-memory.js';

const STEM = 'win10-17763';
const PIECE = 1 << 20;

/** One memory that others wrote as five containers. */
describe('containers of the shared images', () => {
  before(function () {
    if (hasSharedImages) return;
    withoutSharedImages('containers against the raw image');
    this.skip();
  });

  for (const [extension, format, firstAddress] of [
    ['lime', 'lime', 0],
    ['elf', 'elf-core', 0],
    ['dmp', 'crash-dump-64', 0x1000],
    ['live6.dmp', 'crash-dump-64', null],
  ] as const) {
    it(`${STEM}.${extension} holds the raw image's bytes, page by page`, async function () {
      this.timeout(180_000);
      const raw = await openSource(sharedImage(`${STEM}.raw`));
      const image = await openImage(await openSource(sharedImage(`${STEM}.${extension}`)));
      assert.equal(image.format, format);
      if (firstAddress !== null) {
        const { ramRanges } = sharedTruth(STEM) as unknown as { ramRanges: readonly (readonly [string, string])[] };
        const expected = ramRanges.map(([start, end]) => [Math.max(Number(start), firstAddress), Number(end)]);
        assert.deepEqual(addressRanges(image), expected);
      }
      for (const run of image.runs) {
        for (let at = 0; at < run.length; at += PIECE) {
          const length = Math.min(PIECE, run.length - at);
          const [bytes, wanted] = await Promise.all([
            readBytes(image.source, run.offset + at, length),
            readBytes(raw, run.start + at, length),
          ]);
          assert.ok(bytes.equals(wanted), `the bytes at ${(run.start + at).toString(16)}`);
        }
      }
      await Promise.all([raw.close(), image.source.close()]);
    });
  }
});
