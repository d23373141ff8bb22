-- Schema version 2.
CREATE TABLE pool_tag (
  schema_version INTEGER NOT NULL,
  image_id VARCHAR NOT NULL,
  image_path VARCHAR NOT NULL,
  system INTEGER,
  host VARCHAR,
  labels VARCHAR,
  captured_at TIMESTAMP WITH TIME ZONE,
  windows_version VARCHAR,
  arch VARCHAR,
  kernel_guid VARCHAR,
  tag VARCHAR NOT NULL,
  key UINTEGER NOT NULL,
  protected BOOLEAN NOT NULL,
  nonpaged_allocs BIGINT NOT NULL,
  nonpaged_frees BIGINT NOT NULL,
  nonpaged_outstanding BIGINT NOT NULL,
  nonpaged_bytes BIGINT NOT NULL,
  paged_allocs BIGINT NOT NULL,
  paged_frees BIGINT NOT NULL,
  paged_outstanding BIGINT NOT NULL,
  paged_bytes BIGINT NOT NULL,
  big_allocations BIGINT,
  big_bytes BIGINT,
  slot INTEGER NOT NULL,
  place VARCHAR NOT NULL,
  processors_seen INTEGER NOT NULL,
  complete BOOLEAN NOT NULL,
  located_by VARCHAR NOT NULL,
  consistency VARCHAR,
  keyless VARCHAR,
  keyless_counts VARCHAR,
  as_reported BOOLEAN,
  driver VARCHAR,
  description VARCHAR,
  candidates VARCHAR,
  candidate_drivers VARCHAR
);
COMMENT ON TABLE pool_tag IS 'Pool tag totals over all processors, summed as the kernel does.';
COMMENT ON COLUMN pool_tag.schema_version IS 'Version of this schema.';
COMMENT ON COLUMN pool_tag.image_id IS 'Identity of the memory content: the same memory in another container has the same id.';
COMMENT ON COLUMN pool_tag.image_path IS 'The image as it was named, without credentials.';
COMMENT ON COLUMN pool_tag.system IS 'Which system of the image: 0 the one that is answered for by default, then the others that lie in its memory (--all-systems); null before schema version 2, as 0.';
COMMENT ON COLUMN pool_tag.host IS 'The label host; null when none was given.';
COMMENT ON COLUMN pool_tag.labels IS 'All labels as a JSON object in text; null when none was given.';
COMMENT ON COLUMN pool_tag.captured_at IS 'System time of the image, UTC; null when unknown. Of a failed image that of its container or file, as captured_at_source in its image record says.';
COMMENT ON COLUMN pool_tag.windows_version IS 'Windows version, as precise as it is known (10.0.19041.1466, else 10.0.19041).';
COMMENT ON COLUMN pool_tag.arch IS 'Architecture: x64, x86 or arm64.';
COMMENT ON COLUMN pool_tag.kernel_guid IS 'GUID of the kernel''s PDB, 32 upper-case hexadecimal digits; null when unknown.';
COMMENT ON COLUMN pool_tag.tag IS 'The four bytes of the tag, lowest address first; unprintable bytes and the backslash as \xNN.';
COMMENT ON COLUMN pool_tag.key IS 'The key as stored, bit 31 (PROTECTED_POOL) included.';
COMMENT ON COLUMN pool_tag.protected IS 'Whether bit 31 of the key is set.';
COMMENT ON COLUMN pool_tag.nonpaged_allocs IS 'Nonpaged allocations since start.';
COMMENT ON COLUMN pool_tag.nonpaged_frees IS 'Nonpaged frees since start.';
COMMENT ON COLUMN pool_tag.nonpaged_outstanding IS 'Nonpaged allocations minus frees, at the width of the counter, signed.';
COMMENT ON COLUMN pool_tag.nonpaged_bytes IS 'Nonpaged bytes in use, signed: below zero in an image that changed while it was taken.';
COMMENT ON COLUMN pool_tag.paged_allocs IS 'Paged allocations since start.';
COMMENT ON COLUMN pool_tag.paged_frees IS 'Paged frees since start.';
COMMENT ON COLUMN pool_tag.paged_outstanding IS 'Paged allocations minus frees, at the width of the counter, signed.';
COMMENT ON COLUMN pool_tag.paged_bytes IS 'Paged bytes in use, signed.';
COMMENT ON COLUMN pool_tag.big_allocations IS 'How many of the allocations in use take a page or more; null when PoolBigPageTable could not be read whole.';
COMMENT ON COLUMN pool_tag.big_bytes IS 'Bytes of those; null when PoolBigPageTable could not be read whole.';
COMMENT ON COLUMN pool_tag.slot IS 'Index of the entry in its table.';
COMMENT ON COLUMN pool_tag.place IS 'Which table the entry lies in: table, overflow (the last slot) or expansion.';
COMMENT ON COLUMN pool_tag.processors_seen IS 'How many processors'' tables hold the tag.';
COMMENT ON COLUMN pool_tag.complete IS 'False when a page that could hold a part of these counts was missing, or the evidence does not decide.';
COMMENT ON COLUMN pool_tag.located_by IS 'How the tables were found: known-build, symbols, kdbg, structure or carve.';
COMMENT ON COLUMN pool_tag.consistency IS 'What the counters themselves show: consistent, torn (off by a few: read between an allocation and its count) or impossible; null before schema version 2.';
COMMENT ON COLUMN pool_tag.keyless IS 'Of Ovfl, where overflow slots without a key count too: apart (their counts are not in this row, as kernels before 28000 report) or counted; else null.';
COMMENT ON COLUMN pool_tag.keyless_counts IS 'JSON object in text: those counts, summed over the processors; null where keyless is.';
COMMENT ON COLUMN pool_tag.as_reported IS 'Whether the counters are those of the kernel''s own report (--as-reported) and not the plain sums; null before schema version 2, as false.';
COMMENT ON COLUMN pool_tag.driver IS 'The binary to which the lists of known tags assign the tag, as tcpip.sys or nt!mm; null when they do not say.';
COMMENT ON COLUMN pool_tag.description IS 'What the lists of known tags say about the tag; null when they do not say.';
COMMENT ON COLUMN pool_tag.candidates IS 'For a tag on no list: JSON array of modules that hold its bytes, likeliest first, a hint, not proof; null when none was found or --drivers not given.';
COMMENT ON COLUMN pool_tag.candidate_drivers IS 'The same drivers as a JSON array of objects in text: name, version, vendor, product and description of the version resource, path, loaded (a driver of that name is loaded in the image; null when not known), same_build (as the loaded one), in_code (an instruction loads the tag); null where candidates is, and in records of earlier releases.';

-- Schema version 2.
CREATE TABLE pool_tag_cpu (
  schema_version INTEGER NOT NULL,
  image_id VARCHAR NOT NULL,
  image_path VARCHAR NOT NULL,
  system INTEGER,
  host VARCHAR,
  labels VARCHAR,
  captured_at TIMESTAMP WITH TIME ZONE,
  windows_version VARCHAR,
  arch VARCHAR,
  kernel_guid VARCHAR,
  tag VARCHAR NOT NULL,
  key UINTEGER NOT NULL,
  protected BOOLEAN NOT NULL,
  processor INTEGER,
  nonpaged_allocs BIGINT NOT NULL,
  nonpaged_frees BIGINT NOT NULL,
  nonpaged_bytes BIGINT NOT NULL,
  paged_allocs BIGINT NOT NULL,
  paged_frees BIGINT NOT NULL,
  paged_bytes BIGINT NOT NULL,
  slot INTEGER NOT NULL,
  place VARCHAR NOT NULL,
  complete BOOLEAN NOT NULL,
  located_by VARCHAR NOT NULL
);
COMMENT ON TABLE pool_tag_cpu IS 'Pool tag counters of one processor, raw; only their sum over all processors is meaningful.';
COMMENT ON COLUMN pool_tag_cpu.schema_version IS 'Version of this schema.';
COMMENT ON COLUMN pool_tag_cpu.image_id IS 'Identity of the memory content: the same memory in another container has the same id.';
COMMENT ON COLUMN pool_tag_cpu.image_path IS 'The image as it was named, without credentials.';
COMMENT ON COLUMN pool_tag_cpu.system IS 'Which system of the image: 0 the one that is answered for by default, then the others that lie in its memory (--all-systems); null before schema version 2, as 0.';
COMMENT ON COLUMN pool_tag_cpu.host IS 'The label host; null when none was given.';
COMMENT ON COLUMN pool_tag_cpu.labels IS 'All labels as a JSON object in text; null when none was given.';
COMMENT ON COLUMN pool_tag_cpu.captured_at IS 'System time of the image, UTC; null when unknown. Of a failed image that of its container or file, as captured_at_source in its image record says.';
COMMENT ON COLUMN pool_tag_cpu.windows_version IS 'Windows version, as precise as it is known (10.0.19041.1466, else 10.0.19041).';
COMMENT ON COLUMN pool_tag_cpu.arch IS 'Architecture: x64, x86 or arm64.';
COMMENT ON COLUMN pool_tag_cpu.kernel_guid IS 'GUID of the kernel''s PDB, 32 upper-case hexadecimal digits; null when unknown.';
COMMENT ON COLUMN pool_tag_cpu.tag IS 'The four bytes of the tag, lowest address first; unprintable bytes and the backslash as \xNN.';
COMMENT ON COLUMN pool_tag_cpu.key IS 'The key as stored, bit 31 (PROTECTED_POOL) included.';
COMMENT ON COLUMN pool_tag_cpu.protected IS 'Whether bit 31 of the key is set.';
COMMENT ON COLUMN pool_tag_cpu.processor IS 'Processor number; null for the expansion table, which all processors share, and where carving cannot tell.';
COMMENT ON COLUMN pool_tag_cpu.nonpaged_allocs IS 'Nonpaged allocations made on this processor.';
COMMENT ON COLUMN pool_tag_cpu.nonpaged_frees IS 'Nonpaged frees made on this processor.';
COMMENT ON COLUMN pool_tag_cpu.nonpaged_bytes IS 'Nonpaged bytes, signed: memory freed on another processor than it was allocated on leaves this one above and that one below zero.';
COMMENT ON COLUMN pool_tag_cpu.paged_allocs IS 'Paged allocations made on this processor.';
COMMENT ON COLUMN pool_tag_cpu.paged_frees IS 'Paged frees made on this processor.';
COMMENT ON COLUMN pool_tag_cpu.paged_bytes IS 'Paged bytes, signed.';
COMMENT ON COLUMN pool_tag_cpu.slot IS 'Index of the entry in its table.';
COMMENT ON COLUMN pool_tag_cpu.place IS 'Which table the entry lies in: table, overflow (the last slot) or expansion.';
COMMENT ON COLUMN pool_tag_cpu.complete IS 'False when a page that could hold a part of these counts was missing, or the evidence does not decide.';
COMMENT ON COLUMN pool_tag_cpu.located_by IS 'How the tables were found: known-build, symbols, kdbg, structure or carve.';

-- Schema version 2.
CREATE TABLE image (
  schema_version INTEGER NOT NULL,
  image_id VARCHAR NOT NULL,
  image_path VARCHAR NOT NULL,
  system INTEGER,
  host VARCHAR,
  labels VARCHAR,
  captured_at TIMESTAMP WITH TIME ZONE,
  captured_at_source VARCHAR,
  status VARCHAR NOT NULL,
  error_code VARCHAR,
  error_message VARCHAR,
  warnings VARCHAR NOT NULL,
  doubts VARCHAR,
  windows_version VARCHAR,
  arch VARCHAR,
  kernel_guid VARCHAR,
  format VARCHAR,
  image_bytes BIGINT,
  memory_bytes BIGINT,
  runs VARCHAR,
  page_table_root VARCHAR,
  page_table_root_from VARCHAR,
  page_table_root_verified_by VARCHAR,
  other_systems VARCHAR,
  paging_levels INTEGER,
  kernel_base VARCHAR,
  kernel_size BIGINT,
  pdb_name VARCHAR,
  pdb_age INTEGER,
  nt_build_lab VARCHAR,
  processors INTEGER,
  located_by VARCHAR,
  tables VARCHAR,
  entry_size INTEGER,
  table_slots INTEGER,
  hash_law_share DOUBLE,
  facts VARCHAR,
  facts_failed INTEGER,
  facts_unknown INTEGER,
  tags INTEGER,
  tags_incomplete INTEGER,
  tags_consistent INTEGER,
  tags_torn INTEGER,
  tags_impossible INTEGER,
  expansion_tags INTEGER,
  processors_seen INTEGER,
  pages_missing INTEGER,
  entries_missing INTEGER,
  rejected VARCHAR,
  carve VARCHAR,
  bytes_read BIGINT NOT NULL,
  elapsed_ms BIGINT NOT NULL,
  tool_version VARCHAR NOT NULL
);
COMMENT ON TABLE image IS 'What is known of an image and of the scan of it.';
COMMENT ON COLUMN image.schema_version IS 'Version of this schema.';
COMMENT ON COLUMN image.image_id IS 'Identity of the memory content: the same memory in another container has the same id.';
COMMENT ON COLUMN image.image_path IS 'The image as it was named, without credentials.';
COMMENT ON COLUMN image.system IS 'Which system of the image: 0 the one that is answered for by default, then the others that lie in its memory (--all-systems); null before schema version 2, as 0.';
COMMENT ON COLUMN image.host IS 'The label host; null when none was given.';
COMMENT ON COLUMN image.labels IS 'All labels as a JSON object in text; null when none was given.';
COMMENT ON COLUMN image.captured_at IS 'System time of the image, UTC; null when unknown. Of a failed image that of its container or file, as captured_at_source in its image record says.';
COMMENT ON COLUMN image.captured_at_source IS 'Where captured_at comes from: kernel (the clock of the system), header (of the container) or file (of a failed image, when its file was last modified, which may be when it was copied); null when there is no time, and in records of earlier versions.';
COMMENT ON COLUMN image.status IS 'ok, incomplete (some pages missing or the evidence not decisive) or failed.';
COMMENT ON COLUMN image.error_code IS 'Stable code of the error; null unless failed.';
COMMENT ON COLUMN image.error_message IS 'What went wrong, in one line; null unless failed.';
COMMENT ON COLUMN image.warnings IS 'JSON array in text: code and message of each warning.';
COMMENT ON COLUMN image.doubts IS 'JSON array in text: each kind of reason why counts may be wrong: code, count, message, and slots, the ranges of slots that it concerns, null for every tag; null when the scan failed.';
COMMENT ON COLUMN image.windows_version IS 'Windows version, as precise as it is known (10.0.19041.1466, else 10.0.19041).';
COMMENT ON COLUMN image.arch IS 'Architecture: x64, x86 or arm64.';
COMMENT ON COLUMN image.kernel_guid IS 'GUID of the kernel''s PDB, 32 upper-case hexadecimal digits; null when unknown.';
COMMENT ON COLUMN image.format IS 'Container format.';
COMMENT ON COLUMN image.image_bytes IS 'Size of the container; null for a stream.';
COMMENT ON COLUMN image.memory_bytes IS 'Bytes of physical memory in the container.';
COMMENT ON COLUMN image.runs IS 'JSON array in text of the runs: start, length and offset as numbers; the first 64.';
COMMENT ON COLUMN image.page_table_root IS 'Physical address of the page table root, hexadecimal.';
COMMENT ON COLUMN image.page_table_root_from IS 'Where the root comes from: the crash dump header, an ELF note, the low stub or a self reference.';
COMMENT ON COLUMN image.page_table_root_verified_by IS 'What proves the root: what is mapped through it.';
COMMENT ON COLUMN image.other_systems IS 'JSON array in text: page_table_root, kernel_base, kernel_guid and system_time of each other system whose root proves.';
COMMENT ON COLUMN image.paging_levels IS 'Levels of the page tables: 4 or 5 on x64, 4 on ARM64, 3 on x86 with PAE, 2 without.';
COMMENT ON COLUMN image.kernel_base IS 'Virtual address of the kernel image, hexadecimal.';
COMMENT ON COLUMN image.kernel_size IS 'Bytes of the kernel image, as its header says.';
COMMENT ON COLUMN image.pdb_name IS 'Name of the kernel''s PDB.';
COMMENT ON COLUMN image.pdb_age IS 'Age of the kernel''s PDB.';
COMMENT ON COLUMN image.nt_build_lab IS 'NtBuildLab, as the kernel names its own build.';
COMMENT ON COLUMN image.processors IS 'Processors of the machine, as the container or the running system says; null when neither does.';
COMMENT ON COLUMN image.located_by IS 'How the tables were found: known-build, symbols, kdbg, structure or carve.';
COMMENT ON COLUMN image.tables IS 'JSON array in text: processor, address and pages read of each table.';
COMMENT ON COLUMN image.entry_size IS 'Bytes of one tracker entry; tells the layout.';
COMMENT ON COLUMN image.table_slots IS 'N, the hashed slots of a table; the overflow slot comes after them.';
COMMENT ON COLUMN image.hash_law_share IS 'Share of the keys of table 0 that lie where the hash law puts them.';
COMMENT ON COLUMN image.facts IS 'JSON array in text: fact, outcome (held, failed or unknown) and detail of each check that the tables were held against.';
COMMENT ON COLUMN image.facts_failed IS 'How many of the facts failed.';
COMMENT ON COLUMN image.facts_unknown IS 'How many of them could not be checked, as how many processors there are: then not everything is proved.';
COMMENT ON COLUMN image.tags IS 'How many tags were found.';
COMMENT ON COLUMN image.tags_incomplete IS 'How many of them are not complete.';
COMMENT ON COLUMN image.tags_consistent IS 'How many of them are consistent.';
COMMENT ON COLUMN image.tags_torn IS 'How many of them are torn.';
COMMENT ON COLUMN image.tags_impossible IS 'How many of them are impossible.';
COMMENT ON COLUMN image.expansion_tags IS 'How many of them lie in the expansion table.';
COMMENT ON COLUMN image.processors_seen IS 'Processors'' tables summed.';
COMMENT ON COLUMN image.pages_missing IS 'Pages of the tables that could not be read.';
COMMENT ON COLUMN image.entries_missing IS 'Entries on those pages.';
COMMENT ON COLUMN image.rejected IS 'JSON array in text: every candidate for root, kernel or table that was refused, why, and the facts that a table was held against.';
COMMENT ON COLUMN image.carve IS 'JSON object in text, when carved: pages found, copies of each table page, alternatives; else null.';
COMMENT ON COLUMN image.bytes_read IS 'Bytes read from the image.';
COMMENT ON COLUMN image.elapsed_ms IS 'Milliseconds that the scan took.';
COMMENT ON COLUMN image.tool_version IS 'Version of pool-tracker.';

-- Schema version 2.
CREATE TABLE process (
  schema_version INTEGER NOT NULL,
  image_id VARCHAR NOT NULL,
  image_path VARCHAR NOT NULL,
  system INTEGER,
  host VARCHAR,
  labels VARCHAR,
  captured_at TIMESTAMP WITH TIME ZONE,
  windows_version VARCHAR,
  arch VARCHAR,
  kernel_guid VARCHAR,
  address VARCHAR NOT NULL,
  pid UINTEGER NOT NULL,
  ppid UINTEGER NOT NULL,
  name VARCHAR NOT NULL,
  create_time TIMESTAMP WITH TIME ZONE,
  exit_time TIMESTAMP WITH TIME ZONE,
  session INTEGER,
  page_table_root VARCHAR,
  threads UINTEGER,
  handles UINTEGER,
  seen_by_psactiveprocesshead BOOLEAN,
  seen_by_pspcidtable BOOLEAN,
  seen_by_csrss BOOLEAN,
  seen_by_sessions BOOLEAN,
  seen_by_handles BOOLEAN
);
COMMENT ON TABLE process IS 'Processes, with which of five methods saw each of them.';
COMMENT ON COLUMN process.schema_version IS 'Version of this schema.';
COMMENT ON COLUMN process.image_id IS 'Identity of the memory content: the same memory in another container has the same id.';
COMMENT ON COLUMN process.image_path IS 'The image as it was named, without credentials.';
COMMENT ON COLUMN process.system IS 'Which system of the image: 0 the one that is answered for by default, then the others that lie in its memory (--all-systems); null before schema version 2, as 0.';
COMMENT ON COLUMN process.host IS 'The label host; null when none was given.';
COMMENT ON COLUMN process.labels IS 'All labels as a JSON object in text; null when none was given.';
COMMENT ON COLUMN process.captured_at IS 'System time of the image, UTC; null when unknown. Of a failed image that of its container or file, as captured_at_source in its image record says.';
COMMENT ON COLUMN process.windows_version IS 'Windows version, as precise as it is known (10.0.19041.1466, else 10.0.19041).';
COMMENT ON COLUMN process.arch IS 'Architecture: x64, x86 or arm64.';
COMMENT ON COLUMN process.kernel_guid IS 'GUID of the kernel''s PDB, 32 upper-case hexadecimal digits; null when unknown.';
COMMENT ON COLUMN process.address IS 'Virtual address of the EPROCESS, hexadecimal.';
COMMENT ON COLUMN process.pid IS 'Process id.';
COMMENT ON COLUMN process.ppid IS 'Id of the process that created it, which may have ended and its id been given to another.';
COMMENT ON COLUMN process.name IS 'ImageFileName: the first 14 or 15 characters of the file name.';
COMMENT ON COLUMN process.create_time IS 'When it was created, UTC; null when the stored value is not a time.';
COMMENT ON COLUMN process.exit_time IS 'When it ended, UTC; null while it runs. A process that has ended and is here is not freed yet.';
COMMENT ON COLUMN process.session IS 'Session id; null when it is in none, as System is, or the id could not be read.';
COMMENT ON COLUMN process.page_table_root IS 'Physical address of its page table root, hexadecimal; null when the build''s layout is not known.';
COMMENT ON COLUMN process.threads IS 'ActiveThreads; null when the build''s layout is not known.';
COMMENT ON COLUMN process.handles IS 'Handles in use; null when it has no handle table or that is not known.';
COMMENT ON COLUMN process.seen_by_psactiveprocesshead IS 'Whether it is on PsActiveProcessHead; null when that could not be read.';
COMMENT ON COLUMN process.seen_by_pspcidtable IS 'Whether its id leads to it in PspCidTable; null when that could not be read.';
COMMENT ON COLUMN process.seen_by_csrss IS 'Whether a csrss.exe has a handle to it; null when no such table could be read.';
COMMENT ON COLUMN process.seen_by_sessions IS 'Whether a session lists it; null when no session could be read.';
COMMENT ON COLUMN process.seen_by_handles IS 'Whether any process has a handle to it; null when no handle table could be read.';

-- Schema version 2.
CREATE TABLE object_count (
  schema_version INTEGER NOT NULL,
  image_id VARCHAR NOT NULL,
  image_path VARCHAR NOT NULL,
  system INTEGER,
  host VARCHAR,
  labels VARCHAR,
  captured_at TIMESTAMP WITH TIME ZONE,
  windows_version VARCHAR,
  arch VARCHAR,
  kernel_guid VARCHAR,
  kind VARCHAR NOT NULL,
  method VARCHAR NOT NULL,
  available BOOLEAN NOT NULL,
  found UINTEGER,
  terminated UINTEGER,
  unreadable UINTEGER,
  tag VARCHAR NOT NULL,
  tag_outstanding BIGINT,
  tag_complete BOOLEAN,
  tag_consistency VARCHAR,
  difference BIGINT,
  reason VARCHAR
);
COMMENT ON TABLE object_count IS 'How many objects each method found, beside what the pool tag of their kind has outstanding.';
COMMENT ON COLUMN object_count.schema_version IS 'Version of this schema.';
COMMENT ON COLUMN object_count.image_id IS 'Identity of the memory content: the same memory in another container has the same id.';
COMMENT ON COLUMN object_count.image_path IS 'The image as it was named, without credentials.';
COMMENT ON COLUMN object_count.system IS 'Which system of the image: 0 the one that is answered for by default, then the others that lie in its memory (--all-systems); null before schema version 2, as 0.';
COMMENT ON COLUMN object_count.host IS 'The label host; null when none was given.';
COMMENT ON COLUMN object_count.labels IS 'All labels as a JSON object in text; null when none was given.';
COMMENT ON COLUMN object_count.captured_at IS 'System time of the image, UTC; null when unknown. Of a failed image that of its container or file, as captured_at_source in its image record says.';
COMMENT ON COLUMN object_count.windows_version IS 'Windows version, as precise as it is known (10.0.19041.1466, else 10.0.19041).';
COMMENT ON COLUMN object_count.arch IS 'Architecture: x64, x86 or arm64.';
COMMENT ON COLUMN object_count.kernel_guid IS 'GUID of the kernel''s PDB, 32 upper-case hexadecimal digits; null when unknown.';
COMMENT ON COLUMN object_count.kind IS 'process, thread, token, file, key, handle_table or module.';
COMMENT ON COLUMN object_count.method IS 'The kernel structure that was used: PsActiveProcessHead, PspCidTable, CSRSS, Sessions, Handles and others.';
COMMENT ON COLUMN object_count.available IS 'Whether the method could be tried on this image, and worked: one that finds none of many did not. The reason says why not.';
COMMENT ON COLUMN object_count.found IS 'How many it found; null when it is not available.';
COMMENT ON COLUMN object_count.terminated IS 'Processes among them that have ended and are not freed; null for other kinds.';
COMMENT ON COLUMN object_count.unreadable IS 'What could not be read, or was not what it should be; null when the method is not available.';
COMMENT ON COLUMN object_count.tag IS 'The pool tag that this kind is allocated under.';
COMMENT ON COLUMN object_count.tag_outstanding IS 'Allocations minus frees of that tag, both pools; null when no table has the tag.';
COMMENT ON COLUMN object_count.tag_complete IS 'Whether the counts of that tag are complete; null when no table has the tag, and before schema version 2.';
COMMENT ON COLUMN object_count.tag_consistency IS 'What the counters of that tag show: consistent, torn or impossible; null likewise.';
COMMENT ON COLUMN object_count.difference IS 'Found minus outstanding: below zero when the method misses some.';
COMMENT ON COLUMN object_count.reason IS 'Why the method is not available, else the first thing that could not be read; null when all is well.';

-- Schema version 2.
CREATE TABLE object_holder (
  schema_version INTEGER NOT NULL,
  image_id VARCHAR NOT NULL,
  image_path VARCHAR NOT NULL,
  system INTEGER,
  host VARCHAR,
  labels VARCHAR,
  captured_at TIMESTAMP WITH TIME ZONE,
  windows_version VARCHAR,
  arch VARCHAR,
  kernel_guid VARCHAR,
  tag VARCHAR NOT NULL,
  object_type VARCHAR NOT NULL,
  address VARCHAR NOT NULL,
  name VARCHAR,
  pid UINTEGER,
  ppid UINTEGER,
  parent_name VARCHAR,
  state VARCHAR,
  handles UINTEGER,
  holding_processes UINTEGER,
  holders VARCHAR,
  tag_outstanding BIGINT,
  tag_complete BOOLEAN,
  tag_consistency VARCHAR,
  type_objects UINTEGER
);
COMMENT ON TABLE object_holder IS 'Objects behind the count of a pool tag, with the processes that have handles to each of them.';
COMMENT ON COLUMN object_holder.schema_version IS 'Version of this schema.';
COMMENT ON COLUMN object_holder.image_id IS 'Identity of the memory content: the same memory in another container has the same id.';
COMMENT ON COLUMN object_holder.image_path IS 'The image as it was named, without credentials.';
COMMENT ON COLUMN object_holder.system IS 'Which system of the image: 0 the one that is answered for by default, then the others that lie in its memory (--all-systems); null before schema version 2, as 0.';
COMMENT ON COLUMN object_holder.host IS 'The label host; null when none was given.';
COMMENT ON COLUMN object_holder.labels IS 'All labels as a JSON object in text; null when none was given.';
COMMENT ON COLUMN object_holder.captured_at IS 'System time of the image, UTC; null when unknown. Of a failed image that of its container or file, as captured_at_source in its image record says.';
COMMENT ON COLUMN object_holder.windows_version IS 'Windows version, as precise as it is known (10.0.19041.1466, else 10.0.19041).';
COMMENT ON COLUMN object_holder.arch IS 'Architecture: x64, x86 or arm64.';
COMMENT ON COLUMN object_holder.kernel_guid IS 'GUID of the kernel''s PDB, 32 upper-case hexadecimal digits; null when unknown.';
COMMENT ON COLUMN object_holder.tag IS 'The pool tag that objects of the type are allocated under.';
COMMENT ON COLUMN object_holder.object_type IS 'Type of the object as the kernel names it: Process, Thread, Token, File, Event.';
COMMENT ON COLUMN object_holder.address IS 'Virtual address of the object, hexadecimal.';
COMMENT ON COLUMN object_holder.name IS 'ImageFileName of the process that it is, or, of a thread, that it belongs to; null for other types.';
COMMENT ON COLUMN object_holder.pid IS 'Id of that process; null likewise.';
COMMENT ON COLUMN object_holder.ppid IS 'Id of the process that created that process; null likewise.';
COMMENT ON COLUMN object_holder.parent_name IS 'ImageFileName of the parent; null when it is not found, or was created later: then its id was given anew.';
COMMENT ON COLUMN object_holder.state IS 'running or exited, of a process or thread; null for other types, and when it cannot be told.';
COMMENT ON COLUMN object_holder.handles IS 'Handles to it, in all processes; null when no handle table can be read.';
COMMENT ON COLUMN object_holder.holding_processes IS 'Processes that have such a handle; null likewise.';
COMMENT ON COLUMN object_holder.holders IS 'Those with most handles first, 64 at most: JSON array in text of NAME (PID) xHANDLES, as csrss.exe (400) x1; null likewise.';
COMMENT ON COLUMN object_holder.tag_outstanding IS 'Allocations minus frees of the tag, both pools; null when no table has the tag.';
COMMENT ON COLUMN object_holder.tag_complete IS 'Whether the counts of the tag are complete; null when no table has it.';
COMMENT ON COLUMN object_holder.tag_consistency IS 'What the counters of the tag show: consistent, torn or impossible; null likewise.';
COMMENT ON COLUMN object_holder.type_objects IS 'The kernel''s own count of objects of the type, TotalNumberOfObjects; null when it cannot be read.';

-- Schema version 2.
CREATE TABLE bigpool (
  schema_version INTEGER NOT NULL,
  image_id VARCHAR NOT NULL,
  image_path VARCHAR NOT NULL,
  system INTEGER,
  host VARCHAR,
  labels VARCHAR,
  captured_at TIMESTAMP WITH TIME ZONE,
  windows_version VARCHAR,
  arch VARCHAR,
  kernel_guid VARCHAR,
  address VARCHAR NOT NULL,
  tag VARCHAR NOT NULL,
  key UINTEGER NOT NULL,
  protected BOOLEAN NOT NULL,
  bytes BIGINT NOT NULL,
  pool_type UINTEGER NOT NULL,
  free BOOLEAN NOT NULL
);
COMMENT ON TABLE bigpool IS 'Allocations of a page or more, as the kernel lists them in PoolBigPageTable.';
COMMENT ON COLUMN bigpool.schema_version IS 'Version of this schema.';
COMMENT ON COLUMN bigpool.image_id IS 'Identity of the memory content: the same memory in another container has the same id.';
COMMENT ON COLUMN bigpool.image_path IS 'The image as it was named, without credentials.';
COMMENT ON COLUMN bigpool.system IS 'Which system of the image: 0 the one that is answered for by default, then the others that lie in its memory (--all-systems); null before schema version 2, as 0.';
COMMENT ON COLUMN bigpool.host IS 'The label host; null when none was given.';
COMMENT ON COLUMN bigpool.labels IS 'All labels as a JSON object in text; null when none was given.';
COMMENT ON COLUMN bigpool.captured_at IS 'System time of the image, UTC; null when unknown. Of a failed image that of its container or file, as captured_at_source in its image record says.';
COMMENT ON COLUMN bigpool.windows_version IS 'Windows version, as precise as it is known (10.0.19041.1466, else 10.0.19041).';
COMMENT ON COLUMN bigpool.arch IS 'Architecture: x64, x86 or arm64.';
COMMENT ON COLUMN bigpool.kernel_guid IS 'GUID of the kernel''s PDB, 32 upper-case hexadecimal digits; null when unknown.';
COMMENT ON COLUMN bigpool.address IS 'Virtual address of the allocation, hexadecimal.';
COMMENT ON COLUMN bigpool.tag IS 'The four bytes of the tag, lowest address first; unprintable bytes and the backslash as \xNN.';
COMMENT ON COLUMN bigpool.key IS 'The key as stored, bit 31 (PROTECTED_POOL) included.';
COMMENT ON COLUMN bigpool.protected IS 'Whether bit 31 of the key is set.';
COMMENT ON COLUMN bigpool.bytes IS 'Bytes of the allocation.';
COMMENT ON COLUMN bigpool.pool_type IS 'POOL_TYPE of the allocation: bit 0 paged, bit 9 not executable.';
COMMENT ON COLUMN bigpool.free IS 'Whether it has been freed: the entry stays until another allocation takes it.';

-- Schema version 2.
CREATE TABLE pool_tag_session (
  schema_version INTEGER NOT NULL,
  image_id VARCHAR NOT NULL,
  image_path VARCHAR NOT NULL,
  system INTEGER,
  host VARCHAR,
  labels VARCHAR,
  captured_at TIMESTAMP WITH TIME ZONE,
  windows_version VARCHAR,
  arch VARCHAR,
  kernel_guid VARCHAR,
  tag VARCHAR NOT NULL,
  key UINTEGER NOT NULL,
  protected BOOLEAN NOT NULL,
  session INTEGER NOT NULL,
  nonpaged_allocs BIGINT NOT NULL,
  nonpaged_frees BIGINT NOT NULL,
  nonpaged_outstanding BIGINT NOT NULL,
  nonpaged_bytes BIGINT NOT NULL,
  paged_allocs BIGINT NOT NULL,
  paged_frees BIGINT NOT NULL,
  paged_outstanding BIGINT NOT NULL,
  paged_bytes BIGINT NOT NULL,
  slot INTEGER NOT NULL,
  place VARCHAR NOT NULL,
  complete BOOLEAN NOT NULL,
  consistency VARCHAR NOT NULL,
  driver VARCHAR,
  description VARCHAR
);
COMMENT ON TABLE pool_tag_session IS 'Pool tag counters of one session, up to Windows build 22000: of its own table, not part of the totals of pool_tag.';
COMMENT ON COLUMN pool_tag_session.schema_version IS 'Version of this schema.';
COMMENT ON COLUMN pool_tag_session.image_id IS 'Identity of the memory content: the same memory in another container has the same id.';
COMMENT ON COLUMN pool_tag_session.image_path IS 'The image as it was named, without credentials.';
COMMENT ON COLUMN pool_tag_session.system IS 'Which system of the image: 0 the one that is answered for by default, then the others that lie in its memory (--all-systems); null before schema version 2, as 0.';
COMMENT ON COLUMN pool_tag_session.host IS 'The label host; null when none was given.';
COMMENT ON COLUMN pool_tag_session.labels IS 'All labels as a JSON object in text; null when none was given.';
COMMENT ON COLUMN pool_tag_session.captured_at IS 'System time of the image, UTC; null when unknown. Of a failed image that of its container or file, as captured_at_source in its image record says.';
COMMENT ON COLUMN pool_tag_session.windows_version IS 'Windows version, as precise as it is known (10.0.19041.1466, else 10.0.19041).';
COMMENT ON COLUMN pool_tag_session.arch IS 'Architecture: x64, x86 or arm64.';
COMMENT ON COLUMN pool_tag_session.kernel_guid IS 'GUID of the kernel''s PDB, 32 upper-case hexadecimal digits; null when unknown.';
COMMENT ON COLUMN pool_tag_session.tag IS 'The four bytes of the tag, lowest address first; unprintable bytes and the backslash as \xNN.';
COMMENT ON COLUMN pool_tag_session.key IS 'The key as stored, bit 31 (PROTECTED_POOL) included.';
COMMENT ON COLUMN pool_tag_session.protected IS 'Whether bit 31 of the key is set.';
COMMENT ON COLUMN pool_tag_session.session IS 'Id of the session.';
COMMENT ON COLUMN pool_tag_session.nonpaged_allocs IS 'Nonpaged allocations since the session began.';
COMMENT ON COLUMN pool_tag_session.nonpaged_frees IS 'Nonpaged frees since the session began.';
COMMENT ON COLUMN pool_tag_session.nonpaged_outstanding IS 'Nonpaged allocations minus frees, at the width of the counter, signed.';
COMMENT ON COLUMN pool_tag_session.nonpaged_bytes IS 'Nonpaged bytes in use, signed.';
COMMENT ON COLUMN pool_tag_session.paged_allocs IS 'Paged allocations since the session began.';
COMMENT ON COLUMN pool_tag_session.paged_frees IS 'Paged frees since the session began.';
COMMENT ON COLUMN pool_tag_session.paged_outstanding IS 'Paged allocations minus frees, at the width of the counter, signed.';
COMMENT ON COLUMN pool_tag_session.paged_bytes IS 'Paged bytes in use, signed.';
COMMENT ON COLUMN pool_tag_session.slot IS 'Index of the entry in its table.';
COMMENT ON COLUMN pool_tag_session.place IS 'Which table the entry lies in: table or expansion, the session''s own.';
COMMENT ON COLUMN pool_tag_session.complete IS 'False when a doubt touches the row.';
COMMENT ON COLUMN pool_tag_session.consistency IS 'What the counters themselves show: consistent, torn or impossible.';
COMMENT ON COLUMN pool_tag_session.driver IS 'The binary to which the lists of known tags assign the tag, as win32k.sys; null when they do not say.';
COMMENT ON COLUMN pool_tag_session.description IS 'What the lists of known tags say about the tag; null when they do not say.';

-- Schema version 2.
CREATE TABLE pool_tag_live (
  schema_version INTEGER NOT NULL,
  image_id VARCHAR NOT NULL,
  image_path VARCHAR NOT NULL,
  system INTEGER,
  host VARCHAR,
  labels VARCHAR,
  captured_at TIMESTAMP WITH TIME ZONE,
  captured_at_source VARCHAR,
  tool VARCHAR NOT NULL,
  snapshot INTEGER NOT NULL,
  tag VARCHAR NOT NULL,
  key UINTEGER,
  nonpaged_allocs BIGINT,
  nonpaged_frees BIGINT,
  nonpaged_outstanding BIGINT,
  nonpaged_bytes BIGINT,
  paged_allocs BIGINT,
  paged_frees BIGINT,
  paged_outstanding BIGINT,
  paged_bytes BIGINT,
  driver VARCHAR,
  description VARCHAR,
  complete BOOLEAN
);
COMMENT ON TABLE pool_tag_live IS 'Pool tag counts of a live machine, as poolmon, !poolused or a CSV show them; nothing of them is proved.';
COMMENT ON COLUMN pool_tag_live.schema_version IS 'Version of this schema.';
COMMENT ON COLUMN pool_tag_live.image_id IS 'Identity of the memory content: the same memory in another container has the same id.';
COMMENT ON COLUMN pool_tag_live.image_path IS 'The image as it was named, without credentials.';
COMMENT ON COLUMN pool_tag_live.system IS 'Which system of the image: 0 the one that is answered for by default, then the others that lie in its memory (--all-systems); null before schema version 2, as 0.';
COMMENT ON COLUMN pool_tag_live.host IS 'The label host; null when none was given.';
COMMENT ON COLUMN pool_tag_live.labels IS 'All labels as a JSON object in text; null when none was given.';
COMMENT ON COLUMN pool_tag_live.captured_at IS 'System time of the image, UTC; null when unknown. Of a failed image that of its container or file, as captured_at_source in its image record says.';
COMMENT ON COLUMN pool_tag_live.captured_at_source IS 'Who says when it was: log, given (--captured-at) or file (when the log was last written); null when unknown.';
COMMENT ON COLUMN pool_tag_live.tool IS 'What showed the counts: poolmon, poolused or csv.';
COMMENT ON COLUMN pool_tag_live.snapshot IS 'Which moment of the log, from 0.';
COMMENT ON COLUMN pool_tag_live.tag IS 'The tag as the tool shows it, with spaces up to four characters.';
COMMENT ON COLUMN pool_tag_live.key IS 'The four bytes of the tag; null where a character may stand for a byte that cannot be printed.';
COMMENT ON COLUMN pool_tag_live.nonpaged_allocs IS 'Nonpaged allocations since start.';
COMMENT ON COLUMN pool_tag_live.nonpaged_frees IS 'Nonpaged frees since start.';
COMMENT ON COLUMN pool_tag_live.nonpaged_outstanding IS 'Nonpaged allocations in use.';
COMMENT ON COLUMN pool_tag_live.nonpaged_bytes IS 'Nonpaged bytes in use.';
COMMENT ON COLUMN pool_tag_live.paged_allocs IS 'Paged allocations since start.';
COMMENT ON COLUMN pool_tag_live.paged_frees IS 'Paged frees since start.';
COMMENT ON COLUMN pool_tag_live.paged_outstanding IS 'Paged allocations in use.';
COMMENT ON COLUMN pool_tag_live.paged_bytes IS 'Paged bytes in use.';
COMMENT ON COLUMN pool_tag_live.driver IS 'The driver that the tool names.';
COMMENT ON COLUMN pool_tag_live.description IS 'What the tool says about the tag.';
COMMENT ON COLUMN pool_tag_live.complete IS 'Whether the sums agree with the totals that the tool shows: false where they do not or the display was stopped; null where it shows none.';

-- Schema version 2.
CREATE TABLE image_warning (
  schema_version INTEGER NOT NULL,
  image_id VARCHAR NOT NULL,
  image_path VARCHAR NOT NULL,
  system INTEGER,
  host VARCHAR,
  labels VARCHAR,
  captured_at TIMESTAMP WITH TIME ZONE,
  windows_version VARCHAR,
  arch VARCHAR,
  kernel_guid VARCHAR,
  code VARCHAR NOT NULL,
  message VARCHAR NOT NULL,
  scope VARCHAR NOT NULL,
  processor INTEGER,
  first_slot INTEGER,
  last_slot INTEGER,
  count INTEGER NOT NULL
);
COMMENT ON TABLE image_warning IS 'What is not whole or not certain about an image: each warning and doubt, and the slots that it concerns.';
COMMENT ON COLUMN image_warning.schema_version IS 'Version of this schema.';
COMMENT ON COLUMN image_warning.image_id IS 'Identity of the memory content: the same memory in another container has the same id.';
COMMENT ON COLUMN image_warning.image_path IS 'The image as it was named, without credentials.';
COMMENT ON COLUMN image_warning.system IS 'Which system of the image: 0 the one that is answered for by default, then the others that lie in its memory (--all-systems); null before schema version 2, as 0.';
COMMENT ON COLUMN image_warning.host IS 'The label host; null when none was given.';
COMMENT ON COLUMN image_warning.labels IS 'All labels as a JSON object in text; null when none was given.';
COMMENT ON COLUMN image_warning.captured_at IS 'System time of the image, UTC; null when unknown. Of a failed image that of its container or file, as captured_at_source in its image record says.';
COMMENT ON COLUMN image_warning.windows_version IS 'Windows version, as precise as it is known (10.0.19041.1466, else 10.0.19041).';
COMMENT ON COLUMN image_warning.arch IS 'Architecture: x64, x86 or arm64.';
COMMENT ON COLUMN image_warning.kernel_guid IS 'GUID of the kernel''s PDB, 32 upper-case hexadecimal digits; null when unknown.';
COMMENT ON COLUMN image_warning.code IS 'Stable code of the warning or doubt.';
COMMENT ON COLUMN image_warning.message IS 'What is wrong, in one line; of several of a kind the first.';
COMMENT ON COLUMN image_warning.scope IS 'What counts may be wrong for it: none, all, slots (those from first_slot to last_slot) or expansion (the tags of the expansion table).';
COMMENT ON COLUMN image_warning.processor IS 'Whose table it is about; null when it is not about one processor''s, or that is not known.';
COMMENT ON COLUMN image_warning.first_slot IS 'The first slot concerned; null unless the scope is slots.';
COMMENT ON COLUMN image_warning.last_slot IS 'The last one; the overflow slot has the number of hashed slots.';
COMMENT ON COLUMN image_warning.count IS 'How many of this kind there are in the image.';
