import assert from 'node:assert/strict';
import { LAW_CHANNELS } from '../../../src/pool/carve/scan/page-signs.js';
import type { PageFit } from '../../../src/pool/carve/fit/page-fit.js';
import type { PlacedPage, ShapedPages, TableShape } from '../../../src/pool/carve/fit/table-shape.js';
import { undecidedPages } from '../../../src/pool/carve/fit/undecided-pages.js';
import { hashOfKey } from '../../../src/pool/table/hash-law.js';

const [of40, of80] = [40, 80].map((size) => LAW_CHANNELS.find(({ layout }) => layout.size === size)!) as [
  TableShape['channel'],
  TableShape['channel'],
];
const main: TableShape = { channel: of80, slots: 4096 };
/** A key whose home is slot 1024: under 80-byte entries as under 40-byte ones, that is where a page begins. */
const KEY = Array.from({ length: 1 << 20 }, (_, low) => 0x41400000 + low).find(
  (key) => (hashOfKey(key) & 4095) === 1024,
)!;

/** A page that begins with one entry, as a page of one kind of table. */
function placed({ channel }: TableShape, index: number, fit: Partial<PageFit> = {}, key = KEY): PlacedPage {
  const bytes = Buffer.alloc(4096);
  bytes.writeUInt32LE(key, 0);
  bytes.writeUInt32LE(9, 16);
  return {
    index,
    page: {
      bytes,
      fit: { channel, slots: null, page: 0, score: 7.6, keys: 1, atHome: 1, dirty: 0, ...fit },
      physicalAddress: null,
      order: 0,
      copies: 1,
    },
  };
}

function group(shape: TableShape, ...pages: readonly PlacedPage[]): ShapedPages {
  return { shape, pages, keys: pages.length };
}

const other: TableShape = { channel: of40, slots: 4096 };

describe('pages that fit several kinds of tables', () => {
  it("are taken for the main tables' as well, where they fit both alike", () => {
    const [page] = undecidedPages(group(main), [group(other, placed(other, 10))]);
    assert.equal(page?.index, 20);
    assert.equal(page.page.fit.channel, of80);
  });

  it("are the main tables', whatever they fit, when those have the same keys in the same slots", () => {
    const better = group(other, placed(other, 10, { score: 9, keys: 2 }));
    assert.equal(undecidedPages(group(main, placed(main, 20)), [better]).length, 1);
    assert.equal(undecidedPages(group(main), [better]).length, 0);
  });

  it('are not when a key is not in its place, or the tables are of the same layout', () => {
    assert.equal(undecidedPages(group(main), [group(other, placed(other, 10, {}, KEY + 1))]).length, 0);
    assert.equal(undecidedPages(group(main), [group({ ...main, slots: 512 }, placed(main, 0))]).length, 0);
  });
});
