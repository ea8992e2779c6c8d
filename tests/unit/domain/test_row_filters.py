"""Parsing of row filters: what is accepted, what is refused, and the messages of refusals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supertable.adapters.engines.duckdb import DuckDBInstance, DuckDBRowFilterParser
from supertable.domain.access.row_filter_checks import fitted_filter
from supertable.domain.access.row_filters import Caller, Form, bound, columns_of, terms
from supertable.domain.errors import InvalidInput
from supertable.domain.scan.row_filter_pruning import NEVER, necessary_predicate
from supertable.domain.schema.schemas import Schema, first_schema
from supertable.domain.schema.types import DataType, Field

TYPES = {
    "id": DataType("int32"),
    "big": DataType("uint64"),
    "name": DataType("string"),
    "x": DataType("float64"),
    "y": DataType("float32"),
    "price": DataType("decimal", precision=5, scale=2),
    "long": DataType("decimal", precision=38, scale=38),
    "day": DataType("date"),
    "made": DataType("timestamp", unit="us"),
    "ms": DataType("timestamp", unit="ms"),
    "ns": DataType("timestamp", unit="ns"),
    "zoned": DataType("timestamp", unit="us", timezone="UTC"),
    "clock": DataType("time", unit="us"),
    "ok": DataType("bool"),
    "raw": DataType("binary"),
    "items": DataType("list", fields=(Field(0, "element", DataType("int32")),)),
    "place": DataType("struct", fields=(Field(0, "city", DataType("string")),)),
    "current_user": DataType("string"),
    "we\"ird 'name; --": DataType("string"),
    "ünï": DataType("string"),
    "select": DataType("string"),
    "owner": DataType("string"),
}
SCHEMA = first_schema([Field(0, name, kind) for name, kind in TYPES.items()])


@pytest.fixture(scope="module")
def parser() -> Iterator[DuckDBRowFilterParser]:
    instance = DuckDBInstance(None, None, 1, None)
    yield DuckDBRowFilterParser(instance)
    instance.close()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("id = 1", '"id" = 1'),
        ("ID=-1", '"id" = -1'),
        ("1 <= id", '1 <= "id"'),
        ("id = 2.0", '"id" = 2'),
        ("id != 1 and id == 2", '("id" <> 1) AND ("id" = 2)'),
        ("id = 1 and (id = 2 and id = 3)", '("id" = 1) AND ("id" = 2) AND ("id" = 3)'),
        ("id = 1 or id = 2 and not ok", '("id" = 1) OR (("id" = 2) AND (NOT "ok"))'),
        ("id in (1, 2)", '"id" IN (1, 2)'),
        ("id not in (1)", 'NOT ("id" IN (1))'),
        ("id between 1 and 2", '("id" >= 1) AND ("id" <= 2)'),
        ("id not between 1 and 2", 'NOT (("id" >= 1) AND ("id" <= 2))'),
        ("id = cast('5' as int)", '"id" = 5'),
        ("big = 18446744073709551615", '"big" = 18446744073709551615'),
        ("id < big", '"id" < "big"'),
        ("name like 'a%'", "\"name\" LIKE 'a%'"),
        ("name not ilike 'a_'", "NOT (\"name\" ILIKE 'a_')"),
        ("lower(name) = upper(owner)", 'lower("name") = upper("owner")'),
        ("name = 'it''s'", "\"name\" = 'it''s'"),
        ("name = $$x$$", "\"name\" = 'x'"),
        ("name = E'a\\nb'", "\"name\" = 'a\nb'"),
        ("name is null or items is not null", '("name" IS NULL) OR (NOT ("items" IS NULL))'),
        ("raw is null and place is null", '("raw" IS NULL) AND ("place" IS NULL)'),
        ("x = 1e10", '"x" = 10000000000.0'),
        ("x > 0.1 and y > 0.1", '("x" > 0.1) AND ("y" > 0.10000000149011612)'),
        ("x = -0.0", '"x" = 0.0'),
        ("price >= 1.5", '"price" >= 1.50'),
        ("price = 2", '"price" = 2.00'),
        ("day = '2020-02-29'", "\"day\" = DATE '2020-02-29'"),
        ("day < date '2020-02-29'", "\"day\" < DATE '2020-02-29'"),
        ("made >= date '2020-01-01'", "\"made\" >= TIMESTAMP '2020-01-01 00:00:00'"),
        ("made = timestamp '2020-01-01 10:00:00.5'", "\"made\" = TIMESTAMP '2020-01-01 10:00:00.500000'"),
        ("ns < '2020-01-01'", "\"ns\" < TIMESTAMP '2020-01-01 00:00:00'"),
        ("zoned < '2020-01-01 10:00+02:00'", "\"zoned\" < TIMESTAMPTZ '2020-01-01 08:00:00+00:00'"),
        ("zoned < timestamp '2020-01-01'", "\"zoned\" < TIMESTAMPTZ '2020-01-01 00:00:00+00:00'"),
        ("clock < time '10:00:00'", "\"clock\" < TIME '10:00:00'"),
        ("ok", '"ok"'),
        ("ok = false", '"ok" = false'),
        ("true", "true"),
        ("owner = current_user", '"owner" = current_user'),
        ("owner = CURRENT_USER()", '"owner" = current_user'),
        ('owner = "current_user"', '"owner" = "current_user"'),
        ("current_role = 'x'", "current_role = 'x'"),
        ("current_role in ('a', owner)", "current_role IN ('a', \"owner\")"),
        ("((((ok))))", '"ok"'),
        ("name = user_attribute('region')", "\"name\" = user_attribute('region')"),
        ("id = user_attribute('it''s')", "\"id\" = user_attribute('it''s')"),
        ("user_attribute('region') is not null", "NOT (user_attribute('region') IS NULL)"),
        ("lower(user_attribute('region')) = name", "lower(user_attribute('region')) = \"name\""),
        ('"we""ird \'name; --" = \'x\'', '"we""ird \'name; --" = \'x\''),
        ("\"ünï\" = 'ä'", "\"ünï\" = 'ä'"),
        ('"select" = \'x\'', "\"select\" = 'x'"),
        ("name = 'x' -- more", "\"name\" = 'x'"),
        ("name /* or */ = 'x';", "\"name\" = 'x'"),
    ],
)  # fmt: skip
def test_accepted_filters_and_their_text(parser: DuckDBRowFilterParser, text: str, shown: str) -> None:
    condition = parser.parse(text, SCHEMA)
    assert parser.show(condition, SCHEMA) == shown
    assert parser.parse(shown, SCHEMA) == condition
    assert fitted_filter(condition, SCHEMA) == condition


def test_the_longest_numbers_are_shown_exactly(parser: DuckDBRowFilterParser) -> None:
    number = "0." + "9" * 38
    condition = parser.parse(f"long = '{number}'::decimal(38, 38)", SCHEMA)
    assert parser.show(condition, SCHEMA) == f"\"long\" = CAST('{number}' AS DECIMAL(38,38))"
    assert parser.parse(parser.show(condition, SCHEMA), SCHEMA) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id = 'x'", "Column id is int32; 'x' is not exactly a value"),
        ("id = '5'", "Column id is int32; '5' is not exactly a value"),
        ("id > 1.5", "'1.5' is not exactly"),
        ("id = 3000000000", "'3000000000' is not exactly"),
        ("id = 1e0", "is not exactly"),
        ("id = true", "is not exactly"),
        ("id in (1, 'x')", "'x' is not exactly"),
        ("id between 1 and 2.5", "'2.5' is not exactly"),
        ("name = 5", "Column name is string; '5' is not exactly"),
        ("name > date '2020-01-01'", "Column name is string"),
        ("price = 1.555", "'1.555' is not exactly"),
        ("price = 1e0", "is not exactly"),
        ("y = 1e-1", "is not exactly"),
        ("x = 'nan'::double", "'nan' is not exactly a value of the type float64"),
        ("x = 1e400", ""),
        ("day = '2020-02-30'", "'2020-02-30' is not exactly"),
        ("day = timestamp '2020-01-01 12:00:00'", "is not exactly"),
        ("ms = '2020-01-01 00:00:00.000001'", "is not exactly"),
        ("ns < '3000-01-01'", "is not exactly"),
        ("made < '2020-01-01 00:00:00+01'", "is not exactly"),
        ("made < timestamptz '2020-01-01 00:00:00+01'", "is not exactly"),
        ("clock = '2020-01-01'", "is not exactly"),
        ("raw = 'x'", "Column raw is binary, which can only be tested with IS [NOT] NULL"),
        ("raw = '\\x00'::blob", "Only constants can be cast"),
        ("items = 1", "can only be tested with IS [NOT] NULL"),
        ("place = place", "can only be tested with IS [NOT] NULL"),
        ("name = id", "Column name is string and Column id is int32; these cannot be compared"),
        ("day < made", "cannot be compared"),
        ("made < ns", "cannot be compared"),
        ("lower(id) = 'x'", "need text; Column id is int32"),
        ("id like '1%'", "need text"),
        ("name like owner", "must be a text constant"),
        ("name like user_attribute('p')", "must be a text constant"),
        ("name like 5", "must be a text constant"),
        ("name", "true or false"),
        ("current_user", "true or false"),
        ("'t'", "true or false"),
        ("1", "true or false"),
        ("not name", "true or false"),
        ("1 = 1", "cannot compare constants"),
        ("'a' in ('a')", "cannot compare constants"),
        ("(id = 1) = true", "where a value is needed"),
        ("(id = 1) is null", "where a value is needed"),
        ("id = null", "use IS NULL"),
        ("id in (1, null)", "use IS NULL"),
        ("null", "use IS NULL"),
        ("ok is true", "IS [NOT] TRUE and IS DISTINCT FROM cannot be used"),
        ("id is distinct from 1", "IS [NOT] TRUE and IS DISTINCT FROM cannot be used"),
        ("nothing = 1", "There is no column 'nothing'"),
        ("t.id = 1", "t.id: a row filter must refer to columns by their name alone"),
        ("place.city = 'x'", "by their name alone"),
        ("name = user_attribute(owner)", "takes the attribute's name as a text"),
        ("name = user_attribute()", "takes the attribute's name as a text"),
        ("name = user_attribute('')", "takes the attribute's name as a text"),
        ("name = user_attribute(null)", "takes the attribute's name as a text"),
        ("name = user_attribute(5)", "takes the attribute's name as a text"),
        ("name = user_attribute('a', 'b')", "takes the attribute's name as a text"),
        ("name = user_attribute('a' || 'b')", "takes the attribute's name as a text"),
        ("", "at end of input"),
        ("-- nothing", "at end of input"),
        ("id = 1 -- \x00", "NUL"),
        ("name = '\ud800'", "not valid Unicode"),
        ("id = 1) or (1 = 1", "syntax error"),
        ("id =", "syntax error"),
        ("id = 1 limit 1", "one condition"),
        ("id = 1 order by id", "one condition"),
        ("id = 1 union select 1", "one condition"),
        ("id = 1 group by id", "one condition"),
        ("id = 1 having true", "one condition"),
        ("id = 1 qualify true", "one condition"),
        ("id = 1; select 1", "One statement"),
        ("id = 1; drop table t", "One statement"),
        ("id = 1 or 1 in (select 1)", "A row filter compares columns"),
        ("exists (select 1)", "A row filter compares columns"),
        ("id = (select 1)", "A row filter compares columns"),
        ("length(name) = 1", "A row filter compares columns"),
        ("main.lower(name) = 'x'", "A row filter compares columns"),
        ("lower(name) filter (where true) = 'x'", "A row filter compares columns"),
        ("lower(distinct name) = 'x'", "A row filter compares columns"),
        ("lower(name order by id) = 'x'", "A row filter compares columns"),
        ("lower(name) over () = 'x'", "A row filter compares columns"),
        ("lower(name, owner) = 'x'", "A row filter compares columns"),
        ("current_user(1) = name", "A row filter compares columns"),
        ("name.lower() = 'x'", "A row filter compares columns"),
        ("getenv('HOME') = name", "A row filter compares columns"),
        ("name similar to 'x'", "A row filter compares columns"),
        ("name glob 'x'", "A row filter compares columns"),
        ("name like 'x' escape '$'", "A row filter compares columns"),
        ("name ~ 'x'", "A row filter compares columns"),
        ("name collate nocase = 'x'", "A row filter compares columns"),
        ("id + 1 = 2", "A row filter compares columns"),
        ("id = +1", "A row filter compares columns"),
        ("- id = 1", "A row filter compares columns"),
        ("day = current_date", "There is no column 'current_date'"),
        ("day = today()", "A row filter compares columns"),
        ("made > timestamp '2020-01-01' - interval 1 day", "A row filter compares columns"),
        ("id = random()", "A row filter compares columns"),
        ("case when ok then true end", "A row filter compares columns"),
        ("coalesce(ok, true)", "A row filter compares columns"),
        ("columns(*) = 1", "A row filter compares columns"),
        ("columns('i.*') = 1", "A row filter compares columns"),
        ("id = any([1])", "A row filter compares columns"),
        ("id in [1]", "A row filter compares columns"),
        ("(id, ok) = (1, true)", "A row filter compares columns"),
        ("items[1] = 1", "A row filter compares columns"),
        ("place['city'] = 'x'", "A row filter compares columns"),
        ("#1 = 1", "A row filter compares columns"),
        ("id = $1", "A row filter compares columns"),
        ("id = ?", "A row filter compares columns"),
        ("id = $x", "A row filter compares columns"),
        ("id::varchar = '1'", "Only constants can be cast"),
        ("name::int = 1", "Only constants can be cast"),
        ("current_user::int = id", "Only constants can be cast"),
        ("id = try_cast('1' as int)", "Only constants can be cast"),
        ("name = 5::varchar", "is not exactly"),
        ("id = 1.5::int", "is not exactly"),
        ("name = 'x'::nothing", "Only constants can be cast"),
        ("name = '{}'::json", "Only constants can be cast"),
        ("\u212ad = 1", "There is no column"),
        ("\uff49\uff44 = 1", "There is no column"),
        ("name = ‘x’", ""),
        ("id = 1 \u202e or 1 = 1", ""),
    ],
)
def test_refused_filters_and_their_messages(parser: DuckDBRowFilterParser, text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parser.parse(text, SCHEMA)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "not " * 60 + "ok",
        "lower(" * 60 + "name" + ")" * 60 + " = 'x'",
        "not " * 100_000 + "ok",
        " or ".join(["ok"] * 1_001),
        f"id in ({', '.join(map(str, range(1_000)))})",
        f"name = '{'x' * 200_001}'",
        "id = 1 " + "/*" * 100_000,
        "a" * 150_000,
    ],
)
def test_filters_that_are_too_large_are_refused(parser: DuckDBRowFilterParser, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parser.parse(text, SCHEMA)
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize("text", [5, True, None, b"id = 1", ["id = 1"]])
def test_a_filter_must_be_text(parser: DuckDBRowFilterParser, text: Any) -> None:
    with pytest.raises(InvalidInput, match="A row filter must be text"):
        parser.parse(text, SCHEMA)


def test_long_lists_and_chains_are_accepted(parser: DuckDBRowFilterParser) -> None:
    wide = parser.parse(f"id in ({', '.join(map(str, range(900)))})", SCHEMA)
    assert len(list(terms(wide))) == 902
    chain = parser.parse(" or ".join(f"name = '{number}'" for number in range(300)), SCHEMA)
    assert len(chain.parts) == 300


@given(text=st.text(st.sampled_from("id =1'\"()<>name notrlike;-*/%.,\\xAÄ\U0001f600\n"), max_size=25))
def test_any_text_is_refused_or_reads_back_as_the_same_filter(parser: DuckDBRowFilterParser, text: str) -> None:
    try:
        condition = parser.parse(text, SCHEMA)
    except InvalidInput:
        return
    assert parser.parse(parser.show(condition, SCHEMA), SCHEMA) == condition


def test_columns_are_stored_by_field_id(parser: DuckDBRowFilterParser) -> None:
    condition = parser.parse("name = 'x' and id = 1", SCHEMA)
    swapped = {"name": "owner", "owner": "name"}
    renamed = Schema(
        2,
        tuple(replace(one, name=swapped.get(one.name, one.name)) for one in SCHEMA.fields),
        SCHEMA.last_field_id,
    )
    assert parser.show(condition, renamed) == '("owner" = \'x\') AND ("id" = 1)'
    assert columns_of(condition) == {1, 3}


def test_a_filter_does_not_fit_without_its_column_or_with_another_type(parser: DuckDBRowFilterParser) -> None:
    condition = parser.parse("id = 100000", SCHEMA)
    without = Schema(2, SCHEMA.fields[1:], SCHEMA.last_field_id)
    with pytest.raises(InvalidInput, match="does not exist any more"):
        fitted_filter(condition, without)
    for kind in (DataType("int8"), DataType("string"), DataType("bool"), DataType("binary")):
        other = Schema(2, (replace(SCHEMA.fields[0], type=kind), *SCHEMA.fields[1:]), SCHEMA.last_field_id)
        with pytest.raises(InvalidInput, match=f"Column id is {kind}"):
            fitted_filter(condition, other)


def test_an_attribute_that_the_caller_lacks_is_null(parser: DuckDBRowFilterParser) -> None:
    caller = Caller("u" * 32, "reader", {"region": "EU"})
    condition = parser.parse(
        "owner in (current_user, current_role, user_attribute('region'), user_attribute('x'))", SCHEMA
    )
    texts = [term.text for term in terms(bound(condition, caller)) if term.form is Form.CONSTANT]
    assert texts == ["u" * 32, "reader", "EU", None]
    assert necessary_predicate(bound(parser.parse("owner = user_attribute('x')", SCHEMA), caller), SCHEMA) == NEVER
