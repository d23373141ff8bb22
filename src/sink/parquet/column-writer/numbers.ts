import { randomInt } from 'node:crypto';
import { isValid } from '../../../record/columns/column-data.js';
import { type ColumnRows, scratchIndices } from './row-group.js';

/** The values of a column that are there, as they lie in memory: one word of 32 bits each or two, the lower first. */
export interface Words {
  readonly words: Int32Array;
  readonly perValue: 1 | 2;
}

/** Values and, for each of them in turn, which one it is. */
export interface Dictionary {
  readonly values: Words;
  readonly indices: Int32Array;
}

/** @param count of values that are there */
export function gatherWords(pieces: readonly ColumnRows[], count: number, perValue: 1 | 2): Words {
  const words = new Int32Array(count * perValue);
  let at = 0;
  for (const { data, start, end } of pieces) {
    if (data === null) continue;
    const { buffer, byteOffset } = data.values as Int32Array;
    const from = new Int32Array(buffer, byteOffset, data.length * perValue);
    if (data.nullCount === 0) {
      words.set(from.subarray(start * perValue, end * perValue), at);
      at += (end - start) * perValue;
      continue;
    }
    for (let row = start; row < end; row++) {
      if (!isValid(data, row)) continue;
      words[at++] = from[row * perValue]!;
      if (perValue === 2) words[at++] = from[row * 2 + 1]!;
    }
  }
  return { words, perValue };
}

/** The booleans of a column that are there, one bit each, least significant first. */
export function gatherBits(pieces: readonly ColumnRows[], count: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(count / 8));
  let at = 0;
  for (const { data, start, end } of pieces) {
    if (data === null) continue;
    const values = data.values as Uint8Array;
    for (let row = start; row < end; row++) {
      if (!isValid(data, row)) continue;
      const bit = data.offset + row;
      if ((values[bit >> 3]! >> (bit & 7)) & 1) bits[at >> 3]! |= 1 << (at & 7);
      at++;
    }
  }
  return bits;
}

/** Places of a table that begins: columns with few values stay within the caches of a processor. */
const FIRST_PLACES = 1024;

/** The dictionary of values as they are met. Open addressing, at most half full. */
class WordTable {
  values: Int32Array;
  known = 0;
  /** 0 is a free place, else the index that is meant is one less. */
  private places = new Int32Array(FIRST_PLACES);

  constructor(private readonly perValue: 1 | 2) {
    this.values = new Int32Array((FIRST_PLACES / 2) * perValue);
  }

  /** @returns its index */
  add(low: number, high: number): number {
    const { values, places, perValue } = this;
    const mask = places.length - 1;
    let place = hashOf(low, high) & mask;
    for (;;) {
      const found = places[place]! - 1;
      if (found < 0) break;
      if (values[found * perValue] === low && (perValue === 1 || values[found * 2 + 1] === high)) return found;
      place = (place + 1) & mask;
    }
    if (this.known * 2 === places.length) {
      this.grow();
      return this.add(low, high);
    }
    values[this.known * perValue] = low;
    if (perValue === 2) values[this.known * 2 + 1] = high;
    places[place] = ++this.known;
    return this.known - 1;
  }

  private grow(): void {
    const places = new Int32Array(this.places.length * 4);
    const values = new Int32Array(this.values.length * 4);
    values.set(this.values);
    for (let index = 0; index < this.known; index++) {
      const high = this.perValue === 2 ? values[index * 2 + 1]! : 0;
      let place = hashOf(values[index * this.perValue]!, high) & (places.length - 1);
      while (places[place] !== 0) place = (place + 1) & (places.length - 1);
      places[place] = index + 1;
    }
    this.places = places;
    this.values = values;
  }
}

/** Of this process alone: whoever made an image cannot choose values that all have the same place. */
const [LOW_FACTOR, HIGH_FACTOR] = [randomInt(2 ** 31) * 2 + 1, randomInt(2 ** 31) * 2 + 1];

function hashOf(low: number, high: number): number {
  const hash = Math.imul(low ^ Math.imul(high, HIGH_FACTOR), LOW_FACTOR);
  return hash ^ (hash >>> 15);
}

/** The dictionary of the values, in the order in which they are first met; null where there are more than `most`. */
export function dictionaryOf({ words, perValue }: Words, most: number): Dictionary | null {
  const count = words.length / perValue;
  const indices = scratchIndices(count);
  const table = new WordTable(perValue);
  let [low, high, found] = [0, 0, -1];
  for (let index = 0; index < count; index++) {
    const nextLow = words[index * perValue]!;
    const nextHigh = perValue === 2 ? words[index * 2 + 1]! : 0;
    if (found < 0 || nextLow !== low || nextHigh !== high) {
      [low, high] = [nextLow, nextHigh];
      found = table.add(low, high);
      if (found >= most) return null;
    }
    indices[index] = found;
  }
  return { values: { words: table.values.slice(0, table.known * perValue), perValue }, indices };
}
