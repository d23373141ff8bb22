/**
 * The probability of `hits` or more in `tries`, each with probability `share`; summed from the far end, in logarithms,
 * so that small probabilities do not underflow. Sized for a page: some hundred tries.
 */
export function chanceOfAtLeast(hits: number, tries: number, share: number): number {
  if (hits <= 0 || share >= 1) return 1;
  if (share <= 0 || hits > tries) return 0;
  let chance = 0;
  for (let count = hits; count <= tries; count++) chance += Math.exp(logChance(count, tries, share));
  return Math.min(1, chance);
}

/** The probability of `hits` or fewer in `tries`. */
export function chanceOfAtMost(hits: number, tries: number, share: number): number {
  return chanceOfAtLeast(tries - hits, tries, 1 - share);
}

function logChance(hits: number, tries: number, share: number): number {
  return logChoose(tries, hits) + hits * Math.log(share) + (tries - hits) * Math.log1p(-share);
}

function logChoose(of: number, count: number): number {
  let sum = 0;
  for (let step = 1; step <= Math.min(count, of - count); step++) sum += Math.log((of - step + 1) / step);
  return sum;
}
