/** What an LZ coder writes: some literals, then a match, or none at the end. */
export interface Sequence {
  readonly literals: Uint8Array;
  readonly match: { readonly distance: number; readonly length: number } | null;
}

/** Cuts data into literals and matches, taking the last place where three bytes occurred: poor, but right. */
export function* greedyMatches(
  data: Uint8Array,
  limits: { readonly shortest: number; readonly longest: number; readonly farthest: number },
): Generator<Sequence> {
  const places = new Map<number, number>();
  const key = (at: number): number => data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16);
  let literalsFrom = 0;
  for (let at = 0; at < data.length;) {
    const place = at + 3 <= data.length ? places.get(key(at)) : undefined;
    if (at + 3 <= data.length) places.set(key(at), at);
    let length = 0;
    if (place !== undefined && at - place <= limits.farthest) {
      while (length < limits.longest && at + length < data.length && data[place + length] === data[at + length])
        length++;
    }
    if (length < limits.shortest) {
      at++;
      continue;
    }
    yield { literals: data.subarray(literalsFrom, at), match: { distance: at - place!, length } };
    at += length;
    literalsFrom = at;
  }
  if (literalsFrom < data.length) yield { literals: data.subarray(literalsFrom), match: null };
}
