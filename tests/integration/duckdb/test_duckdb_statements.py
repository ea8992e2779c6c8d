"""What a statement may do: refused ones never run. `tests/conformance` has the allowed ones, and their answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from supertable.application.ports.engines.parsed_statements import ChangesRequest, TagAt, TimestampAt, VersionAt
from supertable.domain.errors import InvalidStatement, StatementRefused, SupertableError
from supertable.domain.scan.predicates import All
from tests.conformance.world.tables import T, U
from tests.support.parquet_tables import ParquetTables, schema_of


def _lines(name: str) -> list[str]:
    """The statements of a file, one per line."""
    return (Path(__file__).parent / "statements" / name).read_text("utf-8").splitlines()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> ParquetTables:
    made = ParquetTables(tmp_path_factory.mktemp("lake") / "root")
    made.table("t", T.slice(0, 3), T.slice(3))
    made.table("u", pa.concat_tables([U, U]), dead={0: [4, 5, 6, 7]})
    (made.root / "secret.txt").write_text("secret")
    return made


@pytest.fixture(scope="module")
def plain() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'")
    connection.register("arrow_t", T)
    connection.register("arrow_u", U)
    connection.execute("CREATE TABLE t AS FROM arrow_t")
    connection.execute("CREATE TABLE u AS FROM arrow_u")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        "select * from t tablesample 50%",
        "select * from t tablesample reservoir(2 rows) repeatable (42)",
        "select * from t using sample 3",
        "select * from t x tablesample bernoulli(50 percent)",
        "select random(), uuid(), now(), current_date, current_timestamp, today(), gen_random_uuid()",
        "select a from t order by random()",
    ],
)
def test_nondeterministic_statements_run(sql: str, tables: ParquetTables) -> None:
    assert tables.query(sql).num_columns


REFUSED_FUNCTIONS = _lines("refused_functions.sql")


@pytest.mark.parametrize("sql", REFUSED_FUNCTIONS)
def test_refuses_functions(sql: str, tables: ParquetTables) -> None:
    with pytest.raises(InvalidStatement):
        tables.engine.parse(sql)


REFUSED_STATEMENTS = _lines("refused_statements.sql")


@pytest.mark.parametrize("sql", REFUSED_STATEMENTS)
def test_refuses_statements(sql: str, tables: ParquetTables) -> None:
    with pytest.raises(InvalidStatement) as caught:
        tables.engine.parse(sql)
    assert str(caught.value).strip()
    assert "st_q" not in str(caught.value)
    assert "json" not in str(caught.value).replace("format json", "")


RELATIONS = [
    ("select * from 'a.parquet'", [("a.parquet",)]),
    ('select * from "x/y.parquet"', [("x/y.parquet",)]),
    ("select * from 's3://bucket/x.parquet'", [("s3://bucket/x.parquet",)]),
    ("select * from '/etc/passwd'", [("/etc/passwd",)]),
    ("describe 'a.csv'", [("a.csv",)]),
    ("describe select * from 'a.csv'", [("a.csv",)]),
    ("summarize 'a.csv'", [("a.csv",)]),
    ("from 'https://example.org/x.csv'", [("https://example.org/x.csv",)]),
    ("select * from sqlite_master", [("sqlite_master",)]),
    ("select * from duckdb_tables", [("duckdb_tables",)]),
    ("select * from pragma_database_list", [("pragma_database_list",)]),
    ("select * from information_schema.tables", [("information_schema", "tables")]),
    ("select * from pg_catalog.pg_class", [("pg_catalog", "pg_class")]),
    ("select * from pg_class", [("pg_class",)]),
    ("select * from system.information_schema.tables", [("system", "information_schema", "tables")]),
    ("select * from memory.main.t", [("memory", "main", "t")]),
    ("select * from temp.x", [("temp", "x")]),
    ("with sqlite_master as (select 1 as a) select * from sqlite_master", []),
    ("with duckdb_tables as (select * from duckdb_tables) select * from duckdb_tables", [("duckdb_tables",)]),
    ("with v as (select 1) select * from main.v", [("main", "v")]),
    ("with v as (select 1) select * from temp.v, v", [("temp", "v")]),
    ("with v as (select * from w), w as (select 1) select * from v, w", [("w",)]),
    ("select * from (with x as (select 1) select * from x) y, x", [("x",)]),
    ("select (with x as (select 1) select count(*) from x), (select count(*) from x)", [("x",)]),
    ("with a as (with x as (select 1) select * from x) select * from x", [("x",)]),
    ("with recursive r as (select * from r) select * from r", [("r",)]),
    ("with recursive r as (select 1 union all select * from r), s as (from r) select * from s", []),
    ("with recursive r as (select a from r union all select * from r) select * from r", [("r",)]),
    ('with "V" as (select 1) select * from v, V, "v"', []),
    ('with "é" as (select 1) select * from "É"', [("É",)]),
    ("with st_q_r0 as (select 1) select * from st_q_r0, st_qq_c1, st_q_c1", [("st_qq_c1",), ("st_q_c1",)]),
    ("select * from st_q_r0", [("st_q_r0",)]),
    ("select 'st_q', \"ST_Q\" from T", [("T",)]),
    ("select a.b.c from a.b", [("a", "b")]),
    ("select * from o.s.t join s.t2 on true, t3", [("o", "s", "t"), ("s", "t2"), ("t3",)]),
    ("select * from t where a in (select a from u where exists (from v))", [("t",), ("u",), ("v",)]),
    ("select * from t at (version => 3)", [("t",)]),
    ("pivot t on s in (1) using sum(a)", [("t",)]),
    ("pivot t on s using sum(a)", [("t",)]),
    ("show versions from o.s.t", [("o", "s", "t")]),
    ('SHOW  Versions IN "T" ;', [("T",)]),
    ("show tables", [()]),
    ("show tables from s", [("s",)]),
    ("show t", [("t",)]),
    ("with t as (select 1) from (describe t)", []),
    ("select 1", []),
    ("select * from range(3)", []),
]


@pytest.mark.parametrize(("sql", "expected"), RELATIONS)
def test_every_other_name_is_a_catalog_table(sql: str, expected: list[tuple[str, ...]], tables: ParquetTables) -> None:
    statement = tables.engine.parse(sql)
    assert sorted(relation.parts for relation in statement.relations) == sorted(expected)
    for number, relation in enumerate(statement.relations):
        assert relation.id == number


@pytest.mark.parametrize(
    ("clause", "at"),
    [
        ("version => 3", VersionAt(3)),
        ("version => 1 + 2", VersionAt(3)),
        ("VERSION => '7'", VersionAt(7)),
        ("version => '-1'", VersionAt(-1)),
        ("version => -1", VersionAt(-1)),
        ("version => 'v1.0'", TagAt("v1.0")),
        ("version => '1.5'", TagAt("1.5")),
        ("version => 'year-' || 2024", TagAt("year-2024")),
        ("timestamp => '1970-01-01 00:00:01'", TimestampAt(1_000_000)),
        ("timestamp => '1970-01-01 01:00:00+01'", TimestampAt(0)),
        ("timestamp => date '1970-01-02'", TimestampAt(86_400_000_000)),
        ("timestamp => timestamp '1970-01-01 00:00:00.000001'", TimestampAt(1)),
        ("timestamp => timestamptz '1970-01-01 00:00:00-02' + interval 1 hour", TimestampAt(10_800_000_000)),
        ("timestamp => date_trunc('day', timestamp '1970-01-02 03:04:05')", TimestampAt(86_400_000_000)),
        ("version => cast(2.0 as decimal(3, 1))::int", VersionAt(2)),
    ],
)
def test_time_travel(clause: str, at: VersionAt | TagAt | TimestampAt, tables: ParquetTables) -> None:
    for sql in (f"select * from t at ({clause})", f"select x.a from t as x at ({clause}) where x.a = 1"):
        (relation,) = tables.engine.parse(sql).relations
        assert relation.at == at


@pytest.mark.parametrize(
    "constant",
    [
        "json_contains('{deep}', '{deep}')::int",
        "length(repeat('a', 1000000000))",
        "'{deep}'::json::variant::varchar",
        "['1']::varchar[][1]",
        "printf('%1000000000d', 1)",
        "case when true then 1 end",
        "(select 1)",
        "a",
        "?",
    ],
)
def test_constants_that_can_harm_the_process_are_refused_where_a_version_is_read(
    constant: str, tables: ParquetTables
) -> None:
    constant = constant.replace("{deep}", "[" * 100_000 + "]" * 100_000)
    for at in ("version", "timestamp"):
        with pytest.raises(StatementRefused, match="takes a constant"):
            tables.engine.parse(f"select * from t at ({at} => {constant})")


def test_constants_that_can_harm_the_process_are_not_evaluated_to_prune_files(tables: ParquetTables) -> None:
    deep = "'" + "[" * 100_000 + "]" * 100_000 + "'"
    schema = schema_of(pa.table({"day": pa.array([], pa.date32())}))
    statement = tables.engine.parse(f"select * from t where day > cast({deep}::json::variant::varchar as date)")
    assert statement.predicate(0, {0: schema}) == All(())


@pytest.mark.parametrize(
    "sql",
    [
        "select main.t.a from main.t order by all",
        "select lake.main.t.a from lake.main.t order by all",
        "select MAIN.T.a, u.c from main.t join main.u on main.t.a = main.u.a order by all",
        "select main.t.st.x as a from main.t where main.t.a > 1 order by all",
        "select t.a from main.t order by t.a",
        "select a from main.t where exists (select 1 from main.u where main.u.a = main.t.a) order by a",
    ],
)
def test_columns_qualified_with_the_full_name_of_their_table(
    sql: str, tables: ParquetTables, plain: duckdb.DuckDBPyConnection
) -> None:
    expected = plain.sql(sql.replace("lake.", "")).to_arrow_table()
    assert tables.query(sql).to_pylist() == expected.to_pylist()


def test_time_travel_to_the_current_time(tables: ParquetTables) -> None:
    (relation,) = tables.engine.parse("from t at (timestamp => now() - interval 1 day)").relations
    assert isinstance(relation.at, TimestampAt)
    age = dt.datetime.now(dt.UTC).timestamp() - relation.at.at_us / 1e6
    assert 86_399 < age < 86_500


@pytest.mark.parametrize("depth", [300, 1_000, 10_000, 100_000])
@pytest.mark.parametrize(
    "sql",
    [
        lambda n: "select " + "(" * n + "1" + ")" * n,
        lambda n: "select " + "abs(" * n + "1" + ")" * n,
        lambda n: "select " + "+".join(["1"] * n),
        lambda n: "select 'a'" + " || 'a'" * n,
        lambda n: "select " + "not " * n + "true",
        lambda n: "select " + "[" * n + "1" + "]" * n,
        lambda n: "select 1" + "::int" * n,
        lambda n: "select * from " + "(" * n + "select 1" + ")" * n,
        lambda n: "select * from " + "(select * from " * n + "t" + ")" * n,
        lambda n: "select 1" + " union all select 1" * n,
        lambda n: "select " + "case when true then 1 else " * n + "1" + " end" * n,
        lambda n: "select * from t" + " cross join t" * n,
        lambda n: "with a0 as (select 1)" + "".join(f", a{i + 1} as (from a{i})" for i in range(n)) + " select 1",
        lambda n: "select 1 where " + " or ".join(["a = 1 and b = 2"] * n),
        lambda n: "explain " * n + "select 1",
        lambda n: "select '" + "x" * 10 * n + "'",
        lambda n: "/*" * n + "*/" * n + " select 1",
    ],
)
def test_deep_and_long_statements_never_crash(sql: object, depth: int, tables: ParquetTables) -> None:
    assert callable(sql)
    text = sql(depth)
    try:
        tables.engine.parse(text)
    except SupertableError as error:
        assert len(str(error)) < 500


@pytest.mark.parametrize("sql", ["select 'a\x00b'", "select '" + "x" * 1_000_001 + "'", "select '\ud800'"])
def test_texts_that_the_parser_must_not_get_are_refused(sql: str, tables: ParquetTables) -> None:
    with pytest.raises(InvalidStatement):
        tables.engine.parse(sql)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select a fro t", ["line 1, column 14"]),
        ("select\n  a,\n  from from t", ["line 3"]),
        ("explain select a\nfro t t", ["line 2, column 5"]),
        ("select reed_parquet('x')", ["reed_parquet", "not available"]),
        ("select lowr('x')", ["Did you mean", "lower"]),
        ("copy t to 'x'", ["COPY is not available: it reads or writes files", "`load`", "`save`"]),
        ("-- two\n  Set Variable x = 1", ["SET is not available: settings belong to the engine", "WHERE a = $a"]),
        ("pragma table_info('t')", ["PRAGMA is not available", "DESCRIBE"]),
        ("begin transaction", ["BEGIN is not available: each statement", "a commit of its own"]),
        ("create or replace macro f(x) as x", ["CREATE MACRO is not available", "tables and views only"]),
        ("drop  sequence s", ["DROP SEQUENCE is not available"]),
        ("create temp table x (a int)", ["Nothing is temporary in a lake", "WITH"]),
        ("call pragma_version()", ["table functions are called in FROM"]),
        ("select 1; drop table t", ["One statement at a time; this text has 2"]),
        ("explain delete from t", ["This statement does not run", "EXPLAIN of these"]),
        ("", ["The text has no statement"]),
        ("-- nothing", ["The text has no statement"]),
        ("explain (analyze) select 1", ["EXPLAIN takes no options"]),
        ("select " + "1 + " * 100 + "1", ["nested too deeply", "a chain"]),
        ("show versions from t u", ["SHOW VERSIONS FROM orders"]),
        ("from table_versions(3)", ["table_versions('orders', 3)"]),
    ],
)
def test_messages_of_refusals(sql: str, words: list[str], tables: ParquetTables) -> None:
    with pytest.raises(InvalidStatement) as caught:
        tables.engine.parse(sql)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "sql", ["explain select 1", "EXPLAIN select 1", "/* x */ -- y\n  explain\tselect 1", "Explain(select 1)"]
)
def test_explain_is_recognized(sql: str, tables: ParquetTables) -> None:
    assert tables.engine.parse(sql).explain
    assert not tables.engine.parse("select 'explain' as explain").explain


def test_the_database_itself_is_locked_down(tables: ParquetTables, tmp_path: Path) -> None:
    """The second line of defence: statements that the validator refuses would also fail in the engine."""
    cursor = tables.instance.cursor()
    outside = tmp_path / "x.csv"
    outside.write_text("a\n1\n")
    for sql in [
        f"select * from read_csv('{outside}')",
        f"copy (select 1) to '{tmp_path}/y.csv'",
        f"attach '{tmp_path}/z.db'",
        "set memory_limit = '1TB'",
        "set enable_external_access = true",
        "install httpfs",
        "load httpfs",
    ]:
        with pytest.raises(duckdb.Error):
            cursor.execute(sql)
    cursor.close()


def test_python_variables_cannot_be_read(tables: ParquetTables) -> None:
    hidden = pa.table({"x": [1]})
    cursor = tables.instance.cursor()
    with pytest.raises(duckdb.Error):
        cursor.execute("select * from hidden")
    assert hidden.num_rows == 1
    assert tables.engine.parse("select * from hidden").relations[0].parts == ("hidden",)


def test_all_refusals_have_one_type(tables: ParquetTables) -> None:
    for sql in ("select getenv('HOME')", "copy t to 'x'", "select 1; select 2"):
        with pytest.raises(StatementRefused):
            tables.engine.parse(sql)


@pytest.mark.parametrize(
    "clause",
    [
        "version => 1.5",
        "version => 1.0",
        "version => 1e0",
        "version => 1::DOUBLE",
        "version => true",
        "version => NULL",
        "version => ''",
        "version => ' 7'",
        "version => '7 '",
        "version => 'a b'",
        "version => '٣'",
        "version => DATE '2020-01-01'",
        "version => TIMESTAMP '2020-01-01'",
        "version => '7'::BLOB",
        "version => [1]",
        "version => INTERVAL 1 DAY",
        "timestamp => 1",
        "timestamp => 1.5",
        "timestamp => true",
        "timestamp => NULL",
        "timestamp => '7'",
        "timestamp => TIME '10:00'",
        "timestamp => 'infinity'",
        "timestamp => TIMESTAMP '-infinity'",
        "timestamp => TIMESTAMP '10000-01-01'",
        "timestamp => TIMESTAMP '0044-03-15 (BC)'",
        "timestamp => INTERVAL 1 DAY",
    ],
)
def test_time_travel_to_what_is_no_version(clause: str, tables: ParquetTables) -> None:
    with pytest.raises(InvalidStatement, match=r"AT \("):
        tables.engine.parse(f"select * from t at ({clause})")


@pytest.mark.parametrize(
    "arguments",
    ["1.5", "1.0", "1e0", "'1'", "true", "NULL", "-1", "1, 2.5", "1, NULL", "1, '2'", "1 + 1", "DATE '2020-01-01'"],
)
def test_changes_after_what_is_no_version(arguments: str, tables: ParquetTables) -> None:
    with pytest.raises(StatementRefused, match="one or two version numbers"):
        tables.engine.parse(f"select * from table_changes('t', {arguments})")


def test_changes_after_a_huge_version(tables: ParquetTables) -> None:
    (relation,) = tables.engine.parse(f"select * from table_changes('t', 3, {2**62})").relations
    assert relation.changes == ChangesRequest(3, 2**62)
