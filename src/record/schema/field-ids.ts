/**
 * The names of columns in the order of their field ids, the first is 1: what tables and Parquet files know a column by,
 * whatever its place and name. Of every record type the same name has the same id. Names are only ever added at the end;
 * a column whose type or meaning changes gets a new line, and the old one stays where it is with a name that is no
 * column's.
 */
const NAMES_IN_ORDER = [
  ...['schema_version', 'image_id', 'image_path', 'system', 'host', 'labels', 'captured_at', 'windows_version', 'arch'],
  ...['kernel_guid', 'tag', 'key', 'protected', 'nonpaged_allocs', 'nonpaged_frees', 'nonpaged_outstanding'],
  ...['nonpaged_bytes', 'paged_allocs', 'paged_frees', 'paged_outstanding', 'paged_bytes', 'big_allocations'],
  ...['big_bytes', 'slot', 'place', 'processors_seen', 'complete', 'located_by', 'consistency', 'keyless'],
  ...['keyless_counts', 'as_reported', 'driver', 'description', 'candidates', 'candidate_drivers', 'processor'],
  ...['captured_at_source', 'status', 'error_code', 'error_message', 'warnings', 'doubts', 'format', 'image_bytes'],
  ...['memory_bytes', 'runs', 'page_table_root', 'page_table_root_from', 'page_table_root_verified_by'],
  ...['other_systems', 'paging_levels', 'kernel_base', 'kernel_size', 'pdb_name', 'pdb_age', 'nt_build_lab'],
  ...['processors', 'tables', 'entry_size', 'table_slots', 'hash_law_share', 'facts', 'facts_failed', 'facts_unknown'],
  ...['tags', 'tags_incomplete', 'tags_consistent', 'tags_torn', 'tags_impossible', 'expansion_tags'],
  ...['pages_missing', 'entries_missing', 'rejected', 'carve', 'bytes_read', 'elapsed_ms', 'tool_version', 'address'],
  ...['pid', 'ppid', 'name', 'create_time', 'exit_time', 'session', 'threads', 'handles'],
  ...['seen_by_psactiveprocesshead', 'seen_by_pspcidtable', 'seen_by_csrss', 'seen_by_sessions', 'seen_by_handles'],
  ...['kind', 'method', 'available', 'found', 'terminated', 'unreadable', 'tag_outstanding', 'tag_complete'],
  ...['tag_consistency', 'difference', 'reason', 'object_type', 'parent_name', 'state', 'holding_processes', 'holders'],
  ...['type_objects', 'bytes', 'pool_type', 'free', 'tool', 'snapshot', 'code', 'message', 'scope', 'first_slot'],
  ...['last_slot', 'count'],
];

const IDS: ReadonlyMap<string, number> = new Map(NAMES_IN_ORDER.map((name, index) => [name, index + 1]));

/** Ids from here on are for columns that only the names of a dataset's folders have. */
export const FIRST_FOLDER_FIELD_ID = 10_001;

/**
 * The field id of a column; null for a name that is no column of the schema.
 * @param name snake_case
 */
export function fieldId(name: string): number | null {
  return IDS.get(name) ?? null;
}
