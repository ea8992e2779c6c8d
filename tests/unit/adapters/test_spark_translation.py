"""What Spark gets of a statement: nothing of its text, and nothing that is not on the list."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest

from supertable.adapters.engines.spark.translation.kinds import Kind
from supertable.adapters.engines.spark.translation.results import received, wire_type
from supertable.domain.errors import InvalidStatement, NotOnSpark
from tests.support.spark_translation import Translating

COLUMNS = (
    ("a", "INTEGER"),
    ("b", "VARCHAR"),
    ("d", "DECIMAL(9,2)"),
    ("f", "DOUBLE"),
    ("day", "DATE"),
    ("ts", "TIMESTAMP"),
    ("l", "INTEGER[]"),
    ("s", 'STRUCT(x INTEGER, "evil`--" VARCHAR)'),
    ("m", "MAP(VARCHAR, BIGINT)"),
    ("`; drop --", "INTEGER"),
)
_WORDS = re.compile(r"X'[0-9a-f]*'|'[A-Za-z0-9 ]*'")


@pytest.fixture(scope="module")
def translate() -> Iterator[Translating]:
    made = Translating({"t": COLUMNS})
    yield made
    made.close()


@pytest.mark.parametrize(
    "sql",
    [
        "select 'zzq''; drop table x --' from t",
        r"select b || 'zzq\'' union select 1 --' from t",
        "select 'zzq${spark.app.name}${env:HOME}' || b from t",
        "select /* zzq */ a -- zzq\n from t /*+ zzq */",
        'select a as "zzq` union select 1 from `x" from t',
        'select "`; drop --" as zzq from t as "zzq`"',
        'with "zzq`) select 1 --" as (from t) select a from "zzq`) select 1 --"',
        "select s.\"evil`--\" as zzq from t where b like 'zzq%\\_''x'",
        "select {'zzq`': a} as zzq, b like '%zzq~''%' escape '~', regexp_matches(b, 'zz[q]$') from t",
        "select list_transform(l, zzq -> zzq + a) from t where b in ('zzq''', 'zzq\\')",
        "select string_agg(b, 'zzq''\\' order by a) n_zzq from t group by b || 'zzq''' having max(b) > 'zzq\\'",
    ],
)
def test_no_text_of_the_caller_reaches_spark(translate: Translating, sql: str) -> None:
    text = translate(sql).sql
    bare = _WORDS.sub("", text)
    assert "zzq" not in bare, text
    assert not re.search(r"\$|--|/\*|;|\\|\"", bare), text
    assert set(re.findall("`([^`]*)`", bare)) <= {"view_0"}, text


def test_constants_keep_their_values_and_types(translate: Translating) -> None:
    sql = translate(
        "select $1, $2, $3, $4, $5, $6, $7 from t",
        [7, 2**40, "it's\\", Decimal("-1.50"), None, b"\0'", dt.date(2024, 2, 29)],
    )
    assert "CAST(7L AS INT)" in sql.sql
    assert "CAST(1099511627776L AS BIGINT)" in sql.sql
    assert "CAST(X'697427735c' AS STRING)" in sql.sql
    assert "CAST('-1.50' AS DECIMAL(3,2))" in sql.sql
    assert "CAST(NULL AS INT)" in sql.sql
    assert "X'0027'" in sql.sql
    assert "date_from_unix_date(19782)" in sql.sql
    assert "'Infinity'" in translate("select f > 'inf'::double from t").sql
    assert "'NaN'" in translate("select f = $x from t", {"x": float("nan")}).sql


def test_the_answer_has_the_names_and_types_of_lite(translate: Translating) -> None:
    schema = translate("select a, a, sum(a), count(*) n, d / 2, s, 1::utinyint u from t group by all").schema
    assert [str(field.type) for field in schema] == [
        "int32", "int32", "decimal128(38, 0)", "int64", "double", "struct<x: int32, evil`--: string>", "uint8",
    ]  # fmt: skip
    assert schema.names == ["a", "a", "sum(a)", "n", "(d / 2)", "s", "u"]


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("select random() from t", "random()"),
        ("select ln(f) from t", "ln(DOUBLE)"),
        ("select f::varchar from t", "CAST from DOUBLE to VARCHAR"),
        ("select try_cast(b as date) from t", "TRY_CAST from VARCHAR to DATE"),
        ("select m = m from t", "comparisons of the type MAP"),
        ("select distinct m from t", "comparisons of the type MAP"),
        ("select regexp_matches(b, '(?i)x') from t", "such a regular expression"),
        ("select b like b from t", "~~ with an argument 2 that is no constant text"),
        ("select approx_count_distinct(a) from t", "approx_count_distinct(INTEGER)"),
        ("select first(a) from t", "first(INTEGER)"),
        ("select list(a) from t", "list without ORDER BY"),
        ("select row_number() over () from t", "row_number without ORDER BY"),
        ("select sum(a) over (order by a groups 1 preceding) from t", "a frame of such bounds"),
        ("select ts - ts from t", "-(TIMESTAMP, TIMESTAMP)"),
        ("select to_days(a) from t", "to_days(INTEGER)"),
        ("select * from t x asof join t y on x.a >= y.a", "ASOF"),
        ("select * from t positional join t u", "POSITIONAL"),
        ("select * from t tablesample 10%", "SAMPLE"),
        ("select distinct on (a) b from t", "DISTINCT ON without ORDER BY"),
        ("explain select a from t", "EXPLAIN"),
        ("select a from t limit 2147483648", "LIMIT and OFFSET above 2147483647"),
        ("select a from t offset 2147483648", "LIMIT and OFFSET above 2147483647"),
        ("select rowid from t", "rowid"),
    ],
    ids=lambda value: value if value.startswith(("select", "explain")) else "",
)
def test_what_spark_answers_otherwise_is_refused_by_name(translate: Translating, sql: str, what: str) -> None:
    with pytest.raises((NotOnSpark, InvalidStatement)) as caught:
        translate(sql)
    if what != "rowid":
        assert isinstance(caught.value, NotOnSpark)
        assert what in str(caught.value)
        assert "engine='pro'" in str(caught.value)


def test_what_lite_cannot_bind_fails_as_there(translate: Translating) -> None:
    with pytest.raises(InvalidStatement, match="nowhere") as caught:
        translate("select nowhere from t")
    assert not isinstance(caught.value, NotOnSpark)
    with pytest.raises(InvalidStatement):
        translate("select a from t where a = $1")


def test_answers_are_shaped_as_lite_gives_them() -> None:
    pair = Kind("STRUCT", parts=(Kind("DOUBLE"), Kind("BLOB")), members=("x", "y"))
    wanted = pa.list_(pa.struct([("x", pa.float64()), ("y", pa.binary())]))
    column = pa.array(
        ['{"v":[{"f0":"NaN","f1":"00FF"},null,{"f0":"-Infinity"}]}', "{}", '{"v":[]}'], wire_type(Kind("LIST"))
    )
    found = received(column, Kind("LIST", parts=(pair,)), wanted)
    assert found.type == wanted
    assert repr(found.to_pylist()) == repr(
        [[{"x": float("nan"), "y": b"\x00\xff"}, None, {"x": float("-inf"), "y": None}], None, []]
    )
    entries = Kind("MAP", parts=(Kind("VARCHAR"), Kind("DATE")))
    days = received(pa.array(['{"v":[{"f0":"a\\n","f1":-1},{"f0":""}]}']), entries, pa.map_(pa.string(), pa.date32()))
    assert days.to_pylist() == [[("a\n", dt.date(1969, 12, 31)), ("", None)]]
    wide = received(pa.array(["18446744073709551615", None]), Kind("UBIGINT"), pa.uint64())
    assert wide.to_pylist() == [2**64 - 1, None]
    moment = received(pa.array([-1, None]), Kind("TIMESTAMP WITH TIME ZONE"), pa.timestamp("us", "UTC"))
    assert moment.to_pylist() == [dt.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC), None]


def test_parameters_are_typed_and_named_as_in_lite(translate: Translating) -> None:
    names = translate("select ?, a + ?, b || ? as x from t where day > ?", ["zzq", 5, "y", "2024-01-31"]).schema
    assert [(field.name, str(field.type)) for field in names] == [
        ("$1", "string"),
        ("(a + $2)", "int32"),
        ("x", "string"),
    ]
    assert str(translate("select a::tinyint + $n as s from t", {"n": 5}).schema.field("s").type) == "int32"
    with pytest.raises(InvalidStatement, match="Cannot compare values of type VARCHAR and type INTEGER - "):
        translate("select 1 from t where b > ?", [5])


def test_missing_columns_are_told_as_in_lite(translate: Translating) -> None:
    with pytest.raises(InvalidStatement, match='There is no column "dey". Did you mean day?'):
        translate("select dey from t")
