"""Values of all types are compared and computed exactly; what has no meaning is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from supertable.domain.errors import InvalidInput, QueryFailed
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.keys import parse_key
from supertable.entrypoints.odata.sql.entity_query import Page, QueryOptions, by_key, compose, count_query
from tests.support.odata.paged_tables import World


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("ns ge 0001-01-01T00:00:00Z", 21),
        ("ns lt 9999-12-31T23:59:59.999999Z", 21),
        ("ns eq 1970-01-01T00:00:00.000000001Z", 3),
        ("ns eq 2023-11-14T22:13:20.123456789Z", 3),
        ("ms eq 1970-01-01T00:00:01.001Z", 1),
        ("ms eq 1970-01-01T00:00:01.0010001Z", 0),
        ("seen eq 1970-01-01T02:00:01.000001+02:00", 2),
        ("clock eq 00:00:01.001", 4),
        ("half eq 1", 7),
        ("big eq 18446744073709551615", 7),
        ("price eq 1.3333333333", 5),
        ("price gt 99999999999999999999999999999", 0),
        ("fractionalseconds(ns) eq 0.000000001", 3),
        ("or_der/select eq ''", 7),
        ("contains(name,'%')", 3),
        ("ns lt 1970-01-01T00:00:00Z and year(ns) eq 1969 and second(ns) eq 59", 3),
        ("date(ns) eq 1969-12-31", 3),
        ("time(ns) eq 23:59:59.999999", 3),
    ],
)
def test_values_are_compared_exactly(world: World, text: str, matches: int) -> None:
    found = world.set("keyed")
    assert world.run(count_query(found.type, QueryOptions(filter=text), found.version)).to_pylist() == [
        {"count": matches}
    ]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("2 divby 3", Decimal("0.666666666666")),
        ("id divby 9", Decimal("0.777777777777")),
        ("-2 divby 3", Decimal("-0.666666666666")),
        ("price div 7", 0.4761904761857143),
        ("1.0 div 8", Decimal("0.125000000000")),
        ("id div 2", 3),
        ("-7 div 2", -3),
        ("-7 mod 2", -1),
        ("-7.5 mod 2", Decimal("-1.5")),
        ("id mul 1.5", Decimal("10.5")),
        ("9223372036854775807 sub 1", 9223372036854775806),
        ("round(2.5)", Decimal(3)),
        ("round(-2.5)", Decimal(-3)),
        ("floor(-0.5)", Decimal(-1)),
        ("1 div 0.5", Decimal("2.000000000000")),
        ("cast('12.345',Edm.Decimal)", Decimal("12.345000000000")),
        ("concat(cast(id,Edm.String),'!')", "7!"),
        ("case(id gt 9:'p',id gt 5:'q',true:'r')", "q"),
        ("totalseconds(duration'PT1.5S')", Decimal("1.500000")),
    ],
)
def test_computed_values_are_exact(world: World, expression: str, wanted: object) -> None:
    found = world.set("keyed")
    options = QueryOptions(compute=f"{expression} as v", select="v")
    query = by_key(found.type, parse_key("7", ("id",)), options, found.version)
    assert [row["v"] for row in world.run(query).to_pylist()] == [wanted]


@pytest.mark.parametrize(
    "text",
    ["id div 0 eq 1", "id mod 0 eq 1", "price div 0 eq 1", "1 divby (id sub id) eq 1"],
    ids=["div", "mod", "decimal", "divby"],
)
def test_a_division_by_zero_is_an_error_unless_a_condition_before_it_guards_it(world: World, text: str) -> None:
    found = world.set("keyed")
    with pytest.raises(QueryFailed, match="divided by zero"):
        world.run(count_query(found.type, QueryOptions(filter=text), found.version))
    guarded = QueryOptions(filter=f"id lt 0 and {text}")
    assert world.run(count_query(found.type, guarded, found.version)).to_pylist() == [{"count": 0}]


@pytest.mark.parametrize(
    "options",
    [
        QueryOptions(filter="matchesPattern(name,'(')"),
        QueryOptions(filter="hidden eq 1"),
        QueryOptions(filter="or_der/hidden eq 1"),
        QueryOptions(filter="id eq '1'"),
        QueryOptions(filter="seen gt 2020-01-01"),
        QueryOptions(filter="name"),
        QueryOptions(orderby="hidden"),
        QueryOptions(select="hidden"),
        QueryOptions(compute="1 as id"),
        QueryOptions(compute="1 as row_id"),
        QueryOptions(apply="aggregate(name with sum as s)"),
        QueryOptions(apply="groupby((flag),aggregate(id with sum as flag))"),
        QueryOptions(top=-1),
        QueryOptions(skip=2**60),
    ],
    ids=str,
)
def test_what_a_table_does_not_have_is_refused_before_it_is_read(world: World, options: QueryOptions) -> None:
    found = world.set("plain")
    with pytest.raises(InvalidInput):
        compose(found.type, options, found.version, Page(5))


@pytest.mark.parametrize(
    "options",
    [QueryOptions(filter="row_id eq 'x'"), QueryOptions(orderby="tags"), QueryOptions(filter="name has 'x'")],
    ids=["row_id", "order", "has"],
)
def test_what_is_odata_but_has_no_sql_is_not_called_invalid(world: World, options: QueryOptions) -> None:
    found = world.set("plain")
    with pytest.raises(NotSupported):
        compose(found.type, options, found.version, Page(5))


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ("topcount(2,id)", [22, 23]),
        ("bottomcount(2,id)", [0, 1]),
        ("topsum(40,id)", [22, 23]),
        ("bottomsum(3,id)", [0, 1, 2]),
        ("toppercent(50,id)", [17, 18, 19, 20, 21, 22, 23]),
        ("bottompercent(1,id)", [0, 1, 2]),
        ("orderby(id desc)/skip(1)/top(2)", [21, 22]),
        ("filter(id lt 4)/search(NOT a)", [0, 1, 3]),
        ("identity/filter(id eq 3)", [3]),
    ],
)
def test_apply_takes_the_leading_rows(world: World, steps: str, wanted: list[int]) -> None:
    found = world.set("keyed")
    query = compose(found.type, QueryOptions(apply=steps, select="id"), found.version, Page(50))
    assert [row["id"] for row in world.run(query).to_pylist()] == wanted
