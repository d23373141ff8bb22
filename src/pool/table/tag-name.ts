/** Bit 31 of a key: the allocation was made with PROTECTED_POOL. The name is that of the other 31 bits. */
export const PROTECTED_POOL = 0x80000000;

export function isProtected(key: number): boolean {
  return key >= PROTECTED_POOL;
}

/** Whether every byte of a tag can be printed, as those of nearly all tags can; one key in fifty can by chance. */
export function isPrintableTag(key: number): boolean {
  return (
    isPlain(key & 0xff) && isPlain((key >>> 8) & 0xff) && isPlain((key >>> 16) & 0xff) && isPlain((key >>> 24) & 0x7f)
  );
}

/** Whether a tag's byte stands for itself. */
function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
}

/**
 * The four bytes of a key in the usual form of a tag, lowest address first; bytes outside printable ASCII, and the
 * backslash, as \xNN, so that no two tags look alike. 0x636F7250 is `Proc`; trailing spaces are part of a tag.
 */
export function tagName(key: number): string {
  const plain = isProtected(key) ? key - PROTECTED_POOL : key;
  let name = '';
  for (let shift = 0; shift < 32; shift += 8) {
    const byte = (plain >>> shift) & 0xff;
    name += isPlain(byte) ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return name;
}
