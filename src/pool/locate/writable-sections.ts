import type { VirtualAddress } from '../../address.js';
import type { Section } from '../../kernel/root/root.js';

/**
 * Maximum distance in bytes between the pointers and variables that belong to the tables. In 213 builds they lie within
 * 0x100 bytes of the array ExPoolTagTables, which itself has up to 16 KiB.
 */
const NEAR = 1 << 16;

/**
 * Whether a variable near `place` holds this value.
 * @param within maximum distance in bytes
 */
export function standsNear(
  sections: readonly Section[],
  place: VirtualAddress,
  value: number,
  within = BigInt(NEAR),
): boolean {
  const section = sections.find(({ start, bytes }) => place >= start && place < start + BigInt(bytes.length));
  if (section === undefined) return false;
  const { pointerSize } = section;
  const at = Number(place - section.start);
  const bytes = section.bytes.subarray(Math.max(0, at - Number(within)), at + Number(within));
  const needle = Buffer.alloc(pointerSize);
  needle.writeUInt32LE(value);
  for (let found = bytes.indexOf(needle); found >= 0; found = bytes.indexOf(needle, found + 1))
    if (found % pointerSize === 0) return true;
  return false;
}
