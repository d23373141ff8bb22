import { Bzip2Bits, type Bzip2Block, decodeBzip2Block } from '../../codec/bzip2.js';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { takeTail, type Wrapper } from './wrapper.js';
import type { ByteReader } from '../reading/byte-reader.js';

/** 48 bits each: π begins a block, √π ends the stream. */
const BLOCK = [0x314159, 0x265359] as const;
const END = [0x177245, 0x385090] as const;

const LEVEL_BYTES = 100_000;
/** No code is longer than 20 bits; the tables and selectors are smaller than this. */
const MAX_TABLES_LENGTH = 64 << 10;

const PIECE = 1 << 18;

/** CRC-32, most significant bit first, polynomial 0x04C11DB7. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value < 0 ? 0x04c11db7 : 0);
  return value;
});

/** bzip2; consecutive streams (pbzip2) form one. */
export const bzip2: Wrapper = {
  name: 'bzip2',
  title: 'bzip2 stream',
  claims: (head) => /^BZh[1-9](1AY&|\x17rE8)/.test(Buffer.from(head).toString('latin1')),
  async *unwrap(input, warn) {
    for (let streams = 0; !(await input.atEnd()); streams++) {
      if (!/^BZh[1-9]$/.test((await input.peek(4)).toString('latin1'))) {
        if (streams === 0) throw input.damaged(`no stream begins at offset ${input.offset}`);
        return takeTail(input, Buffer.from('1AY&SY', 'latin1'), 'no stream begins', warn);
      }
      const head = await input.take(4, 'a header');
      yield* streamBytes(input, (head[3]! - 0x30) * LEVEL_BYTES);
    }
  },
};

async function* streamBytes(input: ByteReader, blockBytes: number): AsyncGenerator<Uint8Array> {
  const links = new Uint32Array(blockBytes);
  let bitsTaken = 0;
  for (;;) {
    const bits = new Bzip2Bits(await input.peek(Math.ceil(blockBytes * 2.5) + MAX_TABLES_LENGTH), bitsTaken);
    let block: Bzip2Block | null;
    let crc: number;
    try {
      const magic = [bits.read(24), bits.read(24)];
      if (!isMagic(magic, BLOCK) && !isMagic(magic, END))
        throw input.damaged('neither a block nor the end follows a block');
      crc = bits.read(16) * 0x10000 + bits.read(16);
      block = isMagic(magic, BLOCK) ? decodeBzip2Block(bits, links) : null;
    } catch (error) {
      throw error instanceof PoolTrackerError && !bits.has(0)
        ? input.cut('a block')
        : input.damaged(messageOf(error), error);
    }
    if (block === null) {
      await input.skip(Math.ceil(bits.position / 8));
      return;
    }
    await input.skip(bits.position >>> 3);
    bitsTaken = bits.position & 7;
    if ((yield* expanded(block)) !== crc) throw input.damaged('the CRC of a block is wrong');
  }
}

function isMagic([high, low]: readonly number[], magic: readonly [number, number]): boolean {
  return high === magic[0] && low === magic[1];
}

/** Follows the block's links and undoes its first coding: four equal bytes are followed by how many more there are. Returns the CRC. */
function* expanded({ links, length, first }: Bzip2Block): Generator<Uint8Array, number> {
  let out = Buffer.allocUnsafe(PIECE);
  let filled = 0;
  let crc = -1;
  let equal = 0;
  let previous = -1;
  for (let entry = first, left = length; left > 0; left--) {
    const link = links[entry]!;
    entry = link >>> 8;
    let value = link & 0xff;
    let copies = 1;
    if (equal === 4) {
      copies = value;
      value = previous;
      equal = 0;
    } else {
      equal = value === previous ? equal + 1 : 1;
      previous = value;
    }
    for (; copies > 0; copies--) {
      out[filled++] = value;
      crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ value]!;
    }
    if (filled > PIECE - 256) {
      yield out.subarray(0, filled);
      out = Buffer.allocUnsafe(PIECE);
      filled = 0;
    }
  }
  if (filled > 0) yield out.subarray(0, filled);
  return ~crc >>> 0;
}
