import {
  column,
  type Column,
  IDENTITY_COLUMNS,
  KERNEL_COLUMNS,
  nullableColumn,
  recordType,
  TAG_COLUMNS,
} from './record-type.js';

const PLACE_COLUMNS = [
  column('slot', 'int32', 'Index of the entry in its table.'),
  column('place', 'string', 'Which table the entry lies in: table, overflow (the last slot) or expansion.'),
] as const satisfies readonly Column[];

const PROOF_COLUMNS = [
  column(
    'complete',
    'bool',
    'False when a page that could hold a part of these counts was missing, or the evidence does not decide.',
  ),
  column('located_by', 'string', 'How the tables were found: known-build, symbols, kdbg, structure or carve.'),
] as const satisfies readonly Column[];

/** One record per tag: the totals over all processors, as the kernel itself reports them. */
export const POOL_TAG = recordType({
  name: 'pool_tag',
  description: 'Pool tag totals over all processors, summed as the kernel does.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    ...TAG_COLUMNS,
    column('nonpaged_allocs', 'int64', 'Nonpaged allocations since start.'),
    column('nonpaged_frees', 'int64', 'Nonpaged frees since start.'),
    column('nonpaged_outstanding', 'int64', 'Nonpaged allocations minus frees, at the width of the counter, signed.'),
    column(
      'nonpaged_bytes',
      'int64',
      'Nonpaged bytes in use, signed: below zero in an image that changed while it was taken.',
    ),
    column('paged_allocs', 'int64', 'Paged allocations since start.'),
    column('paged_frees', 'int64', 'Paged frees since start.'),
    column('paged_outstanding', 'int64', 'Paged allocations minus frees, at the width of the counter, signed.'),
    column('paged_bytes', 'int64', 'Paged bytes in use, signed.'),
    nullableColumn(
      'big_allocations',
      'int64',
      'How many of the allocations in use take a page or more; null when PoolBigPageTable could not be read whole.',
    ),
    nullableColumn('big_bytes', 'int64', 'Bytes of those; null when PoolBigPageTable could not be read whole.'),
    ...PLACE_COLUMNS,
    column('processors_seen', 'int32', "How many processors' tables hold the tag."),
    ...PROOF_COLUMNS,
    nullableColumn(
      'consistency',
      'string',
      'What the counters themselves show: consistent, torn (off by a few: read between an allocation and its count) or impossible; null before schema version 2.',
    ),
    nullableColumn(
      'keyless',
      'string',
      'Of Ovfl, where overflow slots without a key count too: apart (their counts are not in this row, as kernels before 28000 report) or counted; else null.',
    ),
    nullableColumn(
      'keyless_counts',
      'string',
      'JSON object in text: those counts, summed over the processors; null where keyless is.',
    ),
    nullableColumn(
      'as_reported',
      'bool',
      "Whether the counters are those of the kernel's own report (--as-reported) and not the plain sums; null before schema version 2, as false.",
    ),
    nullableColumn(
      'driver',
      'string',
      'The binary to which the lists of known tags assign the tag, as tcpip.sys or nt!mm; null when they do not say.',
    ),
    nullableColumn(
      'description',
      'string',
      'What the lists of known tags say about the tag; null when they do not say.',
    ),
    nullableColumn(
      'candidates',
      'string',
      'For a tag on no list: JSON array of modules that hold its bytes, likeliest first, a hint, not proof; null when none was found or --drivers not given.',
    ),
    nullableColumn(
      'candidate_drivers',
      'string',
      'The same drivers as a JSON array of objects in text: name, version, vendor, product and description of the version resource, path, loaded (a driver of that name is loaded in the image; null when not known), same_build (as the loaded one), in_code (an instruction loads the tag); null where candidates is, and in records of earlier releases.',
    ),
  ],
});

/** One record per tag and processor: raw counters, each processor's own share. */
export const POOL_TAG_CPU = recordType({
  name: 'pool_tag_cpu',
  description: 'Pool tag counters of one processor, raw; only their sum over all processors is meaningful.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    ...TAG_COLUMNS,
    nullableColumn(
      'processor',
      'int32',
      'Processor number; null for the expansion table, which all processors share, and where carving cannot tell.',
    ),
    column('nonpaged_allocs', 'int64', 'Nonpaged allocations made on this processor.'),
    column('nonpaged_frees', 'int64', 'Nonpaged frees made on this processor.'),
    column(
      'nonpaged_bytes',
      'int64',
      'Nonpaged bytes, signed: memory freed on another processor than it was allocated on leaves this one above and that one below zero.',
    ),
    column('paged_allocs', 'int64', 'Paged allocations made on this processor.'),
    column('paged_frees', 'int64', 'Paged frees made on this processor.'),
    column('paged_bytes', 'int64', 'Paged bytes, signed.'),
    ...PLACE_COLUMNS,
    ...PROOF_COLUMNS,
  ],
});

/** One record per tag and session: what win32k and others count for a session alone. */
export const POOL_TAG_SESSION = recordType({
  name: 'pool_tag_session',
  description:
    'Pool tag counters of one session, up to Windows build 22000: of its own table, not part of the totals of pool_tag.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    ...TAG_COLUMNS,
    column('session', 'int32', 'Id of the session.'),
    column('nonpaged_allocs', 'int64', 'Nonpaged allocations since the session began.'),
    column('nonpaged_frees', 'int64', 'Nonpaged frees since the session began.'),
    column('nonpaged_outstanding', 'int64', 'Nonpaged allocations minus frees, at the width of the counter, signed.'),
    column('nonpaged_bytes', 'int64', 'Nonpaged bytes in use, signed.'),
    column('paged_allocs', 'int64', 'Paged allocations since the session began.'),
    column('paged_frees', 'int64', 'Paged frees since the session began.'),
    column('paged_outstanding', 'int64', 'Paged allocations minus frees, at the width of the counter, signed.'),
    column('paged_bytes', 'int64', 'Paged bytes in use, signed.'),
    column('slot', 'int32', 'Index of the entry in its table.'),
    column('place', 'string', "Which table the entry lies in: table or expansion, the session's own."),
    column('complete', 'bool', 'False when a doubt touches the row.'),
    column('consistency', 'string', 'What the counters themselves show: consistent, torn or impossible.'),
    nullableColumn(
      'driver',
      'string',
      'The binary to which the lists of known tags assign the tag, as win32k.sys; null when they do not say.',
    ),
    nullableColumn(
      'description',
      'string',
      'What the lists of known tags say about the tag; null when they do not say.',
    ),
  ],
});

/** One record per allocation of a page or more. */
export const BIGPOOL = recordType({
  name: 'bigpool',
  description: 'Allocations of a page or more, as the kernel lists them in PoolBigPageTable.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    column('address', 'string', 'Virtual address of the allocation, hexadecimal.'),
    ...TAG_COLUMNS,
    column('bytes', 'int64', 'Bytes of the allocation.'),
    column('pool_type', 'uint32', 'POOL_TYPE of the allocation: bit 0 paged, bit 9 not executable.'),
    column('free', 'bool', 'Whether it has been freed: the entry stays until another allocation takes it.'),
  ],
});
