import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';
import { Deflate64, DEFLATE64_MARGIN } from '../../src/codec/deflate64.js';
import { PoolTrackerError } from '../../src/errors.js';
import { Random } from '../support/generate/random.js';

/** Decodes data that are all at hand. */
function decode(data: Uint8Array, most = Infinity): Buffer {
  const decoder = new Deflate64();
  const padded = Buffer.concat([data, Buffer.alloc(DEFLATE64_MARGIN)]);
  const pieces: Buffer[] = [];
  let length = 0;
  for (let at = 0; !decoder.done && length <= most;) {
    at += decoder.decode(padded.subarray(at));
    assert.ok(at <= padded.length);
    if (at > data.length) throw new PoolTrackerError('FORMAT_DAMAGED', 'cut');
    pieces.push(decoder.take());
    length += pieces.at(-1)!.length;
  }
  return Buffer.concat(pieces);
}

const WORDS = Buffer.from('pool tags of a kernel: ');
const CONTENT = Buffer.concat([
  WORDS,
  Buffer.alloc(40_000),
  Buffer.alloc(300, 0xff),
  WORDS,
  Buffer.alloc(65_000),
  WORDS,
]);

describe('Deflate64', () => {
  it('decodes what 7-Zip made of matches longer and farther than those of deflate', () => {
    const packed = Buffer.from(
      '5N6xEUBAFAVApbw6dHPBEbjxDfqnBanZrWSPqpG7rVdqScvWz72POROPx+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8f7g4f3HV+w4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px3vLvwMBAAAAhkHzpz7BCcokHo/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/H4/F4PB6Px+PxeDwej8fj8Xg8Ho/Hq9O/Hw==',
      'base64',
    );
    assert.ok(decode(packed).equals(CONTENT));
    for (let length = 0; length < packed.length; length++)
      assert.throws(() => decode(packed.subarray(0, length)), { code: 'FORMAT_DAMAGED' }, String(length));
  });

  it('decodes a length of 65538: a fixed block of a letter, code 285 with 16 bits, distance 1 and the end', () => {
    // From the first bit: 1 10 for the block, 10010001, 11000101, sixteen ones, 00000, 0000000.
    const bits = `110${'10010001'}${'11000101'}${'1'.repeat(16)}00000${'0'.repeat(7)}`;
    const packed = Buffer.alloc(Math.ceil(bits.length / 8));
    for (const [at, bit] of [...bits].entries()) packed[at >> 3]! |= Number(bit) << (at & 7);
    assert.ok(decode(packed).equals(Buffer.alloc(65_539, 'a')));
  });

  it('decodes deflate where that has no length of 258, its one difference: stored, fixed and other codes', () => {
    const random = new Random(5);
    const noise = Buffer.from(Uint8Array.from({ length: 200_000 }, () => random.below(256)));
    const letters = Buffer.from(
      Uint8Array.from({ length: 300_000 }, () => 97 + (random.below(20) * random.below(20)) / 19),
    );
    for (const bytes of [noise, letters, Buffer.concat([letters, noise, letters]), Buffer.from('x'), Buffer.alloc(0)])
      for (const level of [0, 1, 9]) assert.ok(decode(deflateRawSync(bytes, { level })).equals(bytes), String(level));
    const fixed = deflateRawSync(letters.subarray(0, 2000), { strategy: 4 });
    assert.ok(decode(fixed).equals(letters.subarray(0, 2000)));
  });

  it('ends in bytes or in an error, whatever it is fed', () => {
    const random = new Random(9);
    const packed = deflateRawSync(Buffer.from('pages and pages of tags, '.repeat(400)));
    for (let turn = 0; turn < 1500; turn++) {
      const bytes = Buffer.from(turn % 2 ? packed : Uint8Array.from({ length: 200 }, () => random.below(256)));
      bytes[random.below(bytes.length)] = random.below(256);
      try {
        decode(bytes, 1 << 20);
      } catch (error) {
        assert.ok(error instanceof PoolTrackerError && error.code === 'FORMAT_DAMAGED', String(error));
      }
    }
  });
});
