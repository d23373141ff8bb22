import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { messageOf } from '../errors.js';
import { damagedData } from './lz-window.js';

type Inflate = (data: Uint8Array, options: zlib.ZlibOptions) => Promise<Buffer>;

const inflate: Inflate = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflate);
const inflateRaw: Inflate = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflateRaw);

/**
 * Inflates a zlib stream (RFC 1950) that holds at most `limit` bytes.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export function decodeZlib(data: Uint8Array, limit: number): Promise<Buffer> {
  return bounded(inflate, data, limit);
}

/** The same for a deflate stream without header (RFC 1951). */
export function decodeRawDeflate(data: Uint8Array, limit: number): Promise<Buffer> {
  return bounded(inflateRaw, data, limit);
}

async function bounded(decode: Inflate, data: Uint8Array, limit: number): Promise<Buffer> {
  try {
    return await decode(data, { maxOutputLength: Math.max(limit, 1) });
  } catch (error) {
    throw damagedData(`zlib: ${messageOf(error)}`);
  }
}

/** The largest prime below 2^16. */
const BASE = 65521;

/** Bytes after which the sums may exceed 32 bits, when they begin below BASE. */
const MOST = 5552;

/**
 * Adler-32 as zlib and EWF have it (RFC 1950, 8.2).
 * @param value of the bytes before, to go on from
 */
export function adler32(bytes: Uint8Array, value = 1): number {
  let low = value & 0xffff;
  let high = value >>> 16;
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(at + MOST, bytes.length);
    for (; at < end; at++) {
      low += bytes[at]!;
      high += low;
    }
    low %= BASE;
    high %= BASE;
  }
  return ((high << 16) | low) >>> 0;
}
