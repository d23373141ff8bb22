import { PoolTrackerError } from '../errors.js';
import { hex, physicalAddress, type PhysicalAddress } from '../address.js';

/** A range of physical memory that is contiguous in the source. All three fields are in bytes. */
export interface Run {
  /** Its first physical address. */
  readonly start: PhysicalAddress;
  /** At least 1. */
  readonly length: number;
  /** Its start offset in the source. */
  readonly offset: number;
}

const FIRST_CAPACITY = 64;

/** A run takes 24 bytes; the most fragmented real kernel dumps have some hundred thousand. */
const MAX_RUNS = 1 << 22;

/** @throws PoolTrackerError FORMAT_DAMAGED for impossible addresses, lengths or offsets */
export function checkRun(formatName: string, start: number, length: number, offset: number): void {
  if (
    length >= 0 &&
    start >= 0 &&
    offset >= 0 &&
    start + length <= 2 ** 52 &&
    offset + length <= Number.MAX_SAFE_INTEGER
  )
    return;
  throw new PoolTrackerError(
    'FORMAT_DAMAGED',
    `${formatName}: a run of ${hex(length)} bytes at physical ${hex(start)} (file offset ${hex(offset)}) is beyond what memory can hold (52 bits)`,
  );
}

/**
 * Collects runs as a format lists them. Neighbours that are contiguous both in memory and in the source are merged,
 * so a bitmap dump may add its pages one by one.
 */
export class RunListBuilder {
  private starts = new Float64Array(FIRST_CAPACITY);
  private lengths = new Float64Array(FIRST_CAPACITY);
  private offsets = new Float64Array(FIRST_CAPACITY);
  private count = 0;
  private sorted = true;

  /** @param formatName the container's name, at the start of messages */
  constructor(private readonly formatName: string) {}

  /**
   * @throws PoolTrackerError FORMAT_DAMAGED for impossible addresses, lengths or offsets, FORMAT_REFUSED when there
   * are more than MAX_RUNS runs
   */
  add(start: number, length: number, offset: number): void {
    checkRun(this.formatName, start, length, offset);
    if (length === 0) return;
    const last = this.count - 1;
    if (last >= 0) {
      const end = this.starts[last]! + this.lengths[last]!;
      if (end === start && this.offsets[last]! + this.lengths[last]! === offset) {
        this.lengths[last]! += length;
        return;
      }
      if (start < end) this.sorted = false;
    }
    if (this.count === this.starts.length) this.grow();
    this.starts[this.count] = start;
    this.lengths[this.count] = length;
    this.offsets[this.count] = offset;
    this.count++;
  }

  /** @throws PoolTrackerError FORMAT_DAMAGED when two runs claim the same physical memory */
  build(): RunList {
    if (!this.sorted) return this.sortedCopy().build();
    const used = (values: Float64Array): Float64Array => values.subarray(0, this.count);
    return new RunList(used(this.starts), used(this.lengths), used(this.offsets));
  }

  private grow(): void {
    if (this.count >= MAX_RUNS) {
      throw new PoolTrackerError(
        'FORMAT_REFUSED',
        `${this.formatName}: memory lies in more than ${MAX_RUNS} separate pieces`,
        {
          hint: 'convert it to a raw image, in which memory is in one piece',
        },
      );
    }
    const doubled = (values: Float64Array): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(values.length * 2);
      larger.set(values);
      return larger;
    };
    this.starts = doubled(this.starts);
    this.lengths = doubled(this.lengths);
    this.offsets = doubled(this.offsets);
  }

  private sortedCopy(): RunListBuilder {
    const order = Uint32Array.from({ length: this.count }, (_, index) => index).sort(
      (a, b) => this.starts[a]! - this.starts[b]!,
    );
    const copy = new RunListBuilder(this.formatName);
    let end = 0;
    for (const index of order) {
      const start = this.starts[index]!;
      if (start < end) {
        throw new PoolTrackerError(
          'FORMAT_DAMAGED',
          `${this.formatName}: two runs claim physical ${hex(start)}; expected runs that do not overlap`,
        );
      }
      copy.add(start, this.lengths[index]!, this.offsets[index]!);
      end = start + this.lengths[index]!;
    }
    return copy;
  }
}

/**
 * Every container is reduced to this: the location of each range of physical memory in the source, sorted by address,
 * without overlaps. Between runs are holes.
 *
 * A 6 GiB machine with its PCI hole, as packed raw pages:
 *
 *     start        length      offset
 *     0x0          0xC0000000  0x0
 *     0x100000000  0xC0000000  0xC0000000
 *
 * 0x100001000 lies at offset 0xC0001000; 0xC0000000 is in a hole.
 */
export class RunList implements Iterable<Run> {
  /** Bytes of physical memory in the source. */
  readonly byteLength: number;

  /** Called only by RunListBuilder, which sorts and checks. */
  constructor(
    private readonly starts: Float64Array,
    private readonly lengths: Float64Array,
    private readonly offsets: Float64Array,
  ) {
    this.byteLength = lengths.reduce((sum, length) => sum + length, 0);
  }

  /** Number of runs. */
  get count(): number {
    return this.starts.length;
  }

  /** The first address past the last run; 0 when there is none. */
  get end(): PhysicalAddress {
    const last = this.count - 1;
    return physicalAddress(last < 0 ? 0 : this.starts[last]! + this.lengths[last]!);
  }

  /** The i-th run by address; undefined when there are fewer. */
  at(index: number): Run | undefined {
    if (index < 0 || index >= this.count) return undefined;
    return { start: physicalAddress(this.starts[index]!), length: this.lengths[index]!, offset: this.offsets[index]! };
  }

  /** The index of the run that holds `address`, or of the next one after it (`count` when there is none). */
  indexAt(address: PhysicalAddress): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.starts[middle]! + this.lengths[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The run that holds `address`; undefined in a hole. */
  find(address: PhysicalAddress): Run | undefined {
    const run = this.at(this.indexAt(address));
    return run !== undefined && run.start <= address ? run : undefined;
  }

  /** The runs by address. */
  *[Symbol.iterator](): Iterator<Run> {
    for (let index = 0; index < this.count; index++) yield this.at(index)!;
  }
}

/**
 * Ranges of a stream as they pass, held against each other as those of a file are.
 * @param reader whose offset is that of the range
 * @throws PoolTrackerError FORMAT_DAMAGED behind the last one where two claim the same physical memory
 */
export async function* apart<Range extends { readonly start: PhysicalAddress; readonly length: number }>(
  reader: { readonly label: string; readonly offset: number },
  ranges: AsyncIterable<Range>,
): AsyncGenerator<Range> {
  const seen = new RunListBuilder(reader.label);
  for await (const range of ranges) {
    seen.add(range.start, range.length, reader.offset);
    yield range;
  }
  seen.build();
}
