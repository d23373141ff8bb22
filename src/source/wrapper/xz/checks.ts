import { createHash } from 'node:crypto';
import { RunningCrc32 } from '../../../codec/crc32.js';

/** A check over the contents of a block (xz-file-format.txt, 2.1.1.2). */
export interface Check {
  /** Bytes that it takes behind a block. */
  readonly size: number;
  add(bytes: Uint8Array): void;
  value(): Buffer;
}

/** By their numbers; the format reserves others. */
export const CHECKS: Readonly<Record<number, () => Check>> = {
  0: () => ({ size: 0, add: () => undefined, value: () => Buffer.alloc(0) }),
  1: crc32Check,
  4: crc64Check,
  10: sha256Check,
};

function crc32Check(): Check {
  const crc = new RunningCrc32();
  return {
    size: 4,
    add: (bytes) => crc.add(bytes),
    value() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(crc.value);
      return bytes;
    },
  };
}

function sha256Check(): Check {
  const hash = createHash('sha256');
  return { size: 32, add: (bytes) => void hash.update(bytes), value: () => hash.digest() };
}

/** ECMA-182, the lowest bit first: in halves, since bigints take too long. */
const POLYNOMIAL = { low: 0xd7870f42, high: 0xc96c5795 };
const LOW = new Int32Array(256);
const HIGH = new Int32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let [low, high] = [byte, 0];
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) !== 0;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (isOdd) [low, high] = [low ^ POLYNOMIAL.low, high ^ POLYNOMIAL.high];
  }
  LOW[byte] = low;
  HIGH[byte] = high;
}

function crc64Check(): Check {
  let [low, high] = [-1, -1];
  return {
    size: 8,
    add(bytes) {
      for (let at = 0; at < bytes.length; at++) {
        const entry = (low ^ bytes[at]!) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ LOW[entry]!;
        high = (high >>> 8) ^ HIGH[entry]!;
      }
    },
    value() {
      const bytes = Buffer.alloc(8);
      bytes.writeInt32LE(~low, 0);
      bytes.writeInt32LE(~high, 4);
      return bytes;
    },
  };
}
