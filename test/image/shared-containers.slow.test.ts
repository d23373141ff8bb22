import assert from 'node:assert/strict';
import { openImage } from '../../src/image/formats.js';
import { openSource } from '../../src/source/open-source.js';
import { readBytes } from '../../src/source/source.js';
import { addressRanges } from '../support/expect/memory.js';
import {
  hasSharedImages,
  sharedImage,
  sharedImageNames,
  sharedTruth,
  stemOf,
  withoutSharedImages,
} from '../support/shared/images.js';

const PIECE = 1 << 20;

/** Full dumps: all of the memory but its first page, which Windows leaves out. */
const FULL_DUMPS = ['win10-14393.dmp', 'win10-17763.dmp', 'x86pae-17763.dmp'];

const FORMATS: Readonly<Record<string, string>> = {
  raw: 'raw',
  lime: 'lime',
  elf: 'elf-core',
  dmp: 'crash-dump-64',
};

function formatOf(name: string): string {
  return name === 'x86pae-17763.dmp' ? 'crash-dump-32' : FORMATS[name.slice(name.lastIndexOf('.') + 1)]!;
}

/** Where the memory begins that a container holds whole; null for one that holds part of it. */
function firstAddress(name: string): number | null {
  if (FULL_DUMPS.includes(name)) return 0x1000;
  return /\.(lime|elf)$/.test(name) && !name.startsWith('reactos') ? 0 : null;
}

describe('containers of the shared images', () => {
  before(function () {
    if (hasSharedImages) return;
    withoutSharedImages('containers against the raw image');
    this.skip();
  });

  const names = sharedImageNames();
  for (const name of names) {
    const raw = `${stemOf(name)}.raw`;
    const beside = name !== raw && names.includes(raw);
    it(`${name} is of its format${beside ? " and holds the raw image's bytes, page by page" : ''}`, async () => {
      const image = await openImage(await openSource(sharedImage(name)));
      assert.equal(image.format, formatOf(name));
      const first = firstAddress(name);
      if (first !== null) {
        const { ramRanges } = sharedTruth(name) as unknown as { ramRanges: readonly (readonly [string, string])[] };
        const expected = ramRanges.map(([start, end]) => [Math.max(Number(start), first), Number(end)]);
        assert.deepEqual(addressRanges(image), expected);
      }
      if (beside) {
        const whole = await openSource(sharedImage(raw));
        for (const run of image.runs) {
          for (let at = 0; at < run.length; at += PIECE) {
            const length = Math.min(PIECE, run.length - at);
            const [bytes, wanted] = await Promise.all([
              readBytes(image.source, run.offset + at, length),
              readBytes(whole, run.start + at, length),
            ]);
            assert.ok(bytes.equals(wanted), `the bytes at ${(run.start + at).toString(16)}`);
          }
        }
        await whole.close();
      }
      await image.source.close();
    });
  }
});
