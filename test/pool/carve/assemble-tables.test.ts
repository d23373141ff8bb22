import assert from 'node:assert/strict';
import { assembleTables, type AssembledTables, type Place } from '../../../src/pool/carve/choose/assemble-tables.js';
import { LAW_CHANNELS } from '../../../src/pool/carve/scan/page-signs.js';
import { pageCount, type PlacedPage, type TableShape } from '../../../src/pool/carve/fit/table-shape.js';
import { unseenShares } from '../../../src/pool/carve/choose/unseen-shares.js';
import { hashOfKey } from '../../../src/pool/table/hash-law.js';

const channel = LAW_CHANNELS.find(({ layout: { size } }) => size === 80)!;
const shape: TableShape = { channel, slots: 512 };
/** Of this slot 16 bytes lie on page 0, and 64 on page 1; the key's home is elsewhere. */
const ACROSS = 51;
const KEY = 0x41414141;
let order = 0;

/** A page with counters in the entries given; of the one that reaches in from the page before, all but its beginning. */
function pageWith(index: number, slots: readonly number[], { copies = 1, keyOf = (): number => KEY } = {}): PlacedPage {
  const table = Buffer.alloc(pageCount(shape) * 4096);
  for (const slot of slots) {
    table.writeUInt32LE(keyOf(), slot * 80);
    table.writeUInt32LE(7, slot * 80 + 16);
  }
  order += 2;
  const fit = { channel, slots: null, page: index, score: 9, keys: slots.length, atHome: 1, dirty: 0 };
  return {
    index,
    page: { bytes: table.subarray(index * 4096, (index + 1) * 4096), fit, physicalAddress: null, order, copies },
  };
}

function place(index: number, live: readonly PlacedPage[], lost = 0): Place {
  return {
    index,
    lost,
    live:
      live.length === 0
        ? null
        : { index, live, setAside: [], keys: 1, doubt: null, cost: 0, disputed: [], mayBeOne: false },
  };
}

function assemble(processors: number, ...first: readonly Place[]): AssembledTables {
  const rest = Array.from({ length: pageCount(shape) - first.length }, (_, index) => place(index + first.length, []));
  return assembleTables([...first, ...rest], shape, processors);
}

describe('an entry across two pages', () => {
  const whole = pageWith(0, [10, ACROSS]);
  const other = pageWith(0, [11]);

  it('is severed where its rest lies on a page that nobody recognised', () => {
    const { severed, tables } = assemble(
      3,
      place(0, [whole, other, pageWith(0, [12, ACROSS])]),
      place(1, [pageWith(1, [ACROSS, 60])]),
    );
    assert.deepEqual(severed, [ACROSS]);
    assert.ok(
      tables.every((table) => table.isReadable(60)),
      'the other tags of the page are not touched',
    );
  });

  it('is not where every table has its rest, or a page that shows that it is zero', () => {
    const rest = pageWith(1, [ACROSS, 60]);
    assert.deepEqual(assemble(2, place(0, [whole, other]), place(1, [rest])).severed, []);
    assert.deepEqual(
      assemble(2, place(0, [whole, pageWith(0, [ACROSS])]), place(1, [rest, pageWith(1, [61])])).severed,
      [],
    );
  });

  it('is severed where its rest is seen, and no key before it', () => {
    const { severed } = assemble(
      2,
      place(0, [whole]),
      place(1, [pageWith(1, [ACROSS, 60]), pageWith(1, [ACROSS, 61])]),
    );
    assert.deepEqual(severed, [ACROSS]);
  });

  it('is severed where the rest that was seen may be that of either of two tables', () => {
    const { severed } = assemble(
      3,
      place(0, [whole, other, pageWith(0, [12, ACROSS])]),
      place(1, [pageWith(1, [60]), pageWith(1, [ACROSS, 60])]),
    );
    assert.deepEqual(severed, [ACROSS]);
  });

  it('tells whose page is the one that is known to be lost', () => {
    const { tables } = assemble(
      3,
      place(0, [whole, pageWith(0, [ACROSS]), other]),
      place(1, [pageWith(1, [ACROSS, 60])], 1),
    );
    assert.deepEqual(
      tables.map((table) => table.isReadable(60)),
      [true, false, true],
    );
  });
});

describe('shares that nobody sees', () => {
  const atHome = (): number =>
    Array.from({ length: 1 << 16 }, (_, low) => 0x41410000 + low).find((key) => (hashOfKey(key) & 511) === 60)!;
  const displaced = place(1, [pageWith(1, [60])]);

  it('are those of displaced keys, where fewer pages than processors are live', () => {
    assert.deepEqual(unseenShares(displaced, shape, 2), [60]);
    assert.deepEqual(unseenShares(displaced, shape, 1), []);
  });

  it('are not those of keys at home, whose page is recognised by them', () => {
    assert.deepEqual(unseenShares(place(1, [pageWith(1, [60], { keyOf: atHome })]), shape, 2), []);
  });

  it('are not told again where the page is known to be lost', () => {
    assert.deepEqual(unseenShares(place(1, [pageWith(1, [60])], 1), shape, 2), []);
  });

  it("are those of equal pages with few counts, which may be two processors'", () => {
    const twice = place(1, [pageWith(1, [60], { copies: 2, keyOf: atHome })]);
    assert.deepEqual(unseenShares(twice, shape, 2), [60]);
    assert.deepEqual(unseenShares(twice, shape, 1), []);
  });
});
