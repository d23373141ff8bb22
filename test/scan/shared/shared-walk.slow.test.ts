import assert from 'node:assert/strict';
import { join } from 'node:path';
import { hex } from '../../../src/address.js';
import { LOCATE_WAYS, type LocateWay } from '../../../src/pool/locate/locate.js';
import type { DecodedScan } from '../../../src/scan/scan-result.js';
import { reportedTotals } from '../../../src/scan/reported-totals.js';
import { decodeScan } from '../../../src/scan/scan.js';
import { openScan } from '../../../src/scan/open-scan.js';
import {
  hasSharedImages,
  SHARED,
  sharedImage,
  sharedImageNames,
  sharedTruth,
  stemOf,
  withoutSharedImages,
  type CounterTexts,
  type Truth,
  type TruthEntry,
} from '../../support/shared/images.js';
import { NAMES_NOT_READ_YET, notReadYet, readsShared } from '../../support/shared/not-read-yet.js';

/** Ways that cannot lead to the tables of an image: nobody has its symbols. */
const IMPOSSIBLE: Readonly<Record<string, readonly LocateWay[]>> = {
  'arm64-22000': ['symbols'],
  'hard/sparse-one-cpu': ['symbols'],
  'hard/tiny-one-cpu': ['symbols'],
  nosymbols: ['symbols'],
  'spill-28000': ['symbols'],
  'win11-26100': ['symbols'],
};

/** Images of which a page is lost on purpose: what it held cannot be had. */
const LOSSY = new Set(['lost-17763']);

/** Images whose symbols are in a file and not in the built-in list. */
const WITH_SYMBOL_FILE = ['x86-7601', 'x86pae-7601', 'x86pae-17763'];

/** Counters as records carry them, in the order of COUNTERS: bytes signed at a pointer's width. */
function signed(texts: readonly string[], { tracker }: Truth): bigint[] {
  const byteBits = [28, 48, 64].includes(tracker.entrySize) ? 32 : 64;
  return texts.map((text, index) => BigInt.asIntN(index % 3 === 2 ? byteBits : 64, BigInt(text)));
}

function placeOf({ source, isOverflowEntry }: TruthEntry): string {
  return source === 'expansion' ? 'expansion' : isOverflowEntry ? 'overflow' : 'table';
}

function countersOf(texts: CounterTexts, truth: Truth): bigint[] {
  const { NonPagedAllocs, NonPagedFrees, NonPagedBytes, PagedAllocs, PagedFrees, PagedBytes } = texts;
  return signed([NonPagedAllocs, NonPagedFrees, NonPagedBytes, PagedAllocs, PagedFrees, PagedBytes], truth);
}

function expected(entry: TruthEntry, truth: Truth): object {
  return { key: entry.key, slot: entry.slot, place: placeOf(entry), counters: countersOf(entry, truth) };
}

async function walk(name: string, locate: LocateWay): Promise<DecodedScan> {
  const symbols = WITH_SYMBOL_FILE.includes(stemOf(name)) ? { symbols: join(SHARED, 'isf') } : {};
  const scan = await openScan(sharedImage(name), { locate, cache: false, ...symbols });
  return decodeScan(scan, true).finally(() => scan.close());
}

function assertKernel({ kernel, tables }: DecodedScan, truth: Truth): void {
  assert.equal(kernel.architecture, truth.arch ?? 'x64');
  assert.equal(hex(kernel.location!.root), truth.dtb);
  assert.equal(hex(kernel.location!.base), truth.kernelBase);
  assert.equal(kernel.pdb?.guid, truth.guid);
  assert.equal(tables.processorsSeen, truth.cpus);
  assert.equal(kernel.capturedAt?.getTime(), Number(BigInt(truth.systemTime!) / 10_000n - 11_644_473_600_000n));
}

function assertTotals({ totals }: DecodedScan, truth: Truth, lossy: boolean): void {
  const plain = totals.map(({ key, slot, place, counters }) => ({ key, slot, place, counters: [...counters] }));
  if (!lossy)
    assert.deepEqual(
      plain,
      truth.tracker.merged.map((entry) => expected(entry, truth)),
    );
  const entries = truth.tracker.merged;
  assert.equal(totals.length, entries.length);
  for (const [index, total] of totals.entries()) {
    if (total.complete) assert.deepEqual(plain[index], expected(entries[index]!, truth));
  }
  assert.equal(
    totals.every(({ complete }) => complete),
    !lossy,
  );
  const bits = [28, 40].includes(truth.tracker.entrySize) ? 32 : 64;
  for (const [index, { nonPagedOutstanding, pagedOutstanding, complete }] of totals.entries()) {
    const { nonPaged, paged } = entries[index]!.modularOutstanding;
    if (complete)
      assert.deepEqual(
        [nonPagedOutstanding, pagedOutstanding],
        [nonPaged, paged].map((value) => BigInt.asIntN(bits, BigInt(value))),
      );
  }
}

function assertProcessors({ processorTags }: DecodedScan, truth: Truth): void {
  for (const [processor, entries] of truth.tracker.perCpu.entries()) {
    const mine = processorTags.filter((tag) => tag.processor === processor);
    const keyless = truth.tracker.keyless?.perCpu.find(([cpu]) => cpu === processor);
    const overflow = keyless === undefined ? [] : [[truth.tracker.keyless!.slot, 0, ...keyless.slice(1)] as const];
    assert.deepEqual(
      mine.map(({ slot, key, counters }) => [slot, key, ...counters]),
      [...entries, ...overflow].map(([slot, key, ...counters]) => [slot, key, ...signed(counters.map(String), truth)]),
    );
  }
}

function assertReport(decoded: DecodedScan, truth: Truth): void {
  if (truth.tracker.merged.some(({ asReported }) => asReported === undefined)) return;
  assert.deepEqual(
    reportedTotals(decoded).map(({ counters }) => [...counters]),
    truth.tracker.merged.map(({ asReported }) => countersOf(asReported!, truth)),
  );
}

describe('walking the shared images', function () {
  if (!hasSharedImages) {
    it('needs the shared images', function () {
      withoutSharedImages('walking the shared images');
      this.skip();
    });
    return;
  }
  const ids = new Map<string, Set<string>>();
  for (const name of sharedImageNames().filter((image) => !image.startsWith('reactos'))) {
    const stem = stemOf(name);
    for (const way of LOCATE_WAYS) {
      if (IMPOSSIBLE[stem]?.includes(way)) {
        it(`${name} cannot be read by ${way}, and says why`, () =>
          assert.rejects(walk(name, way), { code: 'TABLES_NOT_FOUND' }));
        continue;
      }
      const check = `walk by ${way}` as const;
      it(`${name} by ${way}: every tag, counter and place${notReadYet(name, check)}`, function () {
        return readsShared(this, name, check, async () => {
          const truth = sharedTruth(name);
          const decoded = await walk(name, way);
          assertKernel(decoded, truth);
          assertTotals(decoded, truth, LOSSY.has(stem));
          if (!LOSSY.has(stem)) {
            assertProcessors(decoded, truth);
            assertReport(decoded, truth);
          }
          ids.set(stem, (ids.get(stem) ?? new Set()).add(decoded.imageId));
        });
      });
    }
  }
  it('what is said not to be read yet is there', () => {
    const names = sharedImageNames();
    assert.deepEqual(
      NAMES_NOT_READ_YET.filter((name) => !names.includes(name)),
      [],
    );
  });
  it('the same memory has the same identity in every container, found any way', () => {
    for (const [stem, found] of ids) assert.equal(found.size, 1, stem);
  });
});
