"""What SQL lists: information_schema, SHOW, DESCRIBE, SUMMARIZE, versions, plans; and PIVOT over what is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from supertable.domain.errors import AccessDenied, NotFound, StatementRefused, SupertableError, TableNotFound
from tests.support.audit_events import events

ORDERS = pa.table(
    {
        "id": pa.array([1, 2, 3, 4], pa.int64()),
        "region": ["north", "south", "north", "zz hidden"],
        "price": pa.array([1.5, 2.5, 3.5, 99.0], pa.float64()),
        "secret": ["a", "b", "c", "d"],
    }
)


class Lakes:
    """One lake, as its owner and as a reader of three rows and three columns of one table."""

    def __init__(self, home: Path) -> None:
        self.owner = supertable.connect(home=home)
        columns = pa.schema(
            [
                pa.field("id", pa.int64(), nullable=False),
                pa.field("region", pa.string()),
                pa.field("price", pa.float64()),
                pa.field("secret", pa.string()),
            ]
        )
        self.owner.create_table("orders", columns, keys=["id"], comment="what customers bought")
        self.owner.write("orders", ORDERS)
        self.owner.create_table_from("hidden", pa.table({"k": [1], "amount": pa.array([1], pa.decimal128(9, 2))}))
        self.owner.roles.create("clerk", "reader")
        self.owner.roles.grant("clerk", "orders", columns=["id", "region", "price"], where="price < 9.")
        self.clerk = supertable.connect(home=home, role="clerk")

    def close(self) -> None:
        self.owner.close()
        self.clerk.close()


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lakes]:
    made = Lakes(tmp_path_factory.mktemp("listings"))
    yield made
    made.close()


def rows(lake: Lake, sql: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in lake.sql(sql, parameters).arrow().to_pylist()]


CLERK = [
    ("show tables", [("orders",)]),
    ("show tables from main", [("orders",)]),
    ("show schemas", [("default", "main", True)]),
    ("show databases", [("default",)]),
    (
        "show all tables",
        [("default", "main", "orders", ["id", "region", "price"], ["int64", "string", "float64"], False)],
    ),
    ("select table_name, table_type, is_insertable_into, table_comment from information_schema.tables",
     [("orders", "BASE TABLE", "NO", "what customers bought")]),
    ("select column_name, ordinal_position, is_nullable, data_type from information_schema.columns",
     [("id", 1, "NO", "int64"), ("region", 2, "YES", "string"), ("price", 3, "YES", "float64")]),
    ("select schema_name from information_schema.schemata", [("main",)]),
    ("select table_name from information_schema.views", []),
    ("select table_name, constraint_type from information_schema.table_constraints", [("orders", "PRIMARY KEY")]),
    ("select column_name from INFORMATION_SCHEMA.Key_Column_Usage", [("id",)]),
    ('select count(*) from "default".information_schema.tables', [(1,)]),
    ("with c as (from information_schema.columns) select count(*) from c a join c b using (column_name)", [(3,)]),
    ("select c.column_name, sum(o.price) from information_schema.columns c, orders o group by all order by 1",
     [("id", 7.5), ("price", 7.5), ("region", 7.5)]),
    ("show versions from orders", None),
    ("select version, operation, rows_inserted from table_versions('orders')",
     [(2, "append", None), (1, "create", None)]),
    ("select version from table_versions('main.orders', 1)", [(2,)]),
    ("select version from table_versions('orders', 0, 1)", [(1,)]),
    ("select column_name, column_type from (describe orders)",
     [("id", "BIGINT"), ("region", "VARCHAR"), ("price", "DOUBLE")]),
    ("select column_name, column_type from (describe select price * 2, upper(region) as r from orders)",
     [("(price * 2)", "DOUBLE"), ("r", "VARCHAR")]),
    ("select column_name, min, max, count from (summarize orders)",
     [("id", "1", "3", 3), ("region", "north", "south", 3), ("price", "1.5", "3.5", 3)]),
    ("select column_name, max from (summarize select price + 1 as p from orders)", [("p", "4.5")]),
    ("pivot orders on region using sum(price) group by id order by id",
     [(1, 1.5, None), (2, None, 2.5), (3, 3.5, None)]),
    ("with o as (select id % 2 as odd, region, price from orders) pivot o on region using max(price) order by odd",
     [(0, None, 2.5), (1, 3.5, None)]),
    ("from (pivot (select region from orders) on region using count(*)) select *", [(2, 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), CLERK, ids=[sql for sql, _ in CLERK])
def test_a_role_finds_what_it_sees_and_nothing_else(
    sql: str, expected: list[tuple[Any, ...]] | None, lakes: Lakes
) -> None:
    found = rows(lakes.clerk, sql)
    assert expected is None or found == expected
    assert "hidden" not in str(found)
    assert "secret" not in str(found)


def test_the_owner_finds_everything(lakes: Lakes) -> None:
    assert rows(lakes.owner, "show tables") == [("hidden",), ("orders",)]
    columns = rows(
        lakes.owner,
        "select column_name, data_type, numeric_precision, numeric_scale from information_schema.columns "
        "where table_name = 'hidden'",
    )
    assert columns == [("k", "int64", 19, 0), ("amount", "decimal(9,2)", 9, 2)]
    assert rows(lakes.owner, "select rows_inserted from table_versions('orders') where version = 2") == [(4,)]
    assert lakes.owner.sql(
        "pivot (select region, price from orders) on region using sum(price)"
    ).arrow().schema.names == [
        "north",
        "south",
        "zz hidden",
    ]


NAMES = [
    ("pivot (select region, price from orders) on region using sum(price) as s, count(*) as n",
     ["north_s", "north_n", "south_s", "south_n"]),
    ("pivot (select id, region, price from orders) on region, id % 2 using max(price)",
     ["north_0", "north_1", "south_0", "south_1"]),
    ("pivot (pivot orders on region using sum(price) group by id) on id using first(north)",
     ["south", "1", "2", "3"]),
    ("pivot (select id, region || '!' as r from orders) on r", ["id", "north!", "south!"]),
    ("pivot (select id, region, price from orders) on region || '?', id in (1, 2) using max(price)",
     ["north?_1", "north?_2", "south?_1", "south?_2"]),
    ("pivot orders a join (select id as i, price p from orders) b on a.id = i on region using max(p) group by id",
     ["id", "north", "south"]),
    ("from (pivot orders on id using max(price) group by region), (pivot orders on region using max(price))",
     ["region", "1", "2", "3", "id", "north", "south"]),
    ("pivot (from orders where false) on region using count(*) group by id", ["id"]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "names"), NAMES, ids=[sql for sql, _ in NAMES])
def test_pivots_find_their_values_among_the_rows_that_are_seen(sql: str, names: list[str], lakes: Lakes) -> None:
    assert lakes.clerk.sql(sql).arrow().schema.names == names


def test_a_pivot_reads_its_values_and_its_rows_in_one_version(lakes: Lakes) -> None:
    lake = lakes.owner
    lake.create_table_from("days", pa.table({"day": ["mon"], "n": [1]}))
    result = lake.sql("pivot days on day using sum(n)")
    lake.write("days", pa.table({"day": ["tue"], "n": [2]}))
    assert result.arrow().to_pylist() == [{"mon": 1}]
    old = lake.sql("pivot days at (version => 2) on day using sum(n)").arrow()
    assert old.schema.names == ["mon"]
    assert lake.sql("pivot days on day using sum(n)").arrow().to_pylist() == [{"mon": 1, "tue": 2}]
    lake.drop("days")


REFUSED = [
    ("show versions from hidden", TableNotFound),
    ("describe hidden", TableNotFound),
    ("summarize select * from hidden", TableNotFound),
    ("pivot hidden on k using count(*)", TableNotFound),
    ("pivot orders on secret using count(*)", SupertableError),
    ("show tables from elsewhere", NotFound),
    ("from other.information_schema.tables", TableNotFound),
    ("from information_schema.nothing", TableNotFound),
    ("from information_schema.tables at (version => 1)", StatementRefused),
    ("from pg_catalog.pg_tables", TableNotFound),
    ("explain select * from orders", AccessDenied),
    ("explain analyze select * from orders", AccessDenied),
    ("explain analyze select 1", AccessDenied),
    ("explain analyze select * from hidden", SupertableError),
    ("select pg_catalog.sum(price) from orders", StatementRefused),
]


@pytest.mark.parametrize(("sql", "error"), REFUSED, ids=[sql for sql, _ in REFUSED])
def test_a_role_learns_nothing_hidden_from_refusals(sql: str, error: type[Exception], lakes: Lakes) -> None:
    with pytest.raises(error) as caught:
        lakes.clerk.sql(sql).arrow()
    assert "amount" not in str(caught.value)
    assert "zz" not in str(caught.value)


def test_explain_analyze_shows_rows_and_times_to_the_owner(lakes: Lakes) -> None:
    lines = [row[0] for row in rows(lakes.owner, "explain analyze select region from orders where price > 2")]
    (scan,) = [line for line in lines if "SCAN orders version 2: 1 of 1 files" in line]
    assert " 4 rows in " in scan
    assert any("FILTER where (price > 2.0) 3 rows in " in line for line in lines)
    assert not any(word in line for line in lines for word in ("parquet", "st_", "/", "default"))
    assert rows(lakes.owner, "explain analyze pivot orders on region using sum(price)")


def test_queries_of_listings_are_audited_as_others(lakes: Lakes) -> None:
    rows(lakes.owner, "select count(*) from information_schema.tables where table_name <> 'x'")
    event = next(event for event in reversed(events(lakes.owner)) if "FROM tables AS" in event["statement"])
    assert (event["kind"], event["outcome"], event["rows"]) == ("query", "ok", 1)
    assert "'x'" not in event["statement"]
