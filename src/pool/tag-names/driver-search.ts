import { messageOf, PoolTrackerError } from '../../errors.js';
import { PROTECTED_POOL } from '../table/tag-name.js';

/** A driver's bytes, as a file holds them or as they lie in memory. */
export interface DriverImage {
  readonly name: string;
  chunks(): AsyncIterable<Buffer>;
}

export interface DriverSearch {
  /** By key: names of the modules that hold the tag's bytes, likeliest first. Keys that none holds are left out. */
  readonly candidates: ReadonlyMap<number, readonly string[]>;
  readonly searched: number;
  /** One line for each module that could not be read. */
  readonly unreadable: readonly string[];
}

/**
 * Bytes that occur in more modules than this say little; then only the modules that load them into a register are
 * named.
 */
const MAX_CANDIDATES = 16;

/**
 * Searches modules for tags, as poolmon /c does, in one pass over each module however many tags there are. A hit proves
 * nothing: the four bytes may be there by chance. Where they follow the opcode of `mov register, imm32` or `push
 * imm32`, as in a call of ExAllocatePoolWithTag, the module comes before those that hold them as data.
 * @param keys as stored; the bit PROTECTED_POOL is not compared
 */
export async function searchDrivers(
  images: Iterable<DriverImage> | AsyncIterable<DriverImage>,
  keys: Iterable<number>,
): Promise<DriverSearch> {
  const wanted = new WantedTags(keys);
  const operands = new Map<number, string[]>();
  const data = new Map<number, string[]>();
  const unreadable: string[] = [];
  let searched = 0;
  for await (const image of images) {
    const search = new ModuleSearch(wanted);
    try {
      for await (const chunk of image.chunks()) search.feed(chunk);
    } catch (error) {
      if (!(error instanceof PoolTrackerError)) throw error;
      unreadable.push(messageOf(error));
    }
    searched++;
    for (const [bits, isOperand] of search.hits) append(isOperand ? operands : data, bits, image.name);
  }
  const candidates = new Map<number, readonly string[]>();
  for (const [bits, stored] of wanted.keys) {
    const likely = operands.get(bits) ?? [];
    const all = [...likely, ...(data.get(bits) ?? [])];
    const named = all.length > MAX_CANDIDATES ? likely.slice(0, MAX_CANDIDATES) : all;
    if (named.length > 0) for (const key of stored) candidates.set(key, named);
  }
  return { candidates, searched, unreadable };
}

function append<Element>(lists: Map<number, Element[]>, at: number, element: Element): void {
  const list = lists.get(at);
  if (list === undefined) lists.set(at, [element]);
  else list.push(element);
}

/** The tags to find, with a table that rules out nearly every position by its first two bytes alone. */
class WantedTags {
  readonly firstTwo = new Uint8Array(0x10000);
  /** The keys as given, by their value without PROTECTED_POOL. */
  readonly keys = new Map<number, number[]>();

  constructor(keys: Iterable<number>) {
    for (const key of keys) {
      const bits = key & ~PROTECTED_POOL;
      append(this.keys, bits, key);
      this.firstTwo[bits & 0xffff] = 1;
    }
  }
}

/** The search of one module, which arrives in pieces of any length. */
class ModuleSearch {
  /** By the value without PROTECTED_POOL: whether the tag was seen as an operand. */
  readonly hits = new Map<number, boolean>();
  /** The last four bytes, the latest in the most significant place. */
  private word = 0;
  /** The last four bytes of the previous piece. */
  private tail = Buffer.alloc(4);
  private position = 0;

  constructor(private readonly wanted: WantedTags) {}

  feed(chunk: Buffer): void {
    const { firstTwo, keys } = this.wanted;
    let word = this.word;
    for (let index = 0; index < chunk.length; index++) {
      word = (word >>> 8) | (chunk[index]! << 24);
      if (firstTwo[word & 0xffff] === 0) continue;
      const bits = word & ~PROTECTED_POOL;
      if (!keys.has(bits) || this.position + index < 3) continue;
      const before = index >= 4 ? chunk[index - 4]! : this.tail[index]!;
      this.hits.set(bits, isImmediateOpcode(before) || this.hits.get(bits) === true);
    }
    this.word = word;
    this.position += chunk.length;
    this.tail = Buffer.concat([this.tail, chunk.subarray(-4)]).subarray(-4);
  }
}

/** `mov r32, imm32` (B8 to BF, after a REX prefix for r8d and up) and `push imm32` (68), on x86 and x64 alike. */
function isImmediateOpcode(opcode: number): boolean {
  return (opcode & 0xf8) === 0xb8 || opcode === 0x68;
}
