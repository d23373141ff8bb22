/**
 * Which of `count` parts an image belongs to, by its name alone: machines that share no more than the list of images do
 * not overlap. FNV-1a, stirred, because its low bits alone do not tell similar names apart.
 */
export function shardOf(source: string, count: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(source)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) % count;
}
