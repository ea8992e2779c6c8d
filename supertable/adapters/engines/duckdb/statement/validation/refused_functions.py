"""DuckDB's functions that a statement may not call, each with the reason and what to use instead."""

from __future__ import annotations

from difflib import get_close_matches

from supertable.adapters.engines.duckdb.statement.parse_tree import Node
from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import TABLE_FUNCTIONS, words
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.domain.errors import StatementRefused

_READS_FILES = words(
    """
    glob parquet_bloom_probe parquet_file_metadata parquet_full_metadata parquet_kv_metadata parquet_metadata
    parquet_page_index parquet_scan parquet_schema read_blob read_csv read_csv_auto read_duckdb read_json read_json_auto
    read_json_objects read_json_objects_auto read_ndjson read_ndjson_auto read_ndjson_objects read_parquet
    read_single_csv_file read_single_json_file read_single_parquet_file read_text sniff_csv
    """
)
_READS_THE_ENGINE = words(
    """
    alias arrow_scan arrow_scan_dumb current_connection_id current_query current_query_id current_setting
    current_transaction_id duckdb_approx_database_count duckdb_available_metrics duckdb_columns duckdb_connection_count
    duckdb_constraints duckdb_coordinate_systems duckdb_databases duckdb_dependencies duckdb_dialects
    duckdb_eviction_queues duckdb_extension_repositories duckdb_extensions duckdb_external_file_cache
    duckdb_external_resource_types duckdb_external_resources duckdb_functions duckdb_grammar_extensions duckdb_indexes
    duckdb_keywords duckdb_live_query_metrics duckdb_log_contexts duckdb_logs duckdb_logs_parsed duckdb_memory
    duckdb_optimizers duckdb_prepared_statements duckdb_profiling_settings duckdb_schemas duckdb_secret_type_parameters
    duckdb_secret_types duckdb_secrets duckdb_sequences duckdb_settings duckdb_table_sample duckdb_tables
    duckdb_temporary_files duckdb_triggers duckdb_types duckdb_variables duckdb_views get_block_size getvariable
    icu_calendar_names in_search_path index_key pandas_scan parse_duckdb_log_message pg_timezone_names pragma_collations
    pragma_database_size pragma_metadata_info pragma_platform pragma_show pragma_storage_info pragma_table_info
    pragma_user_agent pragma_version python_arrow_scan python_map_function seq_scan stats txid_current vector_type
    which_secret
    """
)
_CHANGES_THE_ENGINE = words(
    """
    add_grammar_extension checkpoint create_external_resource deregister_external_resource destroy_external_resource
    disable_logging disable_profiling enable_logging enable_profiling force_checkpoint register_external_resource
    register_external_resource_type remove_grammar_extension setseed truncate_duckdb_logs write_log
    """
)
_SEQUENCES = words("currval nextval setval")
_RUNS_SQL = words(
    """
    json_deserialize_sql json_execute_serialized_sql json_serialize_plan json_serialize_sql query query_table summary
    """
)
_WAITS_OR_FAILS = words("assert_true error pg_sleep sleep_ms")
_COMPARISONS = words("!= < <= = > >=") | {"is distinct from", "is not distinct from"}
_FOR_DUCKDB_ITSELF = words(
    """
    __between __cast bitstring_byte_comparable cast_to_type combine combine_aggr decimal_average decimal_division
    finalize get_type hive_partition_component json_copy_strftime_if_date json_copy_strftime_if_timestamp make_type
    remap_struct replace_type st_crs st_setcrs sum_no_overflow test_all_types test_vector_types to_aggregate_state
    unpivot_list variant_bytes_to_variant variant_comparator variant_to_parquet_variant
    """
)
_OF_POSTGRES = words(
    """
    col_description format_pg_type format_type has_any_column_privilege has_column_privilege has_database_privilege
    has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege has_schema_privilege
    has_sequence_privilege has_server_privilege has_table_privilege has_tablespace_privilege inet_client_addr
    inet_client_port inet_server_addr inet_server_port map_to_pg_oid map_type_id_to_pg_oid obj_description
    pg_collation_is_visible pg_conf_load_time pg_conversion_is_visible pg_function_is_visible pg_get_constraintdef
    pg_get_expr pg_get_viewdef pg_has_role pg_is_other_temp_schema pg_my_temp_schema pg_opclass_is_visible
    pg_operator_is_visible pg_opfamily_is_visible pg_postmaster_start_time pg_table_is_visible pg_ts_config_is_visible
    pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible shobj_description
    """
)
_GROUPS = {
    "it reads files. Load them into a table; the owner of an embedded lake reads them as FROM 'a.csv'.": _READS_FILES,
    "it tells of the engine, not of the lake.": _READS_THE_ENGINE,
    "it changes the engine, which other queries share.": _CHANGES_THE_ENGINE,
    "there are no sequences. Number rows by row_number() OVER (ORDER BY …).": _SEQUENCES,
    "it runs or takes apart SQL that is not checked. Write the query itself.": _RUNS_SQL,
    "it only waits or fails.": _WAITS_OR_FAILS,
    "a comparison is written between its operands: a = b.": _COMPARISONS,
    "it is for DuckDB's own use.": _FOR_DUCKDB_ITSELF,
    "it reads the catalog of PostgreSQL, which a lake does not have.": _OF_POSTGRES,
}
_INSTEAD = {
    "histogram": "it names its table like a function's argument. Use the aggregate: SELECT histogram(a) FROM t.",
    "setseed": "it changes the engine, which other queries share. A sample takes a seed: TABLESAMPLE … REPEATABLE (1).",
}

REFUSED = {name: why for why, names in _GROUPS.items() for name in names} | _INSTEAD
REFUSED["histogram_values"] = REFUSED["histogram"]
"""The reason for each function, as the end of a sentence. `histogram` is refused as a table function only."""


def refusal(name: str, written: str, allowed: frozenset[str]) -> str:
    """Why a function that is not `allowed` is refused, and what to use instead. `name`: in lower case."""
    what = "table function" if allowed is TABLE_FUNCTIONS else "function"
    if name in REFUSED and name not in allowed:
        return f"The {what} {written!r} is not available: {REFUSED[name]}"
    near = get_close_matches(name, [other for other in allowed if other.isidentifier()], n=3, cutoff=0.8)
    hint = f" Did you mean {' or '.join(near)}?" if near and name not in near else ""
    return f"The {what} {written!r} is not available.{hint}"


def require_bounds(node: Node) -> None:
    """Refuses an aggregate that would take its bounds from statistics, which deleted rows are part of."""
    if ascii_lower(node["function_name"]) == "bitstring_agg" and len(node["arguments"]) < 3:
        raise StatementRefused("bitstring_agg needs the least and the greatest value: bitstring_agg(a, 0, 100).")
