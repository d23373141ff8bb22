import type { Value } from './schema/record-type.js';

const INCOMPLETE = '?';
const CONSISTENCY_MARKS: Readonly<Record<string, string>> = { torn: '~', impossible: '!' };

/** What the marks mean, in at most 80 characters. */
export const MARK_LEGEND = `${INCOMPLETE} may be wrong (unread, or not decided)   ~ torn, ! impossible: does not add up`;

/** `?` for counts that may be wrong, `~` and `!` for those that do not add up; nothing for all others. */
export function tagMark(complete: Value, consistency: Value): string {
  return `${complete === false ? INCOMPLETE : ''}${CONSISTENCY_MARKS[String(consistency)] ?? ''}`;
}
