import { column, IDENTITY_COLUMNS, KERNEL_COLUMNS, nullableColumn, recordType } from './record-type.js';

/** One record per image, failed ones too: what was found, how it was proved, what could not be read. */
export const IMAGE = recordType({
  name: 'image',
  description: 'What is known of an image and of the scan of it.',
  columns: [
    ...IDENTITY_COLUMNS,
    nullableColumn(
      'captured_at_source',
      'string',
      'Where captured_at comes from: kernel (the clock of the system), header (of the container) or file (of a failed image, when its file was last modified, which may be when it was copied); null when there is no time, and in records of earlier versions.',
    ),
    column('status', 'string', 'ok, incomplete (some pages missing or the evidence not decisive) or failed.'),
    nullableColumn('error_code', 'string', 'Stable code of the error; null unless failed.'),
    nullableColumn('error_message', 'string', 'What went wrong, in one line; null unless failed.'),
    column('warnings', 'string', 'JSON array in text: code and message of each warning.'),
    nullableColumn(
      'doubts',
      'string',
      'JSON array in text: each kind of reason why counts may be wrong: code, count, message, and slots, the ranges of slots that it concerns, null for every tag; null when the scan failed.',
    ),
    ...KERNEL_COLUMNS,
    nullableColumn('format', 'string', 'Container format.'),
    nullableColumn('image_bytes', 'int64', 'Size of the container; null for a stream.'),
    nullableColumn('memory_bytes', 'int64', 'Bytes of physical memory in the container.'),
    nullableColumn(
      'runs',
      'string',
      'JSON array in text of the runs: start, length and offset as numbers; the first 64.',
    ),
    nullableColumn('page_table_root', 'string', 'Physical address of the page table root, hexadecimal.'),
    nullableColumn(
      'page_table_root_from',
      'string',
      'Where the root comes from: the crash dump header, an ELF note, the low stub or a self reference.',
    ),
    nullableColumn('page_table_root_verified_by', 'string', 'What proves the root: what is mapped through it.'),
    nullableColumn(
      'other_systems',
      'string',
      'JSON array in text: page_table_root, kernel_base, kernel_guid and system_time of each other system whose root proves.',
    ),
    nullableColumn(
      'paging_levels',
      'int32',
      'Levels of the page tables: 4 or 5 on x64, 4 on ARM64, 3 on x86 with PAE, 2 without.',
    ),
    nullableColumn('kernel_base', 'string', 'Virtual address of the kernel image, hexadecimal.'),
    nullableColumn('kernel_size', 'int64', 'Bytes of the kernel image, as its header says.'),
    nullableColumn('pdb_name', 'string', "Name of the kernel's PDB."),
    nullableColumn('pdb_age', 'int32', "Age of the kernel's PDB."),
    nullableColumn('nt_build_lab', 'string', 'NtBuildLab, as the kernel names its own build.'),
    nullableColumn(
      'processors',
      'int32',
      'Processors of the machine, as the container or the running system says; null when neither does.',
    ),
    nullableColumn(
      'located_by',
      'string',
      'How the tables were found: known-build, symbols, kdbg, structure or carve.',
    ),
    nullableColumn('tables', 'string', 'JSON array in text: processor, address and pages read of each table.'),
    nullableColumn('entry_size', 'int32', 'Bytes of one tracker entry; tells the layout.'),
    nullableColumn('table_slots', 'int32', 'N, the hashed slots of a table; the overflow slot comes after them.'),
    nullableColumn('hash_law_share', 'float64', 'Share of the keys of table 0 that lie where the hash law puts them.'),
    nullableColumn(
      'facts',
      'string',
      'JSON array in text: fact, outcome (held, failed or unknown) and detail of each check that the tables were held against.',
    ),
    nullableColumn('facts_failed', 'int32', 'How many of the facts failed.'),
    nullableColumn(
      'facts_unknown',
      'int32',
      'How many of them could not be checked, as how many processors there are: then not everything is proved.',
    ),
    nullableColumn('tags', 'int32', 'How many tags were found.'),
    nullableColumn('tags_incomplete', 'int32', 'How many of them are not complete.'),
    nullableColumn('tags_consistent', 'int32', 'How many of them are consistent.'),
    nullableColumn('tags_torn', 'int32', 'How many of them are torn.'),
    nullableColumn('tags_impossible', 'int32', 'How many of them are impossible.'),
    nullableColumn('expansion_tags', 'int32', 'How many of them lie in the expansion table.'),
    nullableColumn('processors_seen', 'int32', "Processors' tables summed."),
    nullableColumn('pages_missing', 'int32', 'Pages of the tables that could not be read.'),
    nullableColumn('entries_missing', 'int32', 'Entries on those pages.'),
    nullableColumn(
      'rejected',
      'string',
      'JSON array in text: every candidate for root, kernel or table that was refused, why, and the facts that a table was held against.',
    ),
    nullableColumn(
      'carve',
      'string',
      'JSON object in text, when carved: pages found, copies of each table page, alternatives; else null.',
    ),
    column('bytes_read', 'int64', 'Bytes read from the image.'),
    column('elapsed_ms', 'int64', 'Milliseconds that the scan took.'),
    column('tool_version', 'string', 'Version of pool-tracker.'),
  ],
});

/** One record per warning or reason to doubt, and per stretch of slots that it concerns: what the image record has as text. */
export const IMAGE_WARNING = recordType({
  name: 'image_warning',
  description:
    'What is not whole or not certain about an image: each warning and doubt, and the slots that it concerns.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    column('code', 'string', 'Stable code of the warning or doubt.'),
    column('message', 'string', 'What is wrong, in one line; of several of a kind the first.'),
    column(
      'scope',
      'string',
      'What counts may be wrong for it: none, all, slots (those from first_slot to last_slot) or expansion (the tags of the expansion table).',
    ),
    nullableColumn(
      'processor',
      'int32',
      "Whose table it is about; null when it is not about one processor's, or that is not known.",
    ),
    nullableColumn('first_slot', 'int32', 'The first slot concerned; null unless the scope is slots.'),
    nullableColumn('last_slot', 'int32', 'The last one; the overflow slot has the number of hashed slots.'),
    column('count', 'int32', 'How many of this kind there are in the image.'),
  ],
});
