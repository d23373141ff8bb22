import { PROTECTED_POOL } from '../table/tag-name.js';

/** The tags that a module holds, by their value without PROTECTED_POOL: whether one was seen as an operand. */
export type TagHits = ReadonlyMap<number, boolean>;

/** The tags to find, with a table that rules out nearly every position by its first two bytes alone. */
export class WantedTags {
  readonly firstTwo = new Uint8Array(0x10000);
  /** Their values without PROTECTED_POOL. */
  readonly bits: ReadonlySet<number>;

  /** @param keys as stored, or without PROTECTED_POOL */
  constructor(keys: Iterable<number>) {
    this.bits = new Set([...keys].map((key) => key & ~PROTECTED_POOL));
    for (const bits of this.bits) this.firstTwo[bits & 0xffff] = 1;
  }
}

/** The search of one module, which arrives in pieces of any length. */
export class ModuleSearch {
  readonly hits = new Map<number, boolean>();
  /** The last four bytes, the latest in the most significant place. */
  private word = 0;
  /** The last four bytes of the previous piece. */
  private tail = Buffer.alloc(4);
  private position = 0;

  constructor(private readonly wanted: WantedTags) {}

  feed(chunk: Buffer): void {
    const { firstTwo, bits: all } = this.wanted;
    let word = this.word;
    for (let index = 0; index < chunk.length; index++) {
      word = (word >>> 8) | (chunk[index]! << 24);
      if (firstTwo[word & 0xffff] === 0) continue;
      const bits = word & ~PROTECTED_POOL;
      if (!all.has(bits) || this.position + index < 3) continue;
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
