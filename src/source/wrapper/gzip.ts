import { createGunzip } from 'node:zlib';
import { inflateThrough } from './inflate-through.js';
import type { Wrapper } from './wrapper.js';

/** gzip (RFC 1952); members one behind another are one stream. */
export const gzip: Wrapper = {
  name: 'gzip',
  title: 'gzip stream',
  claims: (head) => head[0] === 0x1f && head[1] === 0x8b,
  unwrap: (input) => inflateThrough(input, createGunzip({ chunkSize: 1 << 18 })),
};
