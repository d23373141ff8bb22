/** Where a value lies on a logarithmic axis. */
export function logPlace(
  [least, most]: readonly [number, number],
  [from, to]: readonly [number, number],
): (value: number) => number {
  return (value) => from + ((Math.log(value) - Math.log(least)) / (Math.log(most) - Math.log(least))) * (to - from);
}

/** A label that wants to stand beside a point. */
export interface WantedLabel<T> {
  readonly of: T;
  readonly x: number;
  readonly y: number;
  /** Of its text, in pixels. */
  readonly width: number;
}

export interface PlacedLabel<T> {
  readonly of: T;
  /** From the point to the text's middle, in pixels. */
  readonly dx: number;
  readonly dy: number;
}

/** Between a point and the text beside it. */
const GAP = 7;

/**
 * The labels that find room around their points, without lying over another or over a point; the first ones
 * choose first, and those that find none are left out.
 * @param points all that are drawn
 */
export function freeLabels<T>(
  labels: readonly WantedLabel<T>[],
  points: readonly { readonly x: number; readonly y: number }[],
  { right, height }: { readonly right: number; readonly height: number },
): PlacedLabel<T>[] {
  const taken = points.map(({ x, y }) => ({ x1: x - 3.5, x2: x + 3.5, y1: y - 3.5, y2: y + 3.5 }));
  const placed: PlacedLabel<T>[] = [];
  for (const { of, x, y, width } of labels) {
    const beside = GAP + width / 2;
    const places = [
      [beside, 0],
      [-beside, 0],
      [0, -height],
      [0, height],
      [beside, -height / 2],
      [beside, height / 2],
      [-beside, -height / 2],
      [-beside, height / 2],
    ] as const;
    const boxAt = ([dx, dy]: readonly [number, number]) => ({
      x1: x + dx - width / 2,
      x2: x + dx + width / 2,
      y1: y + dy - height / 2,
      y2: y + dy + height / 2,
    });
    const isFree = (place: readonly [number, number]): boolean => {
      const box = boxAt(place);
      if (box.x1 < 0 || box.x2 > right) return false;
      return taken.every((other) => box.x2 < other.x1 || box.x1 > other.x2 || box.y2 < other.y1 || box.y1 > other.y2);
    };
    const place = places.find(isFree);
    if (place === undefined) continue;
    taken.push(boxAt(place));
    placed.push({ of, dx: place[0], dy: place[1] });
  }
  return placed;
}
