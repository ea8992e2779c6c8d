"""Pages by keyset: no row is lost or doubled, whatever the order columns hold, with keys and without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.expressions.keys import parse_key
from supertable.entrypoints.odata.model.entity_sets import EntitySet, entity_set
from supertable.entrypoints.odata.sql.entity_query import (
    EntityQuery,
    Page,
    QueryOptions,
    by_key,
    compose,
    count_query,
    key_names,
)
from supertable.entrypoints.odata.sql.pages.orders import Position
from supertable.entrypoints.sdk.lakes.lake import Lake

LONG = "x" * 700
COLUMNS = pa.schema(
    [
        ("id", pa.int64()),
        ("name", pa.string()),
        ("x", pa.float64()),
        ("ns", pa.timestamp("ns")),
        ("ms", pa.timestamp("ms")),
        ("seen", pa.timestamp("us", "UTC")),
        ("clock", pa.time32("ms")),
        ("half", pa.float16()),
        ("raw", pa.binary()),
        ("price", pa.decimal128(38, 10)),
        ("big", pa.uint64()),
        ("flag", pa.bool_()),
        ("day", pa.date32()),
        ("tags", pa.list_(pa.string())),
        ('or"der', pa.struct([("select", pa.string()), ("it's", pa.int32())])),
    ]
)
NAMES = [None, "", "a", LONG, LONG + "y", LONG, "%", "a"]


def _rows() -> list[dict[str, Any]]:
    numbers = [None, float("nan"), -0.0, 0.0, 1e-300, float("inf"), float("-inf"), 1 / 3]
    moments = [None, 0, 1, -1, 1_700_000_000_123_456_789, 2**63 - 2, -(2**63) + 2, 10**18]
    return [
        {
            "id": n,
            "name": NAMES[n % 8],
            "x": numbers[n // 2 % 8],
            "ns": moments[n // 3 % 8],
            "ms": None if n % 5 == 0 else n * 1_000 + 1,
            "seen": None if n % 4 == 0 else n // 3 * 1_000_001,
            "clock": None if n % 3 == 0 else n % 4 * 1_001,
            "half": None if n % 7 == 0 else float(n % 3),
            "raw": None if n % 6 == 0 else bytes([n % 3, 0, 255]),
            "price": None if n % 9 == 0 else f"{n % 4}.3333333333",
            "big": None if n % 8 == 0 else 2**64 - 1 - n % 3,
            "flag": (None, True, False)[n % 3],
            "day": None if n % 10 == 0 else n % 4,
            "tags": (None, [], ["a"])[n % 3],
            'or"der': None if n % 5 == 0 else {"select": NAMES[n % 3], "it's": n % 2},
        }
        for n in range(24)
    ]


def _table() -> pa.Table:
    rows = _rows()
    columns = []
    for field in COLUMNS:
        values = [row[field.name] for row in rows]
        if pa.types.is_decimal(field.type):
            columns.append(pa.array(values, pa.string()).cast(field.type))
        elif pa.types.is_float16(field.type):
            columns.append(pa.array(values, pa.float32()).cast(field.type))
        else:
            columns.append(pa.array(values, field.type))
    return pa.table(columns, schema=COLUMNS)


@dataclass(frozen=True)
class World:
    lake: Lake

    def set(self, name: str) -> EntitySet:
        return entity_set(self.lake._container, self.lake._namespace, name)

    def run(self, query: EntityQuery) -> pa.Table:
        return self.lake.sql(query.sql, parameters=query.parameters).arrow()

    def pages(self, name: str, size: int, options: QueryOptions) -> list[tuple[str, ...]]:
        """The texts of all rows; each position passes through JSON, as a link carries it."""
        found = self.set(name)
        rows: list[tuple[str, ...]] = []
        after = None
        while True:
            query = compose(found.type, options, found.version, Page(size, after))
            answer = self.run(query)
            texts = zip(
                *(
                    answer[each.name].cast(pa.string()).to_pylist()
                    for each in query.columns
                    if _flat(answer, each.name)
                ),
                strict=True,
            )
            rows += [tuple(map(str, row)) for row in texts][: query.rows]
            if answer.num_rows <= query.rows:
                return rows
            last = answer.slice(query.rows - 1, 1).to_pylist()[0] if query.rows else {}
            position = query.position_after([last[each] for each in query.position_columns], query.rows)
            carried = json.loads(json.dumps(asdict(position)))
            after = Position(tuple(carried["values"]), tuple(carried["long"]), carried["equal"], carried["rows"])


def _flat(table: pa.Table, name: str) -> bool:
    kind = table.schema.field(name).type
    return not pa.types.is_nested(kind) and not pa.types.is_binary(kind)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home: Path = tmp_path_factory.mktemp("pages")
    with supertable.connect(home=home) as lake:
        table = _table()
        lake.create_table("keyed", COLUMNS, keys=["id"])
        lake.write("keyed", table)
        lake.create_table("plain", COLUMNS)
        lake.write("plain", table)
        lake.write("plain", table.slice(3, 9))
        lake.write("plain", table.slice(3, 2))
        yield World(lake)


ORDERS = (
    *(
        None,
        "name",
        "name desc",
        "x",
        "x desc,name",
        "ns",
        "ns desc",
        "ms desc",
        "seen,flag desc",
        "clock",
        "half desc",
    ),
    *("raw desc", "price", "big desc", "day", "or_der/select desc", "or_der/it_s", "length(name) desc", "flag,name,x"),
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
