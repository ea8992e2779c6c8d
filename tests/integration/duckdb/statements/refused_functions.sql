select * from read_parquet('a.parquet')
select * from READ_PARQUET('a.parquet')
select * from "read_parquet"('a.parquet')
select * from main.read_parquet('a')
select * from system.main.read_parquet('a')
select * from t, lateral read_parquet(t.s)
select * from t, lateral (select * from read_parquet('a'))
select * from t cross join lateral (from read_csv(t.s))
select * from (values ('x')) v(p), lateral (select * from read_text(v.p))
select * from parquet_scan('a')
select * from parquet_metadata('a')
select * from parquet_schema('a')
select * from parquet_file_metadata('a')
select * from parquet_kv_metadata('a')
select * from parquet_full_metadata('a')
select * from parquet_bloom_probe('a', 'b', 1)
select * from read_csv('/etc/passwd')
select * from read_csv_auto('/etc/passwd')
select * from sniff_csv('/etc/passwd')
select * from read_json('x')
select * from read_json_auto('x')
select * from read_ndjson('x')
select * from read_ndjson_objects('x')
select * from read_json_objects('x')
select * from read_text('/etc/passwd')
select * from read_blob('/etc/passwd')
select * from read_duckdb('x')
select * from glob('/etc/*')
select * from query('select 1')
select * from query_table('t')
select * from query_table(['t'])
select * from duckdb_tables()
select * from duckdb_settings()
select * from duckdb_secrets()
select * from duckdb_functions()
select * from duckdb_variables()
select * from duckdb_logs()
select * from duckdb_views()
select * from duckdb_temporary_files()
select * from duckdb_external_file_cache()
select * from pragma_table_info('t')
select * from pragma_version()
select * from pragma_user_agent()
select * from pragma_database_size()
select * from pragma_show('t')
select * from pragma_storage_info('t')
select * from json_execute_serialized_sql('{}')
select * from seq_scan('t')
select * from arrow_scan(1, 2, 3)
select * from arrow_scan_dumb(1, 2, 3)
select * from pandas_scan(1)
select * from python_map_function(1)
select * from summary((select 1))
select * from test_all_types()
select * from which_secret('a', 's3')
select * from histogram(t, a)
select * from histogram_values(t, a)
select * from checkpoint()
select * from force_checkpoint()
select * from enable_logging()
select * from enable_profiling()
select * from truncate_duckdb_logs()
select * from icu_calendar_names()
select * from pg_timezone_names()
select * from lower('a')
select * from sum(1)
select getenv('HOME')
select GETENV('HOME')
select "getenv"('HOME')
select alias(a) from t
select getvariable('x')
select current_setting('memory_limit')
select nextval('s')
select currval('s')
select error('boom')
select sleep_ms(1000)
select pg_sleep(10)
select write_log('x')
select setseed(0.5)
select stats(a) from t
select vector_type(a) from t
select current_query()
select current_query_id()
select current_connection_id()
select current_transaction_id()
select txid_current()
select in_search_path('a', 'b')
select json_serialize_sql('select 1')
select json_deserialize_sql('{}')
select json_serialize_plan('select 1')
select get_block_size('memory')
select has_table_privilege('t', 'select')
select pg_get_viewdef(1)
select pg_get_constraintdef(1)
select format_type(1, 2)
select obj_description(1)
select pg_my_temp_schema()
select inet_server_addr()
select parse_duckdb_log_message('a', 'b')
select st_crs(null)
select finalize(1)
select combine(1, 2)
select __internal_decompress_string(1)
select __internal_compress_integral_utinyint(a, 1) from t
select make_type('INTEGER')
select remap_struct(1, 2, 3, 4)
select no_such_function(1)
select ｇｅｔｅｎｖ('HOME')
select geteﬁnv('HOME')
select ''.getenv()
select ('HOME').getenv()
select s.read_text() from t
select t.s.getenv() from t
select pg_catalog.current_database()
select pg_catalog.lower('a')
select information_schema.lower('a')
select a from t where getenv('HOME') = 'x'
select a from t order by getenv('HOME')
select a from t group by getenv('HOME'), a
select a from t having getenv('HOME') = 'x'
select a from t qualify getenv('HOME') = 'x'
select a from t limit getenv('HOME')::int
select a from t limit 1 offset (select length(getenv('HOME')))
select count(*) filter (where getenv('HOME') = 'x') from t
select sum(a order by getenv('HOME')) from t
select sum(a) over (partition by getenv('HOME')) from t
select sum(a) over (order by getenv('HOME')) from t
select sum(a) over (order by a rows between length(getenv('HOME')) preceding and current row) from t
select lag(a, 1, length(getenv('HOME'))) over (order by a) from t
select list_transform(l, lambda x: getenv('HOME')) from t
select list_transform(l, x -> getenv('HOME')) from t
select [getenv('HOME')]
select {'a': getenv('HOME')}
select map {'a': getenv('HOME')}
select case when true then getenv('HOME') end
select case getenv('HOME') when 'x' then 1 end
select getenv('HOME')::varchar
select try(getenv('HOME'))
select 'x' || getenv('HOME')
select a in (getenv('HOME')) from t
select a between 1 and length(getenv('HOME')) from t
select getenv('HOME') is null
select not getenv('HOME') = 'x'
select getenv('HOME') collate nocase
select (getenv('HOME'))[1]
select (getenv('HOME'))[1:2]
select t.* replace (getenv('HOME') as a) from t
select columns(c -> c = getenv('HOME')) from t
select distinct on (getenv('HOME')) a from t
select (select getenv('HOME'))
select exists (select getenv('HOME'))
select 1 where 'x' in (select getenv('HOME'))
select 1 union select getenv('HOME')
select * from t join u on t.a = length(getenv('HOME'))
with v as (select getenv('HOME') x) select * from v
with recursive r as (select 1 as n union all select length(getenv('HOME')) from r) from r
values (getenv('HOME'))
select * from range(length(getenv('HOME')))
select * from unnest([getenv('HOME')])
pivot t on s in ('x') using sum(length(getenv('HOME')))
pivot t on getenv('HOME') in ('x') using sum(a)
select a from t at (version => length(getenv('HOME')))
select * from (describe (select getenv('HOME')))
explain select getenv('HOME')
explain select * from read_text('x')
