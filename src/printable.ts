/**
 * What must not reach a terminal from a file, a server or a name: control characters (C0, C1: escape sequences, bells,
 * line breaks), what turns the direction of writing (bidirectional controls), and what cannot be seen (zero width,
 * separators, tags).
 */
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
const HIDDEN_BUT_BREAKS = new RegExp(`(?!\\n)(?:${HIDDEN.source})`, 'gu');

function escaped(char: string): string {
  const code = char.codePointAt(0)!;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** One line of a terminal: hidden characters are shown escaped, as `\x1b` and `\u{202e}`. */
export function printable(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/** JSON of the same meaning in which hidden characters are escaped as JSON does. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(HIDDEN, (char) =>
    [...Array(char.length).keys()].map((unit) => `\\u${char.charCodeAt(unit).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** As `printable`, of several lines, whose breaks stay. */
export function printableLines(text: string): string {
  return text.replace(HIDDEN_BUT_BREAKS, escaped);
}
