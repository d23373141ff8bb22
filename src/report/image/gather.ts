import { isMissing, type Missing } from '../../errors.js';
import { outstanding } from '../../pool/table/counters.js';
import { imageColumns, rowsOf, shortfall, type TagNaming } from '../../record/rows/rows.js';
import type { Row } from '../../record/schema/record-type.js';
import { BIGPOOL, OBJECT_COUNT, POOL_TAG, PROCESS } from '../../record/schema/record-types.js';
import type { DecodedScan } from '../../scan/scan-result.js';
import { type BigFacts, type ImageFacts, type ProcessorCount, type TagFacts, tagFacts } from './facts.js';
import { shownByProcessor } from './processors.js';

const LARGEST = 6;
const PAGED = 1;

async function listOf(rows: AsyncIterable<Row> | Iterable<Row>): Promise<Row[]> {
  const list: Row[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

/** One pass over the big allocations in use, of which only sums and the largest are kept. */
async function bigFacts(result: DecodedScan): Promise<BigFacts | Missing> {
  if (isMissing(result.objects)) return result.objects;
  if (isMissing(result.objects.bigPages)) return result.objects.bigPages;
  const sizes = new Map<number, { power: number; count: number; nonpaged: bigint; paged: bigint }>();
  let largest: { tag: string; address: string; bytes: bigint }[] = [];
  let [allocations, sum] = [0, 0n];
  for await (const row of rowsOf(BIGPOOL, result)) {
    const bytes = row.bytes as bigint;
    if (row.free === true || bytes <= 0n) continue;
    const power = bytes.toString(2).length - 1;
    const size = sizes.get(power) ?? { power, count: 0, nonpaged: 0n, paged: 0n };
    size.count++;
    size[((row.pool_type as number) & PAGED) === 0 ? 'nonpaged' : 'paged'] += bytes;
    sizes.set(power, size);
    [allocations, sum] = [allocations + 1, sum + bytes];
    if (largest.length === LARGEST && bytes <= largest.at(-1)!.bytes) continue;
    largest = [...largest, { tag: row.tag as string, address: row.address as string, bytes }]
      .sort((a, b) => (a.bytes < b.bytes ? 1 : -1))
      .slice(0, LARGEST);
  }
  return {
    allocations,
    bytes: sum,
    sizes: [...sizes.values()].sort((a, b) => a.power - b.power),
    largest,
    shortfall: await shortfall(BIGPOOL, result),
  };
}

/** What each processor counts under the tags that are shown. */
function processorCounts(result: DecodedScan, tags: readonly TagFacts[]): ProcessorCount[] {
  const bits = result.tables.layout.countBits;
  const wanted = new Set(shownByProcessor(tags).map(({ key }) => key));
  return result.processorTags.flatMap(({ key, processor, counters }) => {
    if (processor === null || !wanted.has(key)) return [];
    const difference = outstanding(counters[0], counters[1], bits) + outstanding(counters[3], counters[4], bits);
    return [{ key, processor, difference }];
  });
}

/** All that the report of one image needs; the image must still be open. */
export async function gatherImage(result: DecodedScan, naming: TagNaming): Promise<ImageFacts> {
  const tags = tagFacts(rowsOf(POOL_TAG, result, {}, naming) as Iterable<Row>);
  return {
    image: imageColumns(result),
    tags,
    big: await bigFacts(result),
    processes: await listOf(rowsOf(PROCESS, result)),
    processShortfall: await shortfall(PROCESS, result),
    objects: await listOf(rowsOf(OBJECT_COUNT, result)),
    processors: processorCounts(result, tags),
  };
}
