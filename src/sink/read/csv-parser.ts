/** A field of the file: null when there was nothing between the commas, not even quotes. */
export type CsvField = string | null;

/** Far longer than any record; a quote that is never closed must not collect the file in memory. */
const MAX_RECORD_LENGTH = 16 * 2 ** 20;

const FIELD_END = /[,\r\n"]/g;

/**
 * Parses CSV (RFC 4180) in pieces of any size; LF alone ends a line too. Its errors are plain Errors that do not say
 * where.
 */
export class CsvParser {
  /** Text that is not a whole record yet. */
  private rest = '';

  /** The records that the text completes. */
  take(text: string): Generator<CsvField[]> {
    this.rest += text;
    return this.records(false);
  }

  /** The record that the end of the input completes, when it has no line end. */
  end(): Generator<CsvField[]> {
    return this.records(true);
  }

  private *records(final: boolean): Generator<CsvField[]> {
    let start = 0;
    while (start < this.rest.length) {
      const record = readRecord(this.rest, start, final);
      if (record === null) break;
      start = record.end;
      yield record.fields;
    }
    this.rest = this.rest.slice(start);
    if (this.rest.length > MAX_RECORD_LENGTH)
      throw new Error(`a record longer than ${MAX_RECORD_LENGTH} characters; a quote is never closed?`);
  }
}

/** The record that begins at `start`, and where the next one does; null when the text ends before it. */
function readRecord(text: string, start: number, final: boolean): { fields: CsvField[]; end: number } | null {
  const fields: CsvField[] = [];
  for (let position = start; ; position++) {
    const field = text[position] === '"' ? quotedField(text, position, final) : plainField(text, position, final);
    if (field === null) return null;
    fields.push(field.value);
    position = field.end;
    if (text[position] === ',') continue;
    if (text[position] === '\n') return { fields, end: position + 1 };
    if (text[position] === '\r' && position + 1 === text.length && !final) return null;
    if (text[position] === '\r' && (text[position + 1] === '\n' || position + 1 === text.length))
      return { fields, end: position + 2 };
    if (position === text.length) return { fields, end: position };
    throw new Error(
      text[position] === '\r'
        ? 'a carriage return within a field that is not quoted'
        : 'characters after a closing quote',
    );
  }
}

function plainField(text: string, start: number, final: boolean): { value: CsvField; end: number } | null {
  FIELD_END.lastIndex = start;
  const match = FIELD_END.exec(text);
  if (match === null && !final) return null;
  if (match?.[0] === '"') throw new Error('a quote within a field that is not quoted');
  const end = match?.index ?? text.length;
  return { value: end === start ? null : text.slice(start, end), end };
}

function quotedField(text: string, start: number, final: boolean): { value: CsvField; end: number } | null {
  let quote = text.indexOf('"', start + 1);
  while (quote >= 0 && text[quote + 1] === '"') quote = text.indexOf('"', quote + 2);
  if (quote < 0 && final) throw new Error('a quote is never closed');
  // At the end of the text it may be the first of two.
  if (quote < 0 || (quote + 1 === text.length && !final)) return null;
  return { value: text.slice(start + 1, quote).replaceAll('""', '"'), end: quote + 1 };
}
