import { column, IDENTITY_COLUMNS, nullableColumn, recordType } from './record-type.js';

function countColumns<const Pool extends 'nonpaged' | 'paged'>(pool: Pool, name: string) {
  return [
    nullableColumn(`${pool}_allocs` as const, 'int64', `${name} allocations since start.`),
    nullableColumn(`${pool}_frees` as const, 'int64', `${name} frees since start.`),
    nullableColumn(`${pool}_outstanding` as const, 'int64', `${name} allocations in use.`),
    nullableColumn(`${pool}_bytes` as const, 'int64', `${name} bytes in use.`),
  ] as const;
}

/** One record per tag and moment of a live machine, as a tool on it showed them; what it does not show is null. */
export const POOL_TAG_LIVE = recordType({
  name: 'pool_tag_live',
  description:
    'Pool tag counts of a live machine, as poolmon, !poolused or a CSV show them; nothing of them is proved.',
  columns: [
    ...IDENTITY_COLUMNS,
    nullableColumn(
      'captured_at_source',
      'string',
      'Who says when it was: log, given (--captured-at) or file (when the log was last written); null when unknown.',
    ),
    column('tool', 'string', 'What showed the counts: poolmon, poolused or csv.'),
    column('snapshot', 'int32', 'Which moment of the log, from 0.'),
    column('tag', 'string', 'The tag as the tool shows it, with spaces up to four characters.'),
    nullableColumn(
      'key',
      'uint32',
      'The four bytes of the tag; null where a character may stand for a byte that cannot be printed.',
    ),
    ...countColumns('nonpaged', 'Nonpaged'),
    ...countColumns('paged', 'Paged'),
    nullableColumn('driver', 'string', 'The driver that the tool names.'),
    nullableColumn('description', 'string', 'What the tool says about the tag.'),
    nullableColumn(
      'complete',
      'bool',
      'Whether the sums agree with the totals that the tool shows: false where they do not or the display was stopped; null where it shows none.',
    ),
  ],
});
