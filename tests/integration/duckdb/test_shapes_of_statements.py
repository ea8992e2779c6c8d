"""Statements that are filled in from another text of their shape are those that a parse of their own text gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from supertable.adapters.engines.duckdb import DuckDBEngine, DuckDBInstance
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.statement.parser import parsed
from supertable.adapters.engines.duckdb.statement.rendering import text_of
from supertable.domain.errors import SupertableError
from supertable.domain.scan.predicates import All, Compare
from supertable.domain.schema.schemas import Schema
from tests.conformance.statements import CASES
from tests.support.budgets import BUDGET, chance
from tests.support.parquet_tables import schema_of

SCHEMA: Schema = schema_of(
    pa.schema(
        [
            ("a", pa.int64()), ("id", pa.int32()), ("name", pa.string()), ("p", pa.decimal128(9, 2)),
            ("x", pa.float64()), ("day", pa.date32()), ("at", pa.timestamp("us")), ("ok", pa.bool_()),
        ]
    ).empty_table()
)  # fmt: skip
FILLED = [
    "select * from t where id = 5",
    "select * from t where 5 = id and name <> 'x'",
    "select * from t where id = -5 or a > - 5",
    "select * from t where a in (1, 2, -3) and name not in ('a', 'b''c')",
    "select * from t where p between 1.50 and 2.75 and not (x < 1.5)",
    "select * from t where day = '2024-01-01' and t.at >= '2024-01-01 10:00:00'",
    "select t.a, u.a from t join u on t.id = u.id and u.a = 7 where t.name = 'seven'",
    "with c as (select * from t where a = 3) select * from c where id = 4 order by 1 limit 2",
    "select * from (select a, id from t where a = 3) as s where id < 4",
    "select a from t where id = 1 union all select a from t where id = 2 order by 1",
    "select 5, '5', count(*) from t where id = 5 group by 1 having count(*) > 5",
    "select a as five from t where id = 5 and exists (from u where u.id = 5)",
    "select \"5\", 'it''s' from t where name = 'it''s' -- id = 5, 'quoted'",
    "select /* 'x' 5 */ a from t where /* it's 5 */ id = 5 /* nested /* 5 */ */ and a = 5",
    "-- it's a comment\nselect a from t where id = 5",
    "select a from t where name = 'ü😀' and id = 5 and \"name\" = 'ñ'",
    "select a from t where name = '-- no comment' and id = 5",
    "select a from t where name = '/* no comment */' and id = 5",
    "select a from t where name = 'st_r0 st_files_0 $1 ?' and id = 5",
    "select a from t where id = 5 and a = ? and name = $2",
    "explain select a from t where id = 5",
    "from t where id = 5",
    "select count(*) from t where a = 12345678901",
    "select a from t where (a, id) = (5, 6) and a = 5",
    "select a from t where (a, id) < (5, 6)",
]
PARSED = [
    "select a from t where name = 'a' 'b' and id = 5",
    "select a from t where id = 05 and a = 1_000",
    "select a from t where x = 1e3 and x = 5E-2 and a = 0x1F",
    "select a from t where name = e'a\\n5' and name = $$b5$$ and name = $tag$c'5$tag$",
    "select a from t where name = 'st_q_r0' and id = 5",
    "select a from t where name = E'it\\'s' and name = 'x'",
    "select a from t where id = 5::bigint and day = date '2024-01-01'",
    "select a from t where a + 1 = 6 and a = 1 + 5",
    "select a from t limit 5 offset 6",
    "select a from t order by 1, 2",
    "select a from t at (version => 3) order by a",
    "select a from t where at > now() - interval '5 days' and name like 'a%'",
    "select case when id = 5 then 'x' else 'y' end, (select max(a) from u where id = 5) from t",
    "select name[2], substr(name, 2, 3), round(x, 2), p::decimal(9, 3) from t",
    "select * from table_changes('t', 5, 6)",
    "select a from t using sample 5 rows (reservoir, 7)",
    "select a from t where id = 5 and a = unknown_function(6)",
    "select a from t where id = 5; select 6",
    "select a from t where id = 5 and 'x",
    "insert into t values (5)",
    "",
]


TEXTS = [
    *("2024-05-06", "2024-05-06 07:08:09", "", "it''s", "--", "/*", "*/", "$$", "ü", "😀", "\\", "\n", "x\ty"),
    *("st_", "5", "\x01", "a''''b", "explain", "pivot", '"', "?", "$1", "''"),
]


@pytest.fixture(scope="module")
def instance() -> Iterator[DuckDBInstance]:
    made = DuckDBInstance(None, None, 1, None)
    yield made
    made.close()


@pytest.fixture
def engine(instance: DuckDBInstance) -> DuckDBEngine:
    return DuckDBEngine(instance, instance, None)  # type: ignore[arg-type]


class Parses:
    """Counts the parses of an engine."""

    def __init__(self, engine: DuckDBEngine) -> None:
        self.count = 0
        self._parse = engine._statements._parse
        engine._statements._parse = self

    def __call__(self, *given: Any) -> DuckDBStatement:
        self.count += 1
        return self._parse(*given)


def other_texts(sql: str, choice: random.Random, count: int) -> list[str]:
    """The text with other literals in place of those that DuckDB's own tokenizer finds."""
    raw = sql.encode()
    found = duckdb.tokenize(sql)
    ends = [start for start, _ in found[1:]] + [len(raw)]
    texts = []
    for _ in range(count):
        parts, before = [], 0
        for (start, kind), end in zip(found, ends, strict=False):
            token = raw[start:end].rstrip()
            if kind in (duckdb.token_type.numeric_const, duckdb.token_type.string_const):
                parts += [raw[before:start], another(token.decode(), choice).encode()]
                before = start + len(token)
        texts.append(b"".join([*parts, raw[before:]]).decode())
    return texts


def another(token: str, choice: random.Random) -> str:
    if choice.random() < 0.6:
        return token
    if token.isdigit() and not token.startswith("0"):
        return str(choice.choice([*range(1, 8), 2**31 - 1, 2**31, 2**40, 10**17, 0]))
    if "." in token and token.replace(".", "").isdigit():
        return choice.choice(["1.50", "9.75", "2.25", "7.00", "3.5", "2.5", "9.9", "12.25", "0.50", "7.123456789"])
    if token.startswith("'") and len(token) > 1:
        return f"'{choice.choice(TEXTS)}'"
    return token


def outcome(parse: Any, sql: str) -> tuple[object, ...]:
    """All that a statement says, or the error. Locations in the text have no meaning."""
    try:
        found: DuckDBStatement = parse(sql)
    except SupertableError as error:
        return type(error), str(error)
    schemas = {relation.id: SCHEMA for relation in found.relations}
    predicates = [found.predicate(number, schemas, [1, "x"]) for number in schemas]
    rest = [getattr(found, name) for name in found.__dataclass_fields__ if name not in ("tree", "evaluate")]
    return found.rendered, text_of(found.tree) if not found.has_lists else "", predicates, *rest


def check(engine: DuckDBEngine, instance: DuckDBInstance, sql: str, count: int) -> int:
    """Compares texts of one shape with fresh parses. Returns how many were filled in."""
    parses = Parses(engine)
    choice = random.Random(sql)
    cursor = instance.cursor()
    texts = [sql, *other_texts(sql, choice, count)] if duckdb.tokenize(sql) else [sql]
    for text in texts:
        fresh = outcome(lambda given: parsed(cursor, given, engine._evaluate), text)
        assert outcome(engine.parse, text) == fresh, text
    cursor.close()
    return len(set(texts)) - parses.count


@pytest.mark.parametrize("sql", FILLED)
def test_shapes_with_literals_beside_columns(sql: str, engine: DuckDBEngine, instance: DuckDBInstance) -> None:
    assert check(engine, instance, sql, 20) > 0


@pytest.mark.parametrize("sql", PARSED)
def test_other_literals_are_part_of_the_shape(sql: str, engine: DuckDBEngine, instance: DuckDBInstance) -> None:
    check(engine, instance, sql, 6)


def test_statements_of_other_suites(engine: DuckDBEngine, instance: DuckDBInstance) -> None:
    for case in chance("shapes").sample(CASES, min(BUDGET.selects // 2, len(CASES))):
        check(engine, instance, case.sql, 8)


def test_a_look_up_parses_two_texts(engine: DuckDBEngine) -> None:
    parses = Parses(engine)
    for number in range(1, 500):
        found = engine.parse(f"SELECT * FROM t WHERE id = {number} AND name = 'n{number}'")
        assert found.rendered == f"SELECT * FROM st_q_r0 AS t WHERE ((id = {number}) AND (\"name\" = 'n{number}'))"
    assert parses.count == 2


def test_a_text_with_other_parameters_is_parsed_once(engine: DuckDBEngine) -> None:
    parses = Parses(engine)
    for number in range(20):
        found = engine.parse("SELECT * FROM t WHERE id = $1 AND a = $2")
        assert found.predicate(0, {0: SCHEMA}, [number, 1]) == All((Compare("id", "=", number), Compare("a", "=", 1)))
    assert parses.count == 1


@pytest.mark.parametrize("text", ["\ud800", "a\0b"], ids=["no Unicode", "NUL"])
def test_what_no_parser_gets_is_refused_in_a_filled_in_text_too(text: str, engine: DuckDBEngine) -> None:
    for name in ("a", "b", "c"):
        engine.parse(f"select * from t where name = '{name}'")
    with pytest.raises(SupertableError):
        engine.parse(f"select * from t where name = '{text}'")


def test_memory_is_bounded(engine: DuckDBEngine) -> None:
    long = "x" * 9_000
    for number in range(1, 130):
        engine.parse(f"select '{long}' from t where id = {number}")
    for kept in (engine._statements._texts, engine._statements._shapes):
        assert kept.bytes <= 1_000_000
        assert len(kept) <= 256
