import assert from 'node:assert/strict';
import type { TagTotal } from '../../../src/pool/table/tag-totals.js';
import { openScan } from '../../../src/scan/open-scan.js';
import { decodeScan } from '../../../src/scan/scan.js';
import type { DecodedScan } from '../../../src/scan/scan-result.js';
import {
  hasSharedImages,
  sharedImage,
  sharedImageNames,
  sharedTruth,
  withoutSharedImages,
  type TruthEntry,
} from '../../support/shared/images.js';
import { notReadYet, readsShared } from '../../support/shared/not-read-yet.js';

type Plain = readonly [slot: number, key: number, ...counters: bigint[]];

const signed = (text: string): bigint => BigInt.asIntN(64, BigInt(text));

function expected(entry: TruthEntry): Plain {
  const { NonPagedAllocs, NonPagedFrees, NonPagedBytes, PagedAllocs, PagedFrees, PagedBytes } = entry;
  const counters = [NonPagedAllocs, NonPagedFrees, NonPagedBytes, PagedAllocs, PagedFrees, PagedBytes].map(signed);
  return [entry.slot, entry.key, ...counters];
}

function plain({ slot, key, counters }: TagTotal): Plain {
  return [slot, key, ...counters];
}

async function decoded(name: string, method: 'carve' | 'walk'): Promise<DecodedScan> {
  const scan = await openScan(sharedImage(name), { method, cache: false });
  return decodeScan(scan).finally(() => scan.close());
}

describe('carving the shared images', () => {
  before(function () {
    if (hasSharedImages) return;
    withoutSharedImages('carving against the truth and against walking');
    this.skip();
  });

  for (const name of sharedImageNames()) {
    describe(name, () => {
      let carved: DecodedScan;
      before(async () => {
        carved = await decoded(name, 'carve');
      });

      it('what is not marked is right', () => {
        const texts = new Set(sharedTruth(name).tracker.merged.map((entry) => expected(entry).join()));
        const unmarked = carved.totals.filter(({ complete }) => complete).map(plain);
        assert.deepEqual(
          unmarked.filter((total) => !texts.has(total.join())),
          [],
        );
      });

      it(`every tag of the truth${notReadYet(name, 'carve')}`, function () {
        return readsShared(this, name, 'carve', () => {
          const truth = sharedTruth(name);
          const isLost = (truth.lostPages ?? []).length > 0;
          const isThere = carved.totals.map(({ complete }) => complete || !isLost);
          assert.deepEqual(
            carved.totals.map(plain).filter((_, index) => isThere[index]),
            truth.tracker.merged.map(expected).filter((_, index) => isThere[index]),
          );
          assert.equal(carved.totals.length, truth.tracker.merged.length);
        });
      });

      // ReactOS's are the pages of the table and nothing that could be walked; of a lost page each way keeps other halves.
      if (name.startsWith('reactos') || name.startsWith('lost')) return;
      it(`the identity that walking gives${notReadYet(name, 'carve as walk')}`, function () {
        return readsShared(this, name, 'carve as walk', async () => {
          assert.equal((await decoded(name, 'walk')).imageId, carved.imageId);
        });
      });
    });
  }
});
