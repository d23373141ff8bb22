import { PoolTrackerError } from '../../errors.js';

/*
 * Field ids of the columns in Parquet files, and in the schemas of tables over them: by its id a column stays the same one
 * whatever it is called and wherever it stands. A name has one id in all record types. Ids are given once: new names go
 * to the end of the list, and those that are no longer used stay in it.
 */

/** Names of columns; the first has the id 1. */
const NAMES = `
  schema_version image_id image_path system host labels captured_at windows_version arch kernel_guid tag key
  protected nonpaged_allocs nonpaged_frees nonpaged_outstanding nonpaged_bytes paged_allocs paged_frees
  paged_outstanding paged_bytes big_allocations big_bytes slot place processors_seen complete located_by consistency
  keyless keyless_counts as_reported driver description candidates candidate_drivers processor captured_at_source
  status error_code error_message warnings doubts format image_bytes memory_bytes runs page_table_root
  page_table_root_from page_table_root_verified_by other_systems paging_levels kernel_base kernel_size pdb_name
  pdb_age nt_build_lab processors tables entry_size table_slots hash_law_share facts facts_failed facts_unknown tags
  tags_incomplete tags_consistent tags_torn tags_impossible expansion_tags pages_missing entries_missing rejected
  carve bytes_read elapsed_ms tool_version address pid ppid name create_time exit_time session threads handles
  seen_by_psactiveprocesshead seen_by_pspcidtable seen_by_csrss seen_by_sessions seen_by_handles kind method
  available found terminated unreadable tag_outstanding tag_complete tag_consistency difference reason object_type
  parent_name state holding_processes holders type_objects bytes pool_type free tool snapshot code message scope
  first_slot last_slot count
`;

const IDS: ReadonlyMap<string, number> = new Map(
  NAMES.trim()
    .split(/\s+/)
    .map((name, index) => [name, index + 1]),
);

/**
 * The id of a column, the same in every file of every release.
 * @throws PoolTrackerError INTERNAL for a column that has been given none
 */
export function fieldId(name: string): number {
  const id = IDS.get(name);
  if (id === undefined) throw new PoolTrackerError('INTERNAL', `column ${name} has no field id`);
  return id;
}
