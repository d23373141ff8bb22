/*
 * How numbers are written: for people in units with three digits, and exactly where one hovers. Counters are bigints and
 * stay so; only what has been scaled down becomes a double. The page's script shares this file.
 */

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
const THOUSANDS = ['', ' k', ' M', ' G', ' T', ' P', ' E'];
export const NONE = '–';
const MINUS = '−';

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** A count of what is listed up to a limit: `200 or more`. */
export function upTo(count: number, limit: number): string {
  return count < limit ? exact(count) : `${exact(limit)} or more`;
}

/** Digits in groups of three: `11,663,360`. */
export function exact(value: bigint | number): string {
  const digits = magnitude(BigInt(value))
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
  return `${BigInt(value) < 0n ? MINUS : ''}${digits}`;
}

/** Three digits of value / unit. */
function threeDigits(value: bigint, unit: bigint): string {
  const thousandths = Number((value * 1000n + unit / 2n) / unit);
  const digits = thousandths < 9_995 ? 2 : thousandths < 99_950 ? 1 : 0;
  return (thousandths / 1000).toFixed(digits);
}

function scaled(value: bigint, base: bigint, units: readonly string[], gap: string): string {
  const size = magnitude(value);
  let [unit, power] = [1n, 0];
  // From 999.5 on the next unit has the better three digits.
  while (power < units.length - 1 && size * 2n >= 1999n * unit) [unit, power] = [unit * base, power + 1];
  const digits = power === 0 ? size.toString() : threeDigits(size, unit);
  return `${value < 0n ? MINUS : ''}${digits}${gap}${units[power]}`;
}

/** Bytes for people: `11.1 MiB`, `648 KiB`, `12 bytes`. */
export function bytesText(bytes: bigint): string {
  return magnitude(bytes) === 1n ? `${exact(bytes)} byte` : scaled(bytes, 1024n, UNITS, ' ');
}

/** Bytes on an axis, which need no three digits: `4 KiB`, `64 MiB`. */
export function axisBytes(bytes: bigint): string {
  return bytesText(bytes)
    .replace(/\.0+ /, ' ')
    .replace(/ bytes?$/, ' B');
}

/** A count for people: `94.5 k`, `132 M`; exact below a thousand, and up to 9,999, which takes no more room. */
export function countText(count: bigint): string {
  return magnitude(count) < 10_000n ? exact(count) : scaled(count, 1000n, THOUSANDS, '');
}

/** A part of a whole in percent, `36 %`: never 0 for some, nor 100 for less than all. */
export function shareText(part: bigint, whole: bigint): string {
  if (whole === 0n) return NONE;
  const tenths = Number((part * 1000n) / whole);
  if (tenths < 10 && part > 0n) return 'under 1 %';
  return tenths >= 995 && part < whole ? 'over 99 %' : `${Math.round(tenths / 10)} %`;
}

/** Tenths as a decimal: `11,390.1`. */
export function tenthsText(tenths: bigint): string {
  const size = magnitude(tenths);
  return `${tenths < 0n ? MINUS : ''}${exact(size / 10n)}.${size % 10n}`;
}

/** Bytes in KiB for a column of them: `11,390.1`; nothing is a dash, and less than a tenth is not nothing. */
export function kibText(bytes: bigint): string {
  if (bytes === 0n) return NONE;
  const tenths = (magnitude(bytes) * 10n + 512n) / 1024n;
  if (tenths === 0n) return `${bytes < 0n ? MINUS : ''}<0.1`;
  return tenthsText(bytes < 0n ? -tenths : tenths);
}

/** With its sign: `+60`, `−4`. */
export function signedText(value: bigint): string {
  return value > 0n ? `+${exact(value)}` : exact(value);
}

/** `1 tag`, `8 tags`. */
export function plural(count: number | bigint, noun: string, several = `${noun}s`): string {
  return `${exact(count)} ${BigInt(count) === 1n ? noun : several}`;
}

/** Milliseconds since 1970 as `2024-10-26 15:10:53`, UTC; to the minute if asked. */
export function timeText(time: number, toTheMinute = false): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return 'not a time';
  return date
    .toISOString()
    .slice(0, toTheMinute ? 16 : 19)
    .replace('T', ' ');
}
