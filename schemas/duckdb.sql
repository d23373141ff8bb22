-- Questions over a dataset of pool-tracker records, for DuckDB 1.4 or later: views and table macros.
--
--     cd DATASET && duckdb -init duckdb.sql
--
-- or, for a dataset elsewhere (a bucket too, with the extension httpfs), before this file is read:
--
--     SET VARIABLE dataset = 's3://bucket/lake';

SET VARIABLE dataset = coalesce(getvariable('dataset'), '.');

-- A path as a pattern that matches it alone.
CREATE OR REPLACE TEMP MACRO literal(path) AS regexp_replace(path, '([*?\[])', '[\1]', 'g');

-- Where files are, as patterns. A dataset has DATASET/RECORD/v=VERSION/KEY=VALUE/.../NAME.ENDING. There may be several
-- datasets (the variable datasets, a list), and files outside of any (loose_files, a map from RECORD.ENDING to patterns).
CREATE OR REPLACE TEMP MACRO files_in(record, ending, below) AS list_concat(
  list_transform(coalesce(getvariable('datasets'), [getvariable('dataset')]), lambda d: literal(d) || '/' || record || below || '*.' || ending),
  coalesce(getvariable('loose_files')[record || '.' || ending], []::VARCHAR[]));
CREATE OR REPLACE TEMP MACRO record_files(record, ending) AS files_in(record, ending, '/v=[1-2]/**/');
CREATE OR REPLACE TEMP MACRO journal_files() AS files_in('_journal', 'ndjson', '/');

-- A list of texts as the SQL that makes it.
CREATE OR REPLACE TEMP MACRO list_text(texts) AS
  '[' || array_to_string(list_transform(texts, lambda t: '''' || replace(t, '''', '''''') || ''''), ', ') || ']';

-- What the name of a folder KEY=VALUE above a file says, always as text (a host named 007 is not 7). Only this one name
-- is null: DuckDB's own reading makes a null of the host NULL, too. A filter on it leaves other files unopened.
CREATE OR REPLACE TEMP MACRO folder_value(file, folder_key) AS CASE
  WHEN regexp_extract(file, '.*/' || folder_key || '=([^/]*)/', 1) NOT IN ('', '__HIVE_DEFAULT_PARTITION__')
  THEN url_decode(regexp_extract(file, '.*/' || folder_key || '=([^/]*)/', 1)) END;

-- A dataset may have a table's log for each kind of records (RECORD/_delta_log, RECORD/metadata). Files of earlier versions
-- of the table stay for a while, and those of a compaction come before they count: what the log of Delta and the journal
-- say of them, or the journal alone beside Iceberg's metadata. Where there is no log, files are all there is.
CREATE OR REPLACE TEMP MACRO log_of(record, ending, reader, options) AS (
  SELECT CASE WHEN count(*) = 0 THEN '' ELSE
    ' UNION ALL SELECT filename, "add".path, "remove".path FROM ' || reader || '(' || list_text(list(literal(file)))
    || ', filename = true' || options || ')' END
  FROM glob(files_in(record, ending, '/_delta_log/')));
CREATE OR REPLACE TEMP MACRO log_query(record) AS
  'SELECT NULL::VARCHAR AS log, NULL::VARCHAR AS added, NULL::VARCHAR AS removed WHERE false'
  || log_of(record, 'json', 'read_ndjson', ', maximum_object_size = 67108864, columns = {'
       || '"add": ''STRUCT(path VARCHAR)'', "remove": ''STRUCT(path VARCHAR)''}')
  || log_of(record, 'checkpoint.parquet', 'read_parquet', '');
CREATE OR REPLACE TEMP MACRO merging_query() AS (
  SELECT CASE WHEN count(*) = 0 THEN 'SELECT NULL::VARCHAR AS file, NULL::BOOLEAN AS is_input, NULL::BOOLEAN AS is_merged WHERE false' ELSE
    'WITH told AS (
       SELECT regexp_replace(any_value(filename), ''/_journal/[^/]*$'', ''/'') AS root,
         arg_max(inputs, "at" * 4 + list_position(states, state)) AS inputs,
         arg_max(outputs, "at" * 4 + list_position(states, state)) AS outputs,
         arg_max(state, "at" * 4 + list_position(states, state)) AS state
       FROM read_ndjson(' || list_text(list(literal(file))) || ', filename = true, ignore_errors = true,
         maximum_object_size = 67108864,
         columns = {type: ''VARCHAR'', "at": ''BIGINT'', id: ''VARCHAR'', state: ''VARCHAR'', inputs: ''VARCHAR[]'',
           outputs: ''VARCHAR[]''}), (SELECT [''begun'', ''merged'', ''done'', ''undone''] AS states)
       WHERE type = ''compaction'' AND list_contains(states, state)
       GROUP BY regexp_replace(filename, ''/[^/]*$'', ''''), id
     )
     SELECT root || unnest(inputs) AS file, true AS is_input, state <> ''begun'' AS is_merged FROM told WHERE state <> ''undone''
     UNION ALL
     SELECT root || unnest(outputs), false, false FROM told WHERE state = ''begun''' END
  FROM glob(journal_files()));

-- What reads the files of one format; nothing when there are none, which DuckDB would refuse, as it does a pattern
-- without a file: of several patterns the files are told one by one. The columns are told, so
-- that DuckDB does not look into every file for them; what a file of an older version of the schema lacks is null. The
-- keys in the names of folders are columns, too, but host only where all files have it there: while compaction leaves
-- out a key, files lie both ways.
CREATE OR REPLACE TEMP MACRO records_of(record, reader, ending, names, hidden, options) AS (
  WITH found AS (
    SELECT file, list_distinct(regexp_extract_all(regexp_extract(file, '.*/' || record || '/(v=.*/)', 1), '([^/=]+)=[^/]*/', 1)) AS keys
    FROM glob(record_files(record, ending))
    WHERE file NOT IN (SELECT unnest(hidden))
  ), folders AS (
    SELECT count(*) AS files,
      CASE WHEN len(record_files(record, ending)) = 1 AND len(hidden) = 0 THEN record_files(record, ending) ELSE list(literal(file)) END AS patterns,
      coalesce(bool_and(list_contains(keys, 'host')), false) AS all_have_host,
      list_sort(list_filter(list_distinct(flatten(list(keys))), lambda k: NOT list_contains(names, k))) AS keys
    FROM found
  )
  SELECT CASE WHEN files = 0 THEN '' ELSE
    ' UNION ALL BY NAME SELECT * EXCLUDE (filename)'
    || CASE WHEN all_have_host THEN ' REPLACE (folder_value(filename, ''host'') AS host)' ELSE '' END
    || coalesce(array_to_string(list_transform(keys, lambda k:
         ', folder_value(filename, ''' || replace(k, '''', '''''') || ''') AS "' || replace(k, '"', '""') || '"'), ''), '')
    || ' FROM ' || reader || '(' || list_text(patterns) || ', filename = true, hive_partitioning = false' || options || ')'
  END FROM folders);

-- All records of one type: every column is there whatever the files lack, and so is the view when there are no files.
CREATE OR REPLACE TEMP MACRO records_query(record, columns, hidden) AS
  'SELECT ' || array_to_string(list_transform(columns, lambda c: 'NULL::' || c.type || ' AS ' || c.name), ', ') || ' WHERE false'
  || records_of(record, 'read_parquet', 'parquet', list_transform(columns, lambda c: c.name), coalesce(hidden, []::VARCHAR[]), ', schema = MAP {'
       || array_to_string(list_transform(columns, lambda c:
            '''' || c.name || ''': {name: ''' || c.name || ''', type: ''' || c.type || ''', default_value: NULL}'), ', ') || '}')
  || records_of(record, 'read_ndjson', 'ndjson*', list_transform(columns, lambda c: c.name), []::VARCHAR[], ', columns = {'
       || array_to_string(list_transform(columns, lambda c: c.name || ': ''' || c.type || ''''), ', ') || '}');

SET VARIABLE merging_files_query = merging_query();

-- Pool tag totals over all processors, summed as the kernel does.
SET VARIABLE pool_tag_log_query = log_query('pool_tag');
SET VARIABLE pool_tag_hidden_query = (
  WITH said AS (
    SELECT regexp_replace(log, '/_delta_log/[^/]*$', '/') AS folder, url_decode(coalesce(added, removed)) AS path,
      arg_max(removed IS NOT NULL, log) AS gone
    FROM query(getvariable('pool_tag_log_query'))
    WHERE coalesce(added, removed) IS NOT NULL
    GROUP BY folder, path
  ), silent AS (
    SELECT regexp_replace(file, 'metadata/[^/]*$', '') AS folder FROM glob(files_in('pool_tag', 'text', '/metadata/'))
    WHERE regexp_replace(file, 'metadata/[^/]*$', '') NOT IN (SELECT folder FROM said)
  ), merging AS (
    SELECT *, regexp_extract(file, '^(.*/pool_tag/)v=', 1) AS folder FROM query(getvariable('merging_files_query'))
  )
  SELECT list(file) FROM (
    SELECT file FROM merging
    WHERE is_input
      AND (file IN (SELECT folder || path FROM said WHERE gone) OR is_merged AND folder IN (SELECT folder FROM silent))
    UNION
    SELECT file FROM merging
    WHERE NOT is_input
      AND (folder IN (SELECT folder FROM silent)
        OR file NOT IN (SELECT folder || path FROM said WHERE NOT gone) AND folder IN (SELECT folder FROM said))
  )
);
SET VARIABLE pool_tag_query = records_query('pool_tag', [
  {name: 'schema_version', type: 'INTEGER'},
  {name: 'image_id', type: 'VARCHAR'},
  {name: 'image_path', type: 'VARCHAR'},
  {name: 'system', type: 'INTEGER'},
  {name: 'host', type: 'VARCHAR'},
  {name: 'labels', type: 'VARCHAR'},
  {name: 'captured_at', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'windows_version', type: 'VARCHAR'},
  {name: 'arch', type: 'VARCHAR'},
  {name: 'kernel_guid', type: 'VARCHAR'},
  {name: 'tag', type: 'VARCHAR'},
  {name: 'key', type: 'UINTEGER'},
  {name: 'protected', type: 'BOOLEAN'},
  {name: 'nonpaged_allocs', type: 'BIGINT'},
  {name: 'nonpaged_frees', type: 'BIGINT'},
  {name: 'nonpaged_outstanding', type: 'BIGINT'},
  {name: 'nonpaged_bytes', type: 'BIGINT'},
  {name: 'paged_allocs', type: 'BIGINT'},
  {name: 'paged_frees', type: 'BIGINT'},
  {name: 'paged_outstanding', type: 'BIGINT'},
  {name: 'paged_bytes', type: 'BIGINT'},
  {name: 'big_allocations', type: 'BIGINT'},
  {name: 'big_bytes', type: 'BIGINT'},
  {name: 'slot', type: 'INTEGER'},
  {name: 'place', type: 'VARCHAR'},
  {name: 'processors_seen', type: 'INTEGER'},
  {name: 'complete', type: 'BOOLEAN'},
  {name: 'located_by', type: 'VARCHAR'},
  {name: 'consistency', type: 'VARCHAR'},
  {name: 'keyless', type: 'VARCHAR'},
  {name: 'keyless_counts', type: 'VARCHAR'},
  {name: 'as_reported', type: 'BOOLEAN'},
  {name: 'driver', type: 'VARCHAR'},
  {name: 'description', type: 'VARCHAR'},
  {name: 'candidates', type: 'VARCHAR'},
  {name: 'candidate_drivers', type: 'VARCHAR'}
], getvariable('pool_tag_hidden_query'));
CREATE OR REPLACE TEMP VIEW pool_tag AS FROM query(getvariable('pool_tag_query'));

-- Pool tag counters of one processor, raw; only their sum over all processors is meaningful.
SET VARIABLE pool_tag_cpu_log_query = log_query('pool_tag_cpu');
SET VARIABLE pool_tag_cpu_hidden_query = (
  WITH said AS (
    SELECT regexp_replace(log, '/_delta_log/[^/]*$', '/') AS folder, url_decode(coalesce(added, removed)) AS path,
      arg_max(removed IS NOT NULL, log) AS gone
    FROM query(getvariable('pool_tag_cpu_log_query'))
    WHERE coalesce(added, removed) IS NOT NULL
    GROUP BY folder, path
  ), silent AS (
    SELECT regexp_replace(file, 'metadata/[^/]*$', '') AS folder FROM glob(files_in('pool_tag_cpu', 'text', '/metadata/'))
    WHERE regexp_replace(file, 'metadata/[^/]*$', '') NOT IN (SELECT folder FROM said)
  ), merging AS (
    SELECT *, regexp_extract(file, '^(.*/pool_tag_cpu/)v=', 1) AS folder FROM query(getvariable('merging_files_query'))
  )
  SELECT list(file) FROM (
    SELECT file FROM merging
    WHERE is_input
      AND (file IN (SELECT folder || path FROM said WHERE gone) OR is_merged AND folder IN (SELECT folder FROM silent))
    UNION
    SELECT file FROM merging
    WHERE NOT is_input
      AND (folder IN (SELECT folder FROM silent)
        OR file NOT IN (SELECT folder || path FROM said WHERE NOT gone) AND folder IN (SELECT folder FROM said))
  )
);
SET VARIABLE pool_tag_cpu_query = records_query('pool_tag_cpu', [
  {name: 'schema_version', type: 'INTEGER'},
  {name: 'image_id', type: 'VARCHAR'},
  {name: 'image_path', type: 'VARCHAR'},
  {name: 'system', type: 'INTEGER'},
  {name: 'host', type: 'VARCHAR'},
  {name: 'labels', type: 'VARCHAR'},
  {name: 'captured_at', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'windows_version', type: 'VARCHAR'},
  {name: 'arch', type: 'VARCHAR'},
  {name: 'kernel_guid', type: 'VARCHAR'},
  {name: 'tag', type: 'VARCHAR'},
  {name: 'key', type: 'UINTEGER'},
  {name: 'protected', type: 'BOOLEAN'},
  {name: 'processor', type: 'INTEGER'},
  {name: 'nonpaged_allocs', type: 'BIGINT'},
  {name: 'nonpaged_frees', type: 'BIGINT'},
  {name: 'nonpaged_bytes', type: 'BIGINT'},
  {name: 'paged_allocs', type: 'BIGINT'},
  {name: 'paged_frees', type: 'BIGINT'},
  {name: 'paged_bytes', type: 'BIGINT'},
  {name: 'slot', type: 'INTEGER'},
  {name: 'place', type: 'VARCHAR'},
  {name: 'complete', type: 'BOOLEAN'},
  {name: 'located_by', type: 'VARCHAR'}
], getvariable('pool_tag_cpu_hidden_query'));
CREATE OR REPLACE TEMP VIEW pool_tag_cpu AS FROM query(getvariable('pool_tag_cpu_query'));

-- What is known of an image and of the scan of it.
SET VARIABLE image_log_query = log_query('image');
SET VARIABLE image_hidden_query = (
  WITH said AS (
    SELECT regexp_replace(log, '/_delta_log/[^/]*$', '/') AS folder, url_decode(coalesce(added, removed)) AS path,
      arg_max(removed IS NOT NULL, log) AS gone
    FROM query(getvariable('image_log_query'))
    WHERE coalesce(added, removed) IS NOT NULL
    GROUP BY folder, path
  ), silent AS (
    SELECT regexp_replace(file, 'metadata/[^/]*$', '') AS folder FROM glob(files_in('image', 'text', '/metadata/'))
    WHERE regexp_replace(file, 'metadata/[^/]*$', '') NOT IN (SELECT folder FROM said)
  ), merging AS (
    SELECT *, regexp_extract(file, '^(.*/image/)v=', 1) AS folder FROM query(getvariable('merging_files_query'))
  )
  SELECT list(file) FROM (
    SELECT file FROM merging
    WHERE is_input
      AND (file IN (SELECT folder || path FROM said WHERE gone) OR is_merged AND folder IN (SELECT folder FROM silent))
    UNION
    SELECT file FROM merging
    WHERE NOT is_input
      AND (folder IN (SELECT folder FROM silent)
        OR file NOT IN (SELECT folder || path FROM said WHERE NOT gone) AND folder IN (SELECT folder FROM said))
  )
);
SET VARIABLE image_query = records_query('image', [
  {name: 'schema_version', type: 'INTEGER'},
  {name: 'image_id', type: 'VARCHAR'},
  {name: 'image_path', type: 'VARCHAR'},
  {name: 'system', type: 'INTEGER'},
  {name: 'host', type: 'VARCHAR'},
  {name: 'labels', type: 'VARCHAR'},
  {name: 'captured_at', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'captured_at_source', type: 'VARCHAR'},
  {name: 'status', type: 'VARCHAR'},
  {name: 'error_code', type: 'VARCHAR'},
  {name: 'error_message', type: 'VARCHAR'},
  {name: 'warnings', type: 'VARCHAR'},
  {name: 'doubts', type: 'VARCHAR'},
  {name: 'windows_version', type: 'VARCHAR'},
  {name: 'arch', type: 'VARCHAR'},
  {name: 'kernel_guid', type: 'VARCHAR'},
  {name: 'format', type: 'VARCHAR'},
  {name: 'image_bytes', type: 'BIGINT'},
  {name: 'memory_bytes', type: 'BIGINT'},
  {name: 'runs', type: 'VARCHAR'},
  {name: 'page_table_root', type: 'VARCHAR'},
  {name: 'page_table_root_from', type: 'VARCHAR'},
  {name: 'page_table_root_verified_by', type: 'VARCHAR'},
  {name: 'other_systems', type: 'VARCHAR'},
  {name: 'paging_levels', type: 'INTEGER'},
  {name: 'kernel_base', type: 'VARCHAR'},
  {name: 'kernel_size', type: 'BIGINT'},
  {name: 'pdb_name', type: 'VARCHAR'},
  {name: 'pdb_age', type: 'INTEGER'},
  {name: 'nt_build_lab', type: 'VARCHAR'},
  {name: 'processors', type: 'INTEGER'},
  {name: 'located_by', type: 'VARCHAR'},
  {name: 'tables', type: 'VARCHAR'},
  {name: 'entry_size', type: 'INTEGER'},
  {name: 'table_slots', type: 'INTEGER'},
  {name: 'hash_law_share', type: 'DOUBLE'},
  {name: 'facts', type: 'VARCHAR'},
  {name: 'facts_failed', type: 'INTEGER'},
  {name: 'facts_unknown', type: 'INTEGER'},
  {name: 'tags', type: 'INTEGER'},
  {name: 'tags_incomplete', type: 'INTEGER'},
  {name: 'tags_consistent', type: 'INTEGER'},
  {name: 'tags_torn', type: 'INTEGER'},
  {name: 'tags_impossible', type: 'INTEGER'},
  {name: 'expansion_tags', type: 'INTEGER'},
  {name: 'processors_seen', type: 'INTEGER'},
  {name: 'pages_missing', type: 'INTEGER'},
  {name: 'entries_missing', type: 'INTEGER'},
  {name: 'rejected', type: 'VARCHAR'},
  {name: 'carve', type: 'VARCHAR'},
  {name: 'bytes_read', type: 'BIGINT'},
  {name: 'elapsed_ms', type: 'BIGINT'},
  {name: 'tool_version', type: 'VARCHAR'}
], getvariable('image_hidden_query'));
CREATE OR REPLACE TEMP VIEW image AS FROM query(getvariable('image_query'));

-- Processes, with which of five methods saw each of them.
SET VARIABLE process_log_query = log_query('process');
SET VARIABLE process_hidden_query = (
  WITH said AS (
    SELECT regexp_replace(log, '/_delta_log/[^/]*$', '/') AS folder, url_decode(coalesce(added, removed)) AS path,
      arg_max(removed IS NOT NULL, log) AS gone
    FROM query(getvariable('process_log_query'))
    WHERE coalesce(added, removed) IS NOT NULL
    GROUP BY folder, path
  ), silent AS (
    SELECT regexp_replace(file, 'metadata/[^/]*$', '') AS folder FROM glob(files_in('process', 'text', '/metadata/'))
    WHERE regexp_replace(file, 'metadata/[^/]*$', '') NOT IN (SELECT folder FROM said)
  ), merging AS (
    SELECT *, regexp_extract(file, '^(.*/process/)v=', 1) AS folder FROM query(getvariable('merging_files_query'))
  )
  SELECT list(file) FROM (
    SELECT file FROM merging
    WHERE is_input
      AND (file IN (SELECT folder || path FROM said WHERE gone) OR is_merged AND folder IN (SELECT folder FROM silent))
    UNION
    SELECT file FROM merging
    WHERE NOT is_input
      AND (folder IN (SELECT folder FROM silent)
        OR file NOT IN (SELECT folder || path FROM said WHERE NOT gone) AND folder IN (SELECT folder FROM said))
  )
);
SET VARIABLE process_query = records_query('process', [
  {name: 'schema_version', type: 'INTEGER'},
  {name: 'image_id', type: 'VARCHAR'},
  {name: 'image_path', type: 'VARCHAR'},
  {name: 'system', type: 'INTEGER'},
  {name: 'host', type: 'VARCHAR'},
  {name: 'labels', type: 'VARCHAR'},
  {name: 'captured_at', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'windows_version', type: 'VARCHAR'},
  {name: 'arch', type: 'VARCHAR'},
  {name: 'kernel_guid', type: 'VARCHAR'},
  {name: 'address', type: 'VARCHAR'},
  {name: 'pid', type: 'UINTEGER'},
  {name: 'ppid', type: 'UINTEGER'},
  {name: 'name', type: 'VARCHAR'},
  {name: 'create_time', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'exit_time', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'session', type: 'INTEGER'},
  {name: 'page_table_root', type: 'VARCHAR'},
  {name: 'threads', type: 'UINTEGER'},
  {name: 'handles', type: 'UINTEGER'},
  {name: 'seen_by_psactiveprocesshead', type: 'BOOLEAN'},
  {name: 'seen_by_pspcidtable', type: 'BOOLEAN'},
  {name: 'seen_by_csrss', type: 'BOOLEAN'},
  {name: 'seen_by_sessions', type: 'BOOLEAN'},
  {name: 'seen_by_handles', type: 'BOOLEAN'}
], getvariable('process_hidden_query'));
CREATE OR REPLACE TEMP VIEW process AS FROM query(getvariable('process_query'));

-- How many objects each method found, beside what the pool tag of their kind has outstanding.
SET VARIABLE object_count_log_query = log_query('object_count');
SET VARIABLE object_count_hidden_query = (
  WITH said AS (
    SELECT regexp_replace(log, '/_delta_log/[^/]*$', '/') AS folder, url_decode(coalesce(added, removed)) AS path,
      arg_max(removed IS NOT NULL, log) AS gone
    FROM query(getvariable('object_count_log_query'))
    WHERE coalesce(added, removed) IS NOT NULL
    GROUP BY folder, path
  ), silent AS (
    SELECT regexp_replace(file, 'metadata/[^/]*$', '') AS folder FROM glob(files_in('object_count', 'text', '/metadata/'))
    WHERE regexp_replace(file, 'metadata/[^/]*$', '') NOT IN (SELECT folder FROM said)
  ), merging AS (
    SELECT *, regexp_extract(file, '^(.*/object_count/)v=', 1) AS folder FROM query(getvariable('merging_files_query'))
  )
  SELECT list(file) FROM (
    SELECT file FROM merging
    WHERE is_input
      AND (file IN (SELECT folder || path FROM said WHERE gone) OR is_merged AND folder IN (SELECT folder FROM silent))
    UNION
    SELECT file FROM merging
    WHERE NOT is_input
      AND (folder IN (SELECT folder FROM silent)
        OR file NOT IN (SELECT folder || path FROM said WHERE NOT gone) AND folder IN (SELECT folder FROM said))
  )
);
SET VARIABLE object_count_query = records_query('object_count', [
  {name: 'schema_version', type: 'INTEGER'},
  {name: 'image_id', type: 'VARCHAR'},
  {name: 'image_path', type: 'VARCHAR'},
  {name: 'system', type: 'INTEGER'},
  {name: 'host', type: 'VARCHAR'},
  {name: 'labels', type: 'VARCHAR'},
  {name: 'captured_at', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'windows_version', type: 'VARCHAR'},
  {name: 'arch', type: 'VARCHAR'},
  {name: 'kernel_guid', type: 'VARCHAR'},
  {name: 'kind', type: 'VARCHAR'},
  {name: 'method', type: 'VARCHAR'},
  {name: 'available', type: 'BOOLEAN'},
  {name: 'found', type: 'UINTEGER'},
  {name: 'terminated', type: 'UINTEGER'},
  {name: 'unreadable', type: 'UINTEGER'},
  {name: 'tag', type: 'VARCHAR'},
  {name: 'tag_outstanding', type: 'BIGINT'},
  {name: 'tag_complete', type: 'BOOLEAN'},
  {name: 'tag_consistency', type: 'VARCHAR'},
  {name: 'difference', type: 'BIGINT'},
  {name: 'reason', type: 'VARCHAR'}
], getvariable('object_count_hidden_query'));
CREATE OR REPLACE TEMP VIEW object_count AS FROM query(getvariable('object_count_query'));

-- Objects behind the count of a pool tag, with the processes that have handles to each of them.
SET VARIABLE object_holder_log_query = log_query('object_holder');
SET VARIABLE object_holder_hidden_query = (
  WITH said AS (
    SELECT regexp_replace(log, '/_delta_log/[^/]*$', '/') AS folder, url_decode(coalesce(added, removed)) AS path,
      arg_max(removed IS NOT NULL, log) AS gone
    FROM query(getvariable('object_holder_log_query'))
    WHERE coalesce(added, removed) IS NOT NULL
    GROUP BY folder, path
  ), silent AS (
    SELECT regexp_replace(file, 'metadata/[^/]*$', '') AS folder FROM glob(files_in('object_holder', 'text', '/metadata/'))
    WHERE regexp_replace(file, 'metadata/[^/]*$', '') NOT IN (SELECT folder FROM said)
  ), merging AS (
    SELECT *, regexp_extract(file, '^(.*/object_holder/)v=', 1) AS folder FROM query(getvariable('merging_files_query'))
  )
  SELECT list(file) FROM (
    SELECT file FROM merging
    WHERE is_input
      AND (file IN (SELECT folder || path FROM said WHERE gone) OR is_merged AND folder IN (SELECT folder FROM silent))
    UNION
    SELECT file FROM merging
    WHERE NOT is_input
      AND (folder IN (SELECT folder FROM silent)
        OR file NOT IN (SELECT folder || path FROM said WHERE NOT gone) AND folder IN (SELECT folder FROM said))
  )
);
SET VARIABLE object_holder_query = records_query('object_holder', [
  {name: 'schema_version', type: 'INTEGER'},
  {name: 'image_id', type: 'VARCHAR'},
  {name: 'image_path', type: 'VARCHAR'},
  {name: 'system', type: 'INTEGER'},
  {name: 'host', type: 'VARCHAR'},
  {name: 'labels', type: 'VARCHAR'},
  {name: 'captured_at', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'windows_version', type: 'VARCHAR'},
  {name: 'arch', type: 'VARCHAR'},
  {name: 'kernel_guid', type: 'VARCHAR'},
  {name: 'tag', type: 'VARCHAR'},
  {name: 'object_type', type: 'VARCHAR'},
  {name: 'address', type: 'VARCHAR'},
  {name: 'name', type: 'VARCHAR'},
  {name: 'pid', type: 'UINTEGER'},
  {name: 'ppid', type: 'UINTEGER'},
  {name: 'parent_name', type: 'VARCHAR'},
  {name: 'state', type: 'VARCHAR'},
  {name: 'handles', type: 'UINTEGER'},
  {name: 'holding_processes', type: 'UINTEGER'},
  {name: 'holders', type: 'VARCHAR'},
  {name: 'tag_outstanding', type: 'BIGINT'},
  {name: 'tag_complete', type: 'BOOLEAN'},
  {name: 'tag_consistency', type: 'VARCHAR'},
  {name: 'type_objects', type: 'UINTEGER'}
], getvariable('object_holder_hidden_query'));
CREATE OR REPLACE TEMP VIEW object_holder AS FROM query(getvariable('object_holder_query'));

-- Allocations of a page or more, as the kernel lists them in PoolBigPageTable.
SET VARIABLE bigpool_log_query = log_query('bigpool');
SET VARIABLE bigpool_hidden_query = (
  WITH said AS (
    SELECT regexp_replace(log, '/_delta_log/[^/]*$', '/') AS folder, url_decode(coalesce(added, removed)) AS path,
      arg_max(removed IS NOT NULL, log) AS gone
    FROM query(getvariable('bigpool_log_query'))
    WHERE coalesce(added, removed) IS NOT NULL
    GROUP BY folder, path
  ), silent AS (
    SELECT regexp_replace(file, 'metadata/[^/]*$', '') AS folder FROM glob(files_in('bigpool', 'text', '/metadata/'))
    WHERE regexp_replace(file, 'metadata/[^/]*$', '') NOT IN (SELECT folder FROM said)
  ), merging AS (
    SELECT *, regexp_extract(file, '^(.*/bigpool/)v=', 1) AS folder FROM query(getvariable('merging_files_query'))
  )
  SELECT list(file) FROM (
    SELECT file FROM merging
    WHERE is_input
      AND (file IN (SELECT folder || path FROM said WHERE gone) OR is_merged AND folder IN (SELECT folder FROM silent))
    UNION
    SELECT file FROM merging
    WHERE NOT is_input
      AND (folder IN (SELECT folder FROM silent)
        OR file NOT IN (SELECT folder || path FROM said WHERE NOT gone) AND folder IN (SELECT folder FROM said))
  )
);
SET VARIABLE bigpool_query = records_query('bigpool', [
  {name: 'schema_version', type: 'INTEGER'},
  {name: 'image_id', type: 'VARCHAR'},
  {name: 'image_path', type: 'VARCHAR'},
  {name: 'system', type: 'INTEGER'},
  {name: 'host', type: 'VARCHAR'},
  {name: 'labels', type: 'VARCHAR'},
  {name: 'captured_at', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'windows_version', type: 'VARCHAR'},
  {name: 'arch', type: 'VARCHAR'},
  {name: 'kernel_guid', type: 'VARCHAR'},
  {name: 'address', type: 'VARCHAR'},
  {name: 'tag', type: 'VARCHAR'},
  {name: 'key', type: 'UINTEGER'},
  {name: 'protected', type: 'BOOLEAN'},
  {name: 'bytes', type: 'BIGINT'},
  {name: 'pool_type', type: 'UINTEGER'},
  {name: 'free', type: 'BOOLEAN'}
], getvariable('bigpool_hidden_query'));
CREATE OR REPLACE TEMP VIEW bigpool AS FROM query(getvariable('bigpool_query'));

-- Pool tag counters of one session, up to Windows build 22000: of its own table, not part of the totals of pool_tag.
SET VARIABLE pool_tag_session_log_query = log_query('pool_tag_session');
SET VARIABLE pool_tag_session_hidden_query = (
  WITH said AS (
    SELECT regexp_replace(log, '/_delta_log/[^/]*$', '/') AS folder, url_decode(coalesce(added, removed)) AS path,
      arg_max(removed IS NOT NULL, log) AS gone
    FROM query(getvariable('pool_tag_session_log_query'))
    WHERE coalesce(added, removed) IS NOT NULL
    GROUP BY folder, path
  ), silent AS (
    SELECT regexp_replace(file, 'metadata/[^/]*$', '') AS folder FROM glob(files_in('pool_tag_session', 'text', '/metadata/'))
    WHERE regexp_replace(file, 'metadata/[^/]*$', '') NOT IN (SELECT folder FROM said)
  ), merging AS (
    SELECT *, regexp_extract(file, '^(.*/pool_tag_session/)v=', 1) AS folder FROM query(getvariable('merging_files_query'))
  )
  SELECT list(file) FROM (
    SELECT file FROM merging
    WHERE is_input
      AND (file IN (SELECT folder || path FROM said WHERE gone) OR is_merged AND folder IN (SELECT folder FROM silent))
    UNION
    SELECT file FROM merging
    WHERE NOT is_input
      AND (folder IN (SELECT folder FROM silent)
        OR file NOT IN (SELECT folder || path FROM said WHERE NOT gone) AND folder IN (SELECT folder FROM said))
  )
);
SET VARIABLE pool_tag_session_query = records_query('pool_tag_session', [
  {name: 'schema_version', type: 'INTEGER'},
  {name: 'image_id', type: 'VARCHAR'},
  {name: 'image_path', type: 'VARCHAR'},
  {name: 'system', type: 'INTEGER'},
  {name: 'host', type: 'VARCHAR'},
  {name: 'labels', type: 'VARCHAR'},
  {name: 'captured_at', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'windows_version', type: 'VARCHAR'},
  {name: 'arch', type: 'VARCHAR'},
  {name: 'kernel_guid', type: 'VARCHAR'},
  {name: 'tag', type: 'VARCHAR'},
  {name: 'key', type: 'UINTEGER'},
  {name: 'protected', type: 'BOOLEAN'},
  {name: 'session', type: 'INTEGER'},
  {name: 'nonpaged_allocs', type: 'BIGINT'},
  {name: 'nonpaged_frees', type: 'BIGINT'},
  {name: 'nonpaged_outstanding', type: 'BIGINT'},
  {name: 'nonpaged_bytes', type: 'BIGINT'},
  {name: 'paged_allocs', type: 'BIGINT'},
  {name: 'paged_frees', type: 'BIGINT'},
  {name: 'paged_outstanding', type: 'BIGINT'},
  {name: 'paged_bytes', type: 'BIGINT'},
  {name: 'slot', type: 'INTEGER'},
  {name: 'place', type: 'VARCHAR'},
  {name: 'complete', type: 'BOOLEAN'},
  {name: 'consistency', type: 'VARCHAR'},
  {name: 'driver', type: 'VARCHAR'},
  {name: 'description', type: 'VARCHAR'}
], getvariable('pool_tag_session_hidden_query'));
CREATE OR REPLACE TEMP VIEW pool_tag_session AS FROM query(getvariable('pool_tag_session_query'));

-- Pool tag counts of a live machine, as poolmon, !poolused or a CSV show them; nothing of them is proved.
SET VARIABLE pool_tag_live_log_query = log_query('pool_tag_live');
SET VARIABLE pool_tag_live_hidden_query = (
  WITH said AS (
    SELECT regexp_replace(log, '/_delta_log/[^/]*$', '/') AS folder, url_decode(coalesce(added, removed)) AS path,
      arg_max(removed IS NOT NULL, log) AS gone
    FROM query(getvariable('pool_tag_live_log_query'))
    WHERE coalesce(added, removed) IS NOT NULL
    GROUP BY folder, path
  ), silent AS (
    SELECT regexp_replace(file, 'metadata/[^/]*$', '') AS folder FROM glob(files_in('pool_tag_live', 'text', '/metadata/'))
    WHERE regexp_replace(file, 'metadata/[^/]*$', '') NOT IN (SELECT folder FROM said)
  ), merging AS (
    SELECT *, regexp_extract(file, '^(.*/pool_tag_live/)v=', 1) AS folder FROM query(getvariable('merging_files_query'))
  )
  SELECT list(file) FROM (
    SELECT file FROM merging
    WHERE is_input
      AND (file IN (SELECT folder || path FROM said WHERE gone) OR is_merged AND folder IN (SELECT folder FROM silent))
    UNION
    SELECT file FROM merging
    WHERE NOT is_input
      AND (folder IN (SELECT folder FROM silent)
        OR file NOT IN (SELECT folder || path FROM said WHERE NOT gone) AND folder IN (SELECT folder FROM said))
  )
);
SET VARIABLE pool_tag_live_query = records_query('pool_tag_live', [
  {name: 'schema_version', type: 'INTEGER'},
  {name: 'image_id', type: 'VARCHAR'},
  {name: 'image_path', type: 'VARCHAR'},
  {name: 'system', type: 'INTEGER'},
  {name: 'host', type: 'VARCHAR'},
  {name: 'labels', type: 'VARCHAR'},
  {name: 'captured_at', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'captured_at_source', type: 'VARCHAR'},
  {name: 'tool', type: 'VARCHAR'},
  {name: 'snapshot', type: 'INTEGER'},
  {name: 'tag', type: 'VARCHAR'},
  {name: 'key', type: 'UINTEGER'},
  {name: 'nonpaged_allocs', type: 'BIGINT'},
  {name: 'nonpaged_frees', type: 'BIGINT'},
  {name: 'nonpaged_outstanding', type: 'BIGINT'},
  {name: 'nonpaged_bytes', type: 'BIGINT'},
  {name: 'paged_allocs', type: 'BIGINT'},
  {name: 'paged_frees', type: 'BIGINT'},
  {name: 'paged_outstanding', type: 'BIGINT'},
  {name: 'paged_bytes', type: 'BIGINT'},
  {name: 'driver', type: 'VARCHAR'},
  {name: 'description', type: 'VARCHAR'},
  {name: 'complete', type: 'BOOLEAN'}
], getvariable('pool_tag_live_hidden_query'));
CREATE OR REPLACE TEMP VIEW pool_tag_live AS FROM query(getvariable('pool_tag_live_query'));

-- What is not whole or not certain about an image: each warning and doubt, and the slots that it concerns.
SET VARIABLE image_warning_log_query = log_query('image_warning');
SET VARIABLE image_warning_hidden_query = (
  WITH said AS (
    SELECT regexp_replace(log, '/_delta_log/[^/]*$', '/') AS folder, url_decode(coalesce(added, removed)) AS path,
      arg_max(removed IS NOT NULL, log) AS gone
    FROM query(getvariable('image_warning_log_query'))
    WHERE coalesce(added, removed) IS NOT NULL
    GROUP BY folder, path
  ), silent AS (
    SELECT regexp_replace(file, 'metadata/[^/]*$', '') AS folder FROM glob(files_in('image_warning', 'text', '/metadata/'))
    WHERE regexp_replace(file, 'metadata/[^/]*$', '') NOT IN (SELECT folder FROM said)
  ), merging AS (
    SELECT *, regexp_extract(file, '^(.*/image_warning/)v=', 1) AS folder FROM query(getvariable('merging_files_query'))
  )
  SELECT list(file) FROM (
    SELECT file FROM merging
    WHERE is_input
      AND (file IN (SELECT folder || path FROM said WHERE gone) OR is_merged AND folder IN (SELECT folder FROM silent))
    UNION
    SELECT file FROM merging
    WHERE NOT is_input
      AND (folder IN (SELECT folder FROM silent)
        OR file NOT IN (SELECT folder || path FROM said WHERE NOT gone) AND folder IN (SELECT folder FROM said))
  )
);
SET VARIABLE image_warning_query = records_query('image_warning', [
  {name: 'schema_version', type: 'INTEGER'},
  {name: 'image_id', type: 'VARCHAR'},
  {name: 'image_path', type: 'VARCHAR'},
  {name: 'system', type: 'INTEGER'},
  {name: 'host', type: 'VARCHAR'},
  {name: 'labels', type: 'VARCHAR'},
  {name: 'captured_at', type: 'TIMESTAMP WITH TIME ZONE'},
  {name: 'windows_version', type: 'VARCHAR'},
  {name: 'arch', type: 'VARCHAR'},
  {name: 'kernel_guid', type: 'VARCHAR'},
  {name: 'code', type: 'VARCHAR'},
  {name: 'message', type: 'VARCHAR'},
  {name: 'scope', type: 'VARCHAR'},
  {name: 'processor', type: 'INTEGER'},
  {name: 'first_slot', type: 'INTEGER'},
  {name: 'last_slot', type: 'INTEGER'},
  {name: 'count', type: 'INTEGER'}
], getvariable('image_warning_hidden_query'));
CREATE OR REPLACE TEMP VIEW image_warning AS FROM query(getvariable('image_warning_query'));

-- The records that the questions are about, with sums over both pools: plain sums, of the system that runs. A sum over
-- 64 bits, which only a damaged image has, is NULL. frees_share is the part of all allocations that was freed: NULL
-- without any, and over 1 where counters wrapped or are torn.
CREATE OR REPLACE TEMP VIEW pool_tags AS
SELECT *,
  try(nonpaged_bytes + paged_bytes) AS bytes,
  try(nonpaged_outstanding + paged_outstanding) AS outstanding,
  try(nonpaged_allocs + paged_allocs) AS allocs,
  try(nonpaged_frees + paged_frees) AS frees,
  CASE WHEN allocs > 0 AND frees >= 0 THEN frees::DOUBLE / allocs END AS frees_share
FROM pool_tag
WHERE coalesce(system, 0) = 0 AND NOT coalesce(as_reported, false);

CREATE OR REPLACE TEMP VIEW images AS FROM image;

-- Files of folders that were looked at and are no images: they have no records, only lines in the journal. What became an
-- image later is left out.
SET VARIABLE passed_over_query = CASE
  WHEN (SELECT count(*) FROM glob(journal_files())) = 0
  THEN 'SELECT NULL::VARCHAR AS path, NULL::TIMESTAMPTZ AS passed_over_at, NULL::VARCHAR AS reason WHERE false'
  ELSE 'SELECT source AS path, try(make_timestamptz("at" * 1000)) AS passed_over_at, reason FROM (
      FROM read_ndjson(' || list_text((SELECT list(literal(file)) FROM glob(journal_files()))) || ', hive_partitioning = false, ignore_errors = true,
        maximum_object_size = 67108864,
        columns = {type: ''VARCHAR'', "at": ''BIGINT'', source: ''VARCHAR'', reason: ''VARCHAR''})
      WHERE type IN (''image'', ''passed-over'') AND source IS NOT NULL
      QUALIFY row_number() OVER (PARTITION BY source ORDER BY "at" DESC) = 1
    ) WHERE type = ''passed-over'' ORDER BY path'
  END;
CREATE OR REPLACE TEMP VIEW passed_over AS FROM query(getvariable('passed_over_query'));

-- The rest is all macros, even what takes no values: DuckDB lists the files when it makes a view.

-- What the image records say of each memory, however often it was named: of several, the worst.
CREATE OR REPLACE TEMP MACRO memories() AS TABLE
SELECT image_id, any_value(kernel_base) AS kernel_base,
  CASE WHEN bool_and(status = 'ok') THEN 'ok' ELSE max(status) FILTER (status <> 'ok') END AS status
FROM image
WHERE coalesce(system, 0) = 0
GROUP BY image_id;

-- The tags whose counts are certain, for questions about one tag. Tables carved from an image that is not whole are left
-- out, or carved where images are not recorded: a processor's may be lost without a trace.
CREATE OR REPLACE TEMP MACRO certain_tags() AS TABLE
SELECT pool_tags.*
FROM pool_tags LEFT JOIN memories() USING (image_id)
WHERE complete AND (located_by <> 'carve' OR status = 'ok');

-- The tags of captures of which nothing is missing or doubtful, for sums over tags. Where images are not recorded, those
-- of captures all of whose tags are certain.
CREATE OR REPLACE TEMP MACRO whole_tags() AS TABLE
WITH told AS (
  SELECT image_id, bool_and(complete AND located_by <> 'carve') AS certain FROM pool_tags GROUP BY image_id
)
SELECT pool_tags.*
FROM pool_tags JOIN told USING (image_id) LEFT JOIN memories() USING (image_id)
WHERE CASE WHEN status IS NULL THEN certain ELSE status = 'ok' END;

-- What each capture counts under a key, in all of its tables together, where all of that is certain.
CREATE OR REPLACE TEMP MACRO certain_sums() AS TABLE
WITH told AS (
  SELECT host, labels, windows_version, image_id, image_path, key, any_value(tag) AS tag,
    try_cast(sum(bytes) AS BIGINT) AS bytes, try_cast(sum(outstanding) AS BIGINT) AS outstanding,
    bool_and(complete AND (located_by <> 'carve' OR coalesce(status = 'ok', false))) AS certain
  FROM pool_tags LEFT JOIN memories() USING (image_id)
  GROUP BY host, labels, windows_version, image_id, image_path, key
)
SELECT * EXCLUDE (certain) FROM told WHERE certain;

-- Every capture, with the sums over its tags: NULL where it is not whole, since a sum of what is left says nothing.
CREATE OR REPLACE TEMP MACRO captures() AS TABLE
WITH sums AS (
  SELECT image_id, image_path, host, labels,
    sum(bytes) AS bytes,
    sum(nonpaged_bytes) AS nonpaged_bytes,
    sum(paged_bytes) AS paged_bytes,
    sum(outstanding) AS outstanding
  FROM whole_tags()
  GROUP BY image_id, image_path, host, labels
)
SELECT image.host, captured_at, captured_at_source, image.image_id, image.image_path, windows_version, status, error_code, tags,
  status = 'ok' AS whole, bytes, nonpaged_bytes, paged_bytes, outstanding
FROM image LEFT JOIN sums ON status = 'ok' AND sums.image_id = image.image_id AND sums.image_path = image.image_path
  AND sums.host IS NOT DISTINCT FROM image.host AND sums.labels IS NOT DISTINCT FROM image.labels
WHERE coalesce(system, 0) = 0;

-- The counters as the kernel's own report gives them to who asks it (scan --as-reported): NULL where the build is
-- unknown, or how it reports. Until build 26200 counts are cut to 32 bits, and allocs that are fewer than frees become
-- them. From 28000 on, what overflow slots count without a key is in Ovfl, and a pool that holds nothing has neither
-- outstanding allocations nor bytes; the expansion table is reported as it is.
CREATE OR REPLACE TEMP MACRO unsigned64(x) AS x::HUGEINT + CASE WHEN x < 0 THEN 18446744073709551616::HUGEINT ELSE 0 END;
CREATE OR REPLACE TEMP MACRO with_keyless(x, rules, keyless_counts, name) AS
  try(x + CASE WHEN rules = 'clamped' THEN coalesce((keyless_counts ->> name)::BIGINT, 0) ELSE 0 END);
CREATE OR REPLACE TEMP MACRO reported_allocs(rules, place, allocs, frees) AS CASE
  WHEN rules = 'classic' THEN greatest(allocs & 4294967295, frees & 4294967295)
  WHEN rules = 'clamped' AND place <> 'expansion' AND unsigned64(allocs) <= unsigned64(frees) THEN frees
  WHEN rules = 'clamped' THEN allocs END;
CREATE OR REPLACE TEMP MACRO reported_frees(rules, place, allocs, frees, bytes) AS CASE
  WHEN rules = 'classic' THEN frees & 4294967295
  WHEN rules = 'clamped' AND place <> 'expansion' AND unsigned64(allocs) > unsigned64(frees) AND bytes <= 0 THEN allocs
  WHEN rules = 'clamped' THEN frees END;
CREATE OR REPLACE TEMP MACRO reported_bytes(rules, place, allocs, frees, bytes) AS CASE
  WHEN rules = 'classic' THEN bytes
  WHEN rules = 'clamped' AND place <> 'expansion' AND (unsigned64(allocs) <= unsigned64(frees) OR bytes <= 0) THEN 0
  WHEN rules = 'clamped' THEN bytes END;
CREATE OR REPLACE TEMP VIEW pool_tags_as_reported AS
WITH builds AS (
  SELECT *, try_cast(split_part(windows_version, '.', 3) AS INTEGER) AS build
  FROM pool_tag
  WHERE NOT coalesce(as_reported, false)
), ruled AS (
  SELECT *, CASE WHEN build BETWEEN 6000 AND 26200 THEN 'classic' WHEN build >= 28000 THEN 'clamped' END AS rules
  FROM builds
), counted AS (
  SELECT * REPLACE (
    with_keyless(nonpaged_allocs, rules, keyless_counts, 'nonpaged_allocs') AS nonpaged_allocs,
    with_keyless(nonpaged_frees, rules, keyless_counts, 'nonpaged_frees') AS nonpaged_frees,
    with_keyless(nonpaged_bytes, rules, keyless_counts, 'nonpaged_bytes') AS nonpaged_bytes,
    with_keyless(paged_allocs, rules, keyless_counts, 'paged_allocs') AS paged_allocs,
    with_keyless(paged_frees, rules, keyless_counts, 'paged_frees') AS paged_frees,
    with_keyless(paged_bytes, rules, keyless_counts, 'paged_bytes') AS paged_bytes,
    CASE WHEN rules = 'clamped' AND keyless IS NOT NULL THEN 'counted' ELSE keyless END AS keyless)
  FROM ruled
), reported AS (
  SELECT * REPLACE (
    reported_allocs(rules, place, nonpaged_allocs, nonpaged_frees) AS nonpaged_allocs,
    reported_frees(rules, place, nonpaged_allocs, nonpaged_frees, nonpaged_bytes) AS nonpaged_frees,
    reported_bytes(rules, place, nonpaged_allocs, nonpaged_frees, nonpaged_bytes) AS nonpaged_bytes,
    reported_allocs(rules, place, paged_allocs, paged_frees) AS paged_allocs,
    reported_frees(rules, place, paged_allocs, paged_frees, paged_bytes) AS paged_frees,
    reported_bytes(rules, place, paged_allocs, paged_frees, paged_bytes) AS paged_bytes)
  FROM counted
)
SELECT * EXCLUDE (build) REPLACE (
  try(nonpaged_allocs - nonpaged_frees) AS nonpaged_outstanding,
  try(paged_allocs - paged_frees) AS paged_outstanding,
  true AS as_reported)
FROM reported;

-- The n tags that hold the most memory, in the latest whole capture of every host.
CREATE OR REPLACE TEMP MACRO top_tags(n := 20) AS TABLE
WITH latest AS (
  SELECT * FROM whole_tags()
  QUALIFY captured_at IS NOT DISTINCT FROM max(captured_at) OVER (PARTITION BY coalesce(host, image_path))
)
SELECT
  tag,
  count(DISTINCT coalesce(host, image_path)) AS hosts,
  sum(bytes) AS bytes,
  sum(nonpaged_bytes) AS nonpaged_bytes,
  sum(paged_bytes) AS paged_bytes,
  sum(outstanding) AS outstanding,
  max(bytes) AS most_bytes,
  arg_max(coalesce(host, image_path), bytes) AS most_on
FROM latest
GROUP BY tag
ORDER BY bytes DESC, tag
LIMIT n;

-- The captures of each host in the order of time, and which boot each belongs to. The kernel lies elsewhere after every
-- boot; where its base is not known, a boot shows by most tags' allocations being fewer than before, which within
-- a boot they cannot be (one tag's may be: 32-bit counters wrap). Only counts that are certain are compared: what is
-- missing is not fewer. A capture that tells neither belongs to the boot of those around it, or its boot is NULL.
CREATE OR REPLACE TEMP MACRO boots(of_host := NULL) AS TABLE
WITH taken AS (
  SELECT host, captured_at, min(image_id) AS image_id
  FROM pool_tags
  WHERE host IS NOT NULL AND captured_at IS NOT NULL AND (of_host IS NULL OR host = of_host)
  GROUP BY host, captured_at
), allocations AS (
  SELECT host, captured_at, allocs < lag(allocs) OVER (PARTITION BY host, key, place ORDER BY captured_at) AS fewer
  FROM certain_tags()
  WHERE host IS NOT NULL AND captured_at IS NOT NULL AND (of_host IS NULL OR host = of_host)
), counters AS (
  SELECT host, captured_at, avg(fewer::INTEGER) > 0.5 AS fell
  FROM allocations
  GROUP BY host, captured_at
), telling AS (
  SELECT host, captured_at,
    coalesce(
      kernel_base <> lag(kernel_base) OVER by_time,
      fell,
      kernel_base <> lag(kernel_base IGNORE NULLS) OVER by_time,
      false
    ) AS restarted
  FROM taken LEFT JOIN memories() USING (image_id) LEFT JOIN counters USING (host, captured_at)
  WHERE kernel_base IS NOT NULL OR counters.host IS NOT NULL
  WINDOW by_time AS (PARTITION BY host ORDER BY captured_at)
), numbered AS (
  SELECT *, sum(restarted::INTEGER) OVER (PARTITION BY host ORDER BY captured_at)::INTEGER AS boot FROM telling
)
SELECT host, captured_at, image_id, kernel_base, status, restarted,
  CASE WHEN last_value(boot IGNORE NULLS) OVER (around ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    = first_value(boot IGNORE NULLS) OVER (around ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
    THEN last_value(boot IGNORE NULLS) OVER (around ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) END AS boot
FROM taken LEFT JOIN memories() USING (image_id) LEFT JOIN numbered USING (host, captured_at)
WINDOW around AS (PARTITION BY host ORDER BY captured_at);

-- Tags that grow without end on a host (on each, when none is named). Only boots with at least min_captures captures
-- tell; in them, nearly every capture (min_rising) has more bytes and more outstanding allocations than the one before,
-- they grow by a good part (min_growth) of what there was, and a third of that or more (min_late) in the later half:
-- caches that fill after a start grow as steadily at first, and then no more. The slope is one line through all boots,
-- each with its own beginning. Only counts that are certain count. With every threshold 0 the trend of every tag.
CREATE OR REPLACE TEMP MACRO leaks(of_host := NULL, min_captures := 6, min_rising := 0.9, min_growth := 0.25, min_late := 0.33) AS TABLE
WITH series AS (
  SELECT host, boot, captured_at, key, place, tag, bytes, outstanding,
    epoch_ms(captured_at) / 3600000.0 AS hour,
    bytes > lag(bytes) OVER in_order AS bytes_rose,
    outstanding > lag(outstanding) OVER in_order AS outstanding_rose,
    row_number() OVER in_order AS position,
    count(*) OVER (PARTITION BY host, key, place, boot) AS captures
  FROM certain_tags() JOIN boots(of_host) USING (host, captured_at, image_id)
  WINDOW in_order AS (PARTITION BY host, key, place, boot ORDER BY captured_at)
), per_boot AS (
  SELECT host, boot, key, place, any_value(tag) AS tag, any_value(captures) AS captures,
    count(bytes_rose) AS steps,
    count_if(bytes_rose) AS bytes_rises,
    count_if(outstanding_rose) AS outstanding_rises,
    arg_min(bytes, captured_at) AS first_bytes,
    any_value(bytes) FILTER (position = (captures + 1) // 2) AS middle_bytes,
    arg_max(bytes, captured_at) AS last_bytes,
    arg_min(outstanding, captured_at) AS first_outstanding,
    arg_max(outstanding, captured_at) AS last_outstanding,
    regr_sxx(bytes, hour) AS hours_squared,
    regr_sxy(bytes, hour) AS byte_hours,
    regr_sxy(outstanding, hour) AS outstanding_hours
  FROM series
  WHERE captures >= min_captures
  GROUP BY host, boot, key, place
), trends AS (
  SELECT host, any_value(tag) AS tag, key, place,
    sum(captures)::BIGINT AS captures,
    count(*) AS boots,
    sum(byte_hours) / nullif(sum(hours_squared), 0) AS bytes_per_hour,
    arg_min(first_bytes, boot) AS first_bytes,
    arg_max(last_bytes, boot) AS last_bytes,
    sum(bytes_rises) / nullif(sum(steps), 0) AS bytes_rising,
    sum(outstanding_hours) / nullif(sum(hours_squared), 0) AS outstanding_per_hour,
    arg_min(first_outstanding, boot) AS first_outstanding,
    arg_max(last_outstanding, boot) AS last_outstanding,
    sum(outstanding_rises) / nullif(sum(steps), 0) AS outstanding_rising,
    sum(last_bytes::DOUBLE - first_bytes) AS bytes_grown,
    sum(last_bytes::DOUBLE - middle_bytes) AS bytes_grown_late,
    sum(last_outstanding::DOUBLE - first_outstanding) AS outstanding_grown,
    sum(abs(first_bytes::DOUBLE)) AS bytes_began,
    sum(abs(first_outstanding::DOUBLE)) AS outstanding_began
  FROM per_boot
  GROUP BY host, key, place
)
SELECT * EXCLUDE (bytes_grown, bytes_grown_late, outstanding_grown, bytes_began, outstanding_began)
FROM trends
WHERE (min_rising = 0 OR (bytes_rising >= min_rising AND outstanding_rising >= min_rising))
  AND (min_growth = 0 OR (bytes_grown > 0 AND outstanding_grown > 0
    AND bytes_grown >= min_growth * bytes_began AND outstanding_grown >= min_growth * outstanding_began))
  AND (min_late = 0 OR bytes_grown_late >= min_late * bytes_grown)
ORDER BY bytes_per_hour DESC, host, tag;

-- The captures of the tags that leaks() finds with the same thresholds, in the order of time.
CREATE OR REPLACE TEMP MACRO leak_series(of_host := NULL, min_captures := 6, min_rising := 0.9, min_growth := 0.25, min_late := 0.33) AS TABLE
SELECT host, tag, key, place, boot, captured_at, image_id, bytes, outstanding
FROM certain_tags() JOIN boots(of_host) USING (host, captured_at, image_id)
  SEMI JOIN leaks(of_host, min_captures, min_rising, min_growth, min_late) USING (host, key, place)
ORDER BY host, tag, key, place, captured_at;

-- How much each tag's outstanding count changed from each capture of a boot to the next, and how far that is from what
-- the tag's usual growth in that boot (the median of its steps, by the hour) makes of the time between them: a tag that
-- grows evenly has a departure of 0 always, however unevenly the captures were taken.
CREATE OR REPLACE TEMP MACRO tag_changes(of_host := NULL) AS TABLE
WITH steps AS (
  SELECT host, boot, captured_at, key, place, tag, outstanding,
    lag(captured_at) OVER in_series AS since,
    lag(outstanding) OVER in_series AS outstanding_before
  FROM certain_tags() JOIN boots(of_host) USING (host, captured_at, image_id)
  WINDOW in_series AS (PARTITION BY host, boot, key, place ORDER BY captured_at)
), timed AS (
  SELECT *,
    try(outstanding - outstanding_before) AS change,
    (epoch_ms(captured_at) - epoch_ms(since)) / 3600000.0 AS hours
  FROM steps
  WHERE change IS NOT NULL
)
SELECT host, boot, since, captured_at, tag, key, place, outstanding, change, hours,
  change - hours * median(change / hours) OVER series AS departure
FROM timed
WINDOW series AS (PARTITION BY host, boot, key, place);

-- Tags that move together with a tag, as what one driver allocates in families does: boot by boot, those whose
-- departures (see tag_changes) are in proportion to its own, with a correlation of at least min_correlation over the
-- steps between at least min_captures captures. Without the quarter of the steps that speak most for it there must still
-- be one of min_rest: what fills up after a start, or one event that touched both, is not enough. Both must vary by more
-- than min_spread, the rounding of a count, or they tell nothing. proportion: how many of the tag come with each one of
-- the tag asked for; boots_together of boots_judged: in how many boots of all hosts, of those that could tell.
CREATE OR REPLACE TEMP MACRO moves_with(of_tag, of_host := NULL, min_captures := 12, min_correlation := 0.95, min_rest := 0.8, min_spread := 0.5) AS TABLE
WITH changes AS (
  FROM tag_changes(of_host)
), asked AS (
  SELECT host, boot, since, captured_at, key AS of_key, place AS of_place, departure AS of_departure
  FROM changes
  WHERE rtrim(tag) = rtrim(of_tag)
), steps AS (
  SELECT changes.*, of_key, of_place, of_departure,
    ntile(4) OVER (
      PARTITION BY host, boot, of_key, of_place, key, place
      ORDER BY departure * of_departure DESC, captured_at
    ) > 1 AS is_rest
  FROM changes JOIN asked USING (host, boot, since, captured_at)
  WHERE key <> of_key OR place <> of_place
), judged AS (
  SELECT host, boot, any_value(tag) AS tag, key, place, of_key, of_place,
    count(*) + 1 AS captures,
    corr(departure, of_departure) AS correlation,
    corr(departure, of_departure) FILTER (is_rest) AS rest,
    regr_slope(departure, of_departure) AS proportion,
    sum(change)::BIGINT AS grown
  FROM steps
  GROUP BY host, boot, key, place, of_key, of_place
  HAVING captures >= min_captures
    AND stddev_pop(departure) > min_spread AND stddev_pop(of_departure) > min_spread
), scored AS (
  -- A number that is none is more than any other.
  SELECT *, isfinite(correlation) AND correlation >= min_correlation AND isfinite(rest) AND rest >= min_rest AS together
  FROM judged
), counted AS (
  SELECT *,
    count_if(together) OVER alike AS boots_together,
    count(*) OVER alike AS boots_judged
  FROM scored
  WINDOW alike AS (PARTITION BY of_key, of_place, key, place)
)
SELECT host, boot, tag, key, correlation, proportion, captures, grown, boots_together, boots_judged, of_key
FROM counted
WHERE together
ORDER BY boots_together DESC, correlation DESC, host, boot, tag;

-- What differs between two images, each named by its image_id or its path (the latest at that path): tags whose bytes
-- changed by at least min_bytes and by min_change of what they were. With both 0 every tag.
CREATE OR REPLACE TEMP MACRO compare(image_a, image_b, min_change := 0.25, min_bytes := 65536) AS TABLE
WITH named AS (
  SELECT
    arg_max(image_id, coalesce(captured_at, '-infinity')) FILTER (image_a IN (image_id, image_path)) AS id_a,
    arg_max(image_id, coalesce(captured_at, '-infinity')) FILTER (image_b IN (image_id, image_path)) AS id_b
  FROM pool_tags
), counts AS (
  SELECT DISTINCT image_id = id_a AS is_a, image_id = id_b AS is_b, key, place, slot, tag, bytes, outstanding, allocs, complete
  FROM pool_tags, named
  WHERE image_id IN (id_a, id_b)
), sides AS (
  SELECT any_value(tag) AS tag, key,
    sum(bytes) FILTER (is_a)::BIGINT AS bytes_before,
    sum(bytes) FILTER (is_b)::BIGINT AS bytes_after,
    sum(outstanding) FILTER (is_a)::BIGINT AS outstanding_before,
    sum(outstanding) FILTER (is_b)::BIGINT AS outstanding_after,
    sum(allocs) FILTER (is_a)::BIGINT AS allocs_before,
    sum(allocs) FILTER (is_b)::BIGINT AS allocs_after,
    bool_and(complete) AS complete
  FROM counts
  GROUP BY key
)
SELECT tag, key,
  CASE WHEN bytes_before IS NULL THEN 'new' WHEN bytes_after IS NULL THEN 'gone'
    WHEN bytes_after > bytes_before THEN 'grew' WHEN bytes_after < bytes_before THEN 'shrank' ELSE 'same' END AS change,
  bytes_before, bytes_after, coalesce(bytes_after, 0) - coalesce(bytes_before, 0) AS bytes_change,
  outstanding_before, outstanding_after, coalesce(outstanding_after, 0) - coalesce(outstanding_before, 0) AS outstanding_change,
  allocs_before, allocs_after, coalesce(allocs_after, 0) - coalesce(allocs_before, 0) AS allocs_change,
  complete
FROM sides
WHERE abs(bytes_change) >= min_bytes AND abs(bytes_change) >= min_change * abs(coalesce(bytes_before, 0))
ORDER BY bytes_change DESC, tag;

-- What each host holds of each tag in most of its captures, beside the other hosts with the same Windows build: the
-- median of the host's certain counts, and the median of these over the hosts (of an even number the lower one, so that
-- each is a count that was there).
CREATE OR REPLACE TEMP MACRO host_medians() AS TABLE
WITH levels AS (
  SELECT host, windows_version, key, any_value(tag) AS tag, count(DISTINCT image_id) AS captures,
    quantile_disc(bytes, 0.5) AS bytes, quantile_disc(outstanding, 0.5) AS outstanding
  FROM certain_sums()
  WHERE host IS NOT NULL AND windows_version IS NOT NULL
  GROUP BY host, windows_version, key
), builds AS (
  SELECT windows_version, key, count(*) AS hosts,
    quantile_disc(bytes, 0.5) AS build_bytes, quantile_disc(outstanding, 0.5) AS build_outstanding
  FROM levels
  GROUP BY windows_version, key
)
SELECT host, windows_version, tag, key, captures, bytes, outstanding, hosts, build_bytes, build_outstanding,
  CASE WHEN build_bytes > 0 THEN bytes::DOUBLE / build_bytes END AS ratio
FROM levels JOIN builds USING (windows_version, key);

-- Hosts that hold far more of a tag (of any, when none is named) than the other hosts with the same Windows build, or
-- far less: the score is the distance of the host's median from the median of all hosts, in their median absolute
-- deviations, scaled to be the standard deviations of a normal distribution. A deviation below 10 % of the median or a
-- page is taken for that much: a few hosts that happen to agree would make an outlier of any other. At the default
-- score an outlier has more than twice the median; less than it shows from a score of 6 on.
CREATE OR REPLACE TEMP MACRO fleet_outliers(of_tag := NULL, min_images := 3, min_hosts := 5, min_score := 8) AS TABLE
WITH levels AS (
  SELECT host, windows_version, key, any_value(tag) AS tag, count(DISTINCT image_id) AS images,
    median(bytes) AS bytes, median(outstanding) AS outstanding
  FROM certain_sums()
  WHERE host IS NOT NULL AND windows_version IS NOT NULL
    AND (of_tag IS NULL OR of_tag = 'all' OR rtrim(tag) = rtrim(of_tag))
  GROUP BY host, windows_version, key
  HAVING images >= min_images
), fleet AS (
  SELECT windows_version, key, count(*) AS hosts, median(bytes) AS fleet_bytes, mad(bytes) AS deviation
  FROM levels
  GROUP BY windows_version, key
  HAVING hosts >= min_hosts
)
SELECT host, windows_version, tag, key, images, hosts, bytes, fleet_bytes,
  (bytes - fleet_bytes) / (1.4826 * greatest(deviation, 0.1 * abs(fleet_bytes), 4096)) AS score,
  outstanding
FROM levels JOIN fleet USING (windows_version, key)
WHERE abs(score) >= min_score
ORDER BY abs(score) DESC, host, tag;

-- How many processes each method found in each image, beside the allocations of their tag: the largest gap first. A gap
-- is a hint that something does not add up; processes that ended and are not freed are among those found.
CREATE OR REPLACE TEMP MACRO process_gap() AS TABLE
SELECT host, captured_at, image_id, any_value(image_path) AS image_path,
  any_value(tag_outstanding) AS outstanding,
  any_value(found) FILTER (method = 'PsActiveProcessHead') AS psactiveprocesshead,
  any_value(found) FILTER (method = 'PspCidTable') AS pspcidtable,
  any_value(found) FILTER (method = 'CSRSS') AS csrss,
  any_value(found) FILTER (method = 'Sessions') AS sessions,
  any_value(found) FILTER (method = 'Handles') AS handles,
  max(terminated) AS terminated,
  sum(unreadable)::BIGINT AS unreadable,
  outstanding - max(found) AS gap
FROM object_count
WHERE kind = 'process'
GROUP BY host, captured_at, image_id
ORDER BY abs(gap) DESC NULLS LAST, captured_at, host;

-- Counts of images and of live machines in one table: `origin` is image, or the tool that showed them. What a tool does
-- not show is NULL, and `complete` too where nothing tells whether it showed all.
CREATE OR REPLACE TEMP VIEW tag_series AS
SELECT 'image' AS origin, host, captured_at, image_id, image_path, tag, key,
  nonpaged_allocs, nonpaged_frees, nonpaged_outstanding, nonpaged_bytes,
  paged_allocs, paged_frees, paged_outstanding, paged_bytes, outstanding, bytes, complete
FROM pool_tags
UNION ALL BY NAME
SELECT tool AS origin, host, captured_at, image_id, image_path, tag, key,
  nonpaged_allocs, nonpaged_frees, nonpaged_outstanding, nonpaged_bytes,
  paged_allocs, paged_frees, paged_outstanding, paged_bytes,
  try(coalesce(nonpaged_outstanding, paged_outstanding) + CASE WHEN nonpaged_outstanding IS NULL THEN 0 ELSE coalesce(paged_outstanding, 0) END) AS outstanding,
  try(coalesce(nonpaged_bytes, paged_bytes) + CASE WHEN nonpaged_bytes IS NULL THEN 0 ELSE coalesce(paged_bytes, 0) END) AS bytes,
  complete
FROM pool_tag_live;
