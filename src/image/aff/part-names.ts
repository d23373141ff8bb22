const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * The extension of the next raw part, as AFFLIB counts: 000 to 999, A00 to A0Z, A10 to ZZZ, in the letter case of the
 * one before; null behind the last.
 */
export function partNameAfter(extension: string): string | null {
  if (/^\d{3}$/.test(extension)) return extension === '999' ? 'A00' : String(Number(extension) + 1).padStart(3, '0');
  const digits = [...extension.toUpperCase()];
  for (let place = 2; place >= 0; place--) {
    const next = DIGITS[DIGITS.indexOf(digits[place]!) + 1];
    digits[place] = next ?? '0';
    if (next === undefined) continue;
    const name = digits.join('');
    return extension === extension.toLowerCase() ? name.toLowerCase() : name;
  }
  return null;
}
