import { PoolTrackerError } from '../../../errors.js';
import { isValid, type TextData } from '../../../record/columns/column-data.js';
import { type ColumnRows, scratchIndices } from './row-group.js';

/** The texts of a column, each once, and for each row that has one in turn which it is. */
export interface Texts {
  readonly bytes: readonly Uint8Array[];
  /** Their bytes as Latin-1, which compare as they do. */
  readonly keys: readonly string[];
  readonly indices: Int32Array;
}

/** Texts of a row group, each once. */
class Distinct {
  readonly bytes: Uint8Array[] = [];
  readonly keys: string[] = [];
  private readonly known = new Map<string, number>();

  /** @returns its number */
  add({ values, valueOffsets }: TextData, index: number): number {
    const start = valueOffsets[index]!;
    const end = valueOffsets[index + 1]!;
    const key = Buffer.from(values.buffer, values.byteOffset + start, end - start).toString('latin1');
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.known.set(key, this.keys.length);
    this.bytes.push(values.subarray(start, end));
    return this.keys.push(key) - 1;
  }
}

const UNMET = -1;

/**
 * Numbers of the row group for indices into the dictionaries of its batches. Each entry is looked up once, as long as
 * the dictionaries only grow.
 */
class Translation {
  private chunks: readonly TextData[] = [];
  private numbers = new Int32Array(0);

  constructor(private readonly distinct: Distinct) {}

  /** The numbers that are known of a dictionary, UNMET for others. */
  of(chunks: readonly TextData[]): Int32Array {
    if (!this.chunks.every((chunk, index) => chunk === chunks[index])) this.numbers.fill(UNMET);
    this.chunks = chunks;
    const entries = chunks.reduce((sum, { length }) => sum + length, 0);
    if (entries > this.numbers.length) {
      const numbers = new Int32Array(entries * 2).fill(UNMET, this.numbers.length);
      numbers.set(this.numbers);
      this.numbers = numbers;
    }
    return this.numbers;
  }

  /** @throws PoolTrackerError RECORDS_DAMAGED for an index that is not in the dictionary */
  meet(index: number): number {
    let within = index;
    for (const chunk of this.chunks) {
      if (within < 0) break;
      if (within < chunk.length) return (this.numbers[index] = this.distinct.add(chunk, within));
      within -= chunk.length;
    }
    throw new PoolTrackerError('RECORDS_DAMAGED', `a dictionary has no text of index ${index}`);
  }
}

/**
 * @param count of rows that have a text
 * @throws PoolTrackerError RECORDS_DAMAGED for an index that is not in its dictionary
 */
export function gatherTexts(pieces: readonly ColumnRows[], count: number): Texts {
  const distinct = new Distinct();
  const translation = new Translation(distinct);
  const indices = scratchIndices(count);
  let at = 0;
  for (const { data, start, end } of pieces) {
    if (data === null || data.nullCount === data.length) continue;
    const hasNulls = data.nullCount > 0;
    if (data.dictionary === undefined) {
      for (let row = start; row < end; row++)
        if (!hasNulls || isValid(data, row)) indices[at++] = distinct.add(data as unknown as TextData, row);
      continue;
    }
    const numbers = translation.of(data.dictionary.data);
    const values = data.values as Int32Array;
    for (let row = start; row < end; row++) {
      if (hasNulls && !isValid(data, row)) continue;
      const known = numbers[values[row]!];
      indices[at++] = known === undefined || known === UNMET ? translation.meet(values[row]!) : known;
    }
  }
  return { bytes: distinct.bytes, keys: distinct.keys, indices };
}
