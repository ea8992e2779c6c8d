select 1; select 2
select 1; drop table t
explain select 1; select 2
copy t to 'x.csv'
copy (select 1) to '/tmp/x.parquet'
copy t from 'x.csv'
export database 'x'
import database 'x'
attach 'x.db'
attach ':memory:' as other
detach other
use other
install httpfs
load httpfs
force install httpfs
update extensions
set memory_limit = '1TB'
set global threads = 9
set variable x = 1
set enable_external_access = true
reset memory_limit
reset variable x
pragma version
pragma database_list
pragma memory_limit = '1TB'
pragma table_info('t')
pragma enable_profiling
call duckdb_tables()
call read_text('x')
create table x as select 1
create or replace view t as select 1
create temp table x (a int)
create macro f(x) as x
create function f(x) as x
create secret (type s3)
create sequence s
create schema s
create type x as int
create index i on t(a)
insert into t values (1)
insert into t select * from t
update t set a = 1
delete from t
truncate t
merge into t using u on true when matched then delete
drop table t
drop view t
alter table t rename to x
vacuum
analyze
checkpoint
begin
commit
rollback
prepare p as select 1
execute p
deallocate p
comment on table t is 'x'
explain (analyze) select 1
explain (format json) select 1
explain copy t to 'x'
explain delete from t
explain drop table t
explain pragma version
summarize 'a.parquet' as x
show variables
with x as (insert into t values (1) returning *) select * from x
with x as (delete from t returning *) select * from x
with x as (pragma version) select * from x
select * into x from t
select a from t for update
select default
select * from t at (version => a)
select * from t at (version => (select 1))
select * from t at (version => ?)
select * from t at (version => 'no tag')
select * from t at (version => null)
select * from t at (version => length(current_setting('memory_limit')))
select * from t at (version => getvariable('x'))
select * from t at (timestamp => error('boom'))
select * from t at (version => length(current_query()))
select * from t at (version => 1.5e30)
select * from t at (timestamp => 'yesterday')
select * from t at (timestamp => 'infinity')
select * from t at (timestamp => null)
with v as (select 1) select * from v at (version => 1)
select
selec 1
select from where
select (
select 'unterminated
select "unterminated
select /* unterminated
explain

-- nothing
explain (analyze) select 1
explain analyze verbose select 1
show variables
show versions from t u
show versions of
show versions from 'a b'
select * from table_versions()
select * from table_versions(1)
select * from table_versions('t', 1, 2, 3)
select * from table_versions('a.b.c.d')
select * from table_versions('t') with ordinality
pg_catalog.sum
select pg_catalog.sum(1)
select PG_CATALOG.Sum(1)
select information_schema.sum(1)
select System.main.sum(1)
select MAIN.read_text('x')
select Main.getenv('HOME')
describe copy t to 'x'
summarize pragma version
create type x as enum (select s from t)
pivot read_csv('x') on a using sum(b)
pivot t on read_text('x') using sum(a)
describe select * from read_csv('x')
summarize from read_parquet('x')
