/** Maximum length of a request in bytes, so that a failed one costs little. */
export const MAX_REQUEST_LENGTH = 4 << 20;

/** Maximum gap in bytes that is fetched to join two requests: on a fast line it takes as long as a separate one. */
const MAX_GAP = 1 << 16;

/** Bytes of gaps that are fetched at most, as a share of what is wanted; few blocks may have so many all the same. */
const GAP_SHARE = 1 / 2;
const MIN_GAPS = 1 << 14;

/** A block that is to be fetched. */
export interface Wanted {
  readonly index: number;
  /** Whether it is only likely to be read. */
  readonly isGuess: boolean;
}

/** One range of an object, in blocks. */
export interface Request<Block extends Wanted> {
  readonly first: number;
  readonly count: number;
  /** What of it was asked for, ascending. */
  readonly blocks: readonly Block[];
}

/**
 * The requests for some blocks. Neighbours share one, and so do those with the smallest gaps between them, as long as all
 * that is fetched for nothing stays small beside what is wanted.
 * @param wanted in any order, each block once
 * @param size of a block in bytes
 */
export function requestsFor<Block extends Wanted>(wanted: readonly Block[], size: number): Request<Block>[] {
  const blocks = [...wanted].sort((one, other) => one.index - other.index);
  const most = widestGap(blocks, size);
  const groups: Block[][] = [];
  for (const block of blocks) {
    const group = groups.at(-1);
    const isNear =
      group !== undefined &&
      block.index - group.at(-1)!.index - 1 <= most &&
      (block.index - group[0]!.index + 1) * size <= MAX_REQUEST_LENGTH;
    if (isNear) group.push(block);
    else groups.push([block]);
  }
  return groups.map((group) => ({
    first: group[0]!.index,
    count: group.at(-1)!.index - group[0]!.index + 1,
    blocks: group,
  }));
}

/** The widest gap, in blocks, that is fetched: all of that width and less together keep within what may be fetched. */
function widestGap(blocks: readonly Wanted[], size: number): number {
  const gaps: number[] = [];
  for (let next = 1; next < blocks.length; next++) {
    const gap = blocks[next]!.index - blocks[next - 1]!.index - 1;
    if (gap > 0 && gap * size <= MAX_GAP) gaps.push(gap);
  }
  gaps.sort((one, other) => one - other);
  const sure = blocks.filter(({ isGuess }) => !isGuess).length * size;
  let left = Math.max(MIN_GAPS, sure * GAP_SHARE) / size;
  let widest = 0;
  for (let first = 0; first < gaps.length;) {
    const gap = gaps[first]!;
    let next = first;
    while (gaps[next] === gap) next++;
    left -= gap * (next - first);
    if (left < 0) return widest;
    widest = gap;
    first = next;
  }
  return widest;
}
