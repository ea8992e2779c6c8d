"""Every function of the installed DuckDB has been reviewed: it is allowed, or denied for a known reason."""

from __future__ import annotations

import duckdb
import pytest

from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import (
    FUNCTIONS,
    MANY_ROWS,
    OPERATORS,
    TABLE_FUNCTIONS,
)

READS_FILES = """
    read_text read_blob read_csv read_csv_auto read_duckdb read_json read_json_auto read_json_objects
    read_json_objects_auto read_ndjson read_ndjson_auto read_ndjson_objects read_parquet parquet_scan parquet_metadata
    parquet_file_metadata parquet_full_metadata parquet_kv_metadata parquet_schema parquet_bloom_probe
    parquet_page_index read_single_csv_file read_single_json_file read_single_parquet_file sniff_csv glob
"""
READS_THE_ENGINE = """
    getvariable current_setting in_search_path current_query current_query_id current_connection_id
    current_transaction_id txid_current stats vector_type alias get_block_size duckdb_approx_database_count
    duckdb_columns duckdb_connection_count duckdb_constraints duckdb_coordinate_systems duckdb_databases
    duckdb_dependencies duckdb_extensions duckdb_external_file_cache duckdb_functions duckdb_indexes duckdb_keywords
    duckdb_log_contexts duckdb_logs duckdb_logs_parsed duckdb_memory duckdb_optimizers duckdb_prepared_statements
    duckdb_profiling_settings duckdb_schemas duckdb_secret_types duckdb_secrets duckdb_sequences duckdb_settings
    duckdb_available_metrics duckdb_dialects duckdb_eviction_queues duckdb_extension_repositories
    duckdb_external_resource_types duckdb_external_resources duckdb_grammar_extensions duckdb_live_query_metrics
    duckdb_secret_type_parameters duckdb_table_sample duckdb_tables duckdb_temporary_files duckdb_triggers duckdb_types
    duckdb_variables duckdb_views
    pragma_collations pragma_database_size pragma_metadata_info pragma_platform pragma_show pragma_storage_info
    pragma_table_info pragma_user_agent pragma_version which_secret icu_calendar_names pg_timezone_names
    parse_duckdb_log_message seq_scan arrow_scan arrow_scan_dumb pandas_scan python_arrow_scan python_map_function
    index_key
"""
CHANGES_THE_ENGINE = """
    nextval currval setval setseed write_log checkpoint force_checkpoint disable_logging enable_logging
    disable_profiling enable_profiling truncate_duckdb_logs add_grammar_extension remove_grammar_extension
    create_external_resource deregister_external_resource destroy_external_resource register_external_resource
    register_external_resource_type
"""
RUNS_SQL = """
    query query_table json_execute_serialized_sql json_serialize_sql json_deserialize_sql json_serialize_plan
    histogram_values summary
"""
WASTES_TIME_OR_RAISES = "sleep_ms pg_sleep error assert_true"
FOR_DUCKDB_ITSELF = """
    combine finalize make_type get_type cast_to_type replace_type remap_struct unpivot_list sum_no_overflow st_crs
    st_setcrs variant_bytes_to_variant variant_to_parquet_variant test_all_types test_vector_types repeat_row
    __between __cast != < <= = > >= bitstring_byte_comparable combine_aggr hive_partition_component invoke
    json_copy_strftime_if_date json_copy_strftime_if_timestamp to_aggregate_state variant_comparator
"""
SELDOM_NEEDED = "decimal_average decimal_division lttb path_join"
OF_POSTGRES = """
    col_description format_pg_type format_type has_any_column_privilege has_column_privilege has_database_privilege
    has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege has_schema_privilege
    has_sequence_privilege has_server_privilege has_table_privilege has_tablespace_privilege inet_client_addr
    inet_client_port inet_server_addr inet_server_port map_to_pg_oid map_type_id_to_pg_oid obj_description
    pg_collation_is_visible
    pg_conf_load_time pg_conversion_is_visible pg_function_is_visible pg_get_constraintdef pg_get_expr pg_get_viewdef
    pg_has_role pg_is_other_temp_schema pg_my_temp_schema pg_opclass_is_visible pg_operator_is_visible
    pg_opfamily_is_visible pg_postmaster_start_time pg_table_is_visible pg_ts_config_is_visible pg_ts_dict_is_visible
    pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible shobj_description
"""
DENIED = frozenset(
    f"""{READS_FILES} {READS_THE_ENGINE} {CHANGES_THE_ENGINE} {RUNS_SQL} {WASTES_TIME_OR_RAISES} {FOR_DUCKDB_ITSELF}
    {SELDOM_NEEDED} {OF_POSTGRES}""".split()
) | {"is distinct from", "is not distinct from"}
DENIED_PREFIXES = ("__internal_", "collate_", "icu_collate_")
TABLE_TYPES = ("table", "table_macro")


@pytest.fixture(scope="module")
def installed() -> list[tuple[str, str]]:
    """The kind and the name of each function that a statement can call."""
    with duckdb.connect() as connection:
        return connection.execute(
            "SELECT DISTINCT function_type, lower(function_name) FROM duckdb_functions()"
            " WHERE function_type != 'pragma'"
        ).fetchall()


def test_every_function_is_allowed_or_denied(installed: list[tuple[str, str]]) -> None:
    unknown = {
        name
        for kind, name in installed
        if name not in (TABLE_FUNCTIONS if kind in TABLE_TYPES else FUNCTIONS)
        and name not in DENIED
        and not name.startswith(DENIED_PREFIXES)
        and not (kind in TABLE_TYPES and name in ("repeat", "histogram"))
    }
    assert not unknown, f"review these functions of DuckDB {duckdb.__version__}: {sorted(unknown)}"


def test_no_function_is_allowed_and_denied() -> None:
    assert not (FUNCTIONS | TABLE_FUNCTIONS) & DENIED
    assert not [name for name in FUNCTIONS if name.startswith(DENIED_PREFIXES)]


def test_the_lists_contain_only_existing_functions(installed: list[tuple[str, str]]) -> None:
    names = {name for _, name in installed}
    assert FUNCTIONS - names <= {"unnest", "switch"} | OPERATORS
    assert names >= TABLE_FUNCTIONS
    assert names >= DENIED
    assert MANY_ROWS <= FUNCTIONS


def test_listed_names_are_in_lower_case() -> None:
    assert all(name == name.lower() for name in FUNCTIONS | TABLE_FUNCTIONS)
