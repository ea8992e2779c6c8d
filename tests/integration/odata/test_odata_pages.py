"""Pages by keyset: no row is lost or doubled, whatever the order columns hold, with keys and without."""

from __future__ import annotations

import pytest

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.expressions.keys import parse_key
from supertable.entrypoints.odata.sql.entity_query import Page, QueryOptions, by_key, compose, count_query, key_names
from supertable.entrypoints.odata.sql.pages.orders import Position
from tests.support.odata.paged_tables import World

ORDERS = (
    *(None, "name desc", "x desc,name", "ns", "ms desc,clock", "seen,flag desc", "half desc,day", "raw desc,price"),
    *("big desc", "or_der/select desc,or_der/it_s", "length(name) desc"),
)


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("table", ["keyed", "plain"])
def test_small_pages_have_the_rows_of_one_large_page(world: World, table: str, order: str | None) -> None:
    whole = world.pages(table, 1_000, QueryOptions(orderby=order))
    assert len(whole) == (24 if table == "keyed" else 35)
    assert len(set(whole)) == len(whole)
    assert world.pages(table, 5, QueryOptions(orderby=order)) == whole


@pytest.mark.parametrize("table", ["keyed", "plain"])
def test_top_and_skip_are_of_all_pages_together(world: World, table: str) -> None:
    whole = world.pages(table, 1_000, QueryOptions(orderby="flag"))
    for skip, top in ((0, 0), (1, 7), (5, 11), (30, 100)):
        assert world.pages(table, 4, QueryOptions(orderby="flag", skip=skip, top=top)) == whole[skip : skip + top]


def test_equal_rows_without_keys_have_identities_of_their_own(world: World) -> None:
    found = world.set("plain")
    for identity, *values in world.pages("plain", 6, QueryOptions(select="row_id,id,name")):
        key = parse_key(f"'{identity}'", key_names(found.type))
        row = world.run(by_key(found.type, key, QueryOptions(select="row_id,id,name"), found.version)).to_pylist()
        assert [[str(value) for value in each.values()] for each in row] == [[identity, *values]]
    missing = parse_key("'1-2-1'", key_names(found.type))
    assert world.run(by_key(found.type, missing, QueryOptions(), found.version)).num_rows == 0


def test_an_entity_is_found_by_its_key_alone(world: World) -> None:
    found = world.set("keyed")
    row = world.run(by_key(found.type, parse_key("7", ("id",)), QueryOptions(select="id"), found.version)).to_pylist()
    assert row == [{"id": 7}]
    with pytest.raises(InvalidInput, match="id is Edm.Int64"):
        by_key(found.type, parse_key("'7'", ("id",)), QueryOptions(), found.version)


def test_a_count_ignores_top_skip_and_order(world: World) -> None:
    found = world.set("plain")
    options = QueryOptions(filter="flag", top=1, skip=3, orderby="name")
    assert world.run(count_query(found.type, options, found.version)).to_pylist() == [{"count": 12}]


@pytest.mark.parametrize(
    "position",
    [
        Position(()),
        Position(("x",)),
        Position((None, None, None, None)),
        Position(("1", "2"), (7,)),
        Position(("a", "b")),
    ],
    ids=["empty", "text", "long", "index", "texts"],
)
def test_a_position_of_another_order_is_refused(world: World, position: Position) -> None:
    found = world.set("plain")
    with pytest.raises(InvalidInput, match="first page"):
        compose(found.type, QueryOptions(), found.version, Page(5, position))
