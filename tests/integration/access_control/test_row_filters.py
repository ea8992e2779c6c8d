"""Row filters in a lake: which rows are visible, while tables, rules and callers change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from supertable.application.ports.engines.sources import Union
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import owner
from supertable.domain.errors import AccessDenied, InvalidInput
from supertable.domain.scan.scan_plan import Scan
from supertable.entrypoints.sdk.lakes.lake import Lake

ORDERS = pa.table(
    {
        "id": pa.array([1, 2, 3, 4], pa.int32()),
        "region": ["EU", "US", None, "eu"],
        "owner": ["ann", "bob", "ann", None],
        "secret": [True, False, None, False],
    }
)


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    lake = Lake(Container(settings=load_settings(home=home)), "main", owner("default"))
    lake.create_table_from("orders", ORDERS)
    lake.roles.create("analyst", "reader")
    yield lake
    lake.close()


def granted(lake: Lake, where: str, **attributes: str) -> Lake:
    """The lake as a user of the role sees it, with that rule."""
    lake.roles.grant("analyst", "orders", where=where)
    lake.users.create("Ann", "analyst", attributes=attributes)
    secret = lake.tokens.create("own", "Ann").secret
    return Lake(lake._container, "main", lake._container.sign_in()(lake.organization, secret, None))


def ids(lake: Lake, sql: str = "SELECT id FROM orders") -> list[Any]:
    return sorted(lake.sql(sql).arrow()["id"].to_pylist())


@pytest.mark.parametrize(
    ("where", "visible"),
    [
        ("true", [1, 2, 3, 4]),
        ("false", []),
        ("region = 'EU'", [1]),
        ("region <> 'EU'", [2, 4]),
        ("NOT region = 'EU'", [2, 4]),
        ("region NOT IN ('EU')", [2, 4]),
        ("region IS NULL", [3]),
        ("region ILIKE 'e%'", [1, 4]),
        ("upper(region) = user_attribute('region')", [1, 4]),
        ("id = user_attribute('number')", [2]),
        ("id > user_attribute('number')", [3, 4]),
        ("id = user_attribute('region')", []),
        ("NOT id = user_attribute('region')", []),
        ("id = user_attribute('nothing')", []),
        ("user_attribute('nothing') IS NULL AND id < 3", [1, 2]),
        ("current_role = 'analyst' AND secret", [1]),
        ("current_role = 'other'", []),
        ("owner = current_user", []),
        ("lower(user_attribute('name')) = owner", [1, 3]),
        ("NOT secret", [2, 4]),
        ("id BETWEEN 2 AND 3 OR owner IS NULL", [2, 3, 4]),
    ],
)
def test_only_matching_rows_are_visible(lake: Lake, where: str, visible: list[int]) -> None:
    ann = granted(lake, where, region="EU", number="2", name="ANN")
    assert ids(ann) == visible
    assert ann.sql("SELECT count(*) AS n FROM orders").arrow()["n"].to_pylist() == [len(visible)]
    assert ids(ann, "SELECT id FROM main") == visible
    assert ids(ann, "SELECT id FROM table_changes('orders', 0, 2)") == visible
    assert ids(lake) == [1, 2, 3, 4]


def test_a_union_has_its_columns_in_the_order_in_which_they_come(lake: Lake) -> None:
    lake.write("zoo", pa.table({"last": [1], "id": [2]}))
    columns = list(lake.sql("SELECT * FROM main").schema.names)
    assert columns == ["_table", *lake.table("orders").schema.names, "last"]
    ann = granted(lake, "id = 1")
    lake.roles.grant("analyst", "zoo", where="id = 2")
    assert list(ann.sql("SELECT * FROM main").schema.names) == columns


def test_current_user_is_the_hash(lake: Lake) -> None:
    ann = granted(lake, "owner = current_user")
    mine = lake.users.get("Ann").hash
    lake.write("orders", pa.table({"id": pa.array([5], pa.int32()), "owner": [mine]}))
    assert ids(ann) == [5]
    lake.users.alter("Ann", name="Anna")
    assert ids(ann) == [5]


def test_changed_attributes_take_effect_at_once(lake: Lake) -> None:
    ann = granted(lake, "region = user_attribute('region')", region="EU")
    assert ids(ann) == [1]
    lake.users.alter("Ann", attributes={"region": "US"})
    assert ids(ann) == [2]
    lake.users.alter("Ann", attributes={"region": "x' OR true --"})
    assert ids(ann) == []
    lake.users.alter("Ann", attributes={})
    assert ids(ann) == []


def test_filters_follow_renamed_and_widened_columns(lake: Lake) -> None:
    ann = granted(lake, "id <= 2 AND region IS NOT NULL")
    orders = lake.table("orders")
    orders.rename_column("region", "land")
    orders.rename_column("owner", "region")
    orders.widen_column("id", pa.int64())
    lake.write("orders", pa.table({"id": pa.array([-(2**40), 2**40], pa.int64()), "land": ["EU", "EU"]}))
    assert ids(ann) == [-(2**40), 1, 2]
    (rule,) = lake.roles.get("analyst").rules
    assert rule.where == '("id" <= 2) AND (NOT ("land" IS NULL))'
    assert ids(ann, "SELECT id FROM orders AT (VERSION => 2)") == [1, 2]


def test_a_dropped_column_closes_the_table_until_the_rule_is_replaced(lake: Lake) -> None:
    ann = granted(lake, "region = 'EU' OR id = 2")
    lake.table("orders").drop_column("region")
    lake.table("orders").add_column("region", pa.string())
    for sql in ("SELECT id FROM orders", "SELECT count(*) AS id FROM orders", "SELECT id FROM main"):
        with pytest.raises(AccessDenied, match="a column is missing there"):
            ids(ann, sql)
    with pytest.raises(AccessDenied):
        ids(ann, "SELECT id FROM table_changes('orders', 0, 4)")
    (rule,) = lake.roles.get("analyst").rules
    assert rule.closed == "A column of the row filter does not exist any more."
    assert ids(ann, "SELECT id FROM orders AT (VERSION => 2)") == [1, 2]
    lake.roles.grant("analyst", "orders", where="id = 2")
    assert ids(ann) == [2]


def test_versions_without_the_column_are_closed(lake: Lake) -> None:
    lake.table("orders").add_column("since", pa.date32())
    ann = granted(lake, "since IS NULL")
    assert ids(ann) == [1, 2, 3, 4]
    with pytest.raises(AccessDenied, match="at version 2: a column is missing"):
        ids(ann, "SELECT id FROM orders AT (VERSION => 2)")


def test_versions_whose_types_cannot_hold_the_constants_are_closed(lake: Lake) -> None:
    lake.table("orders").widen_column("id", pa.int64())
    ann = granted(lake, "id < 3000000000")
    assert ids(ann) == [1, 2, 3, 4]
    with pytest.raises(AccessDenied, match="or has another type"):
        ids(ann, "SELECT id FROM orders AT (VERSION => 2)")
    lake.table("orders").restore(2)
    with pytest.raises(AccessDenied):
        ids(ann)


def test_files_without_visible_rows_are_not_read(lake: Lake) -> None:
    for first in range(10, 50, 10):
        numbers = pa.array(range(first, first + 10), pa.int32())
        lake.write("orders", pa.table({"id": numbers, "region": [f"r{first}"] * 10}))
    ann = granted(lake, "region = user_attribute('region')", region="r20")

    session = lake._container.sign_in()("default", lake.tokens.create("other", "Ann").secret, None)

    def files(sql: str) -> int:
        prepared = lake._container.run_query().prepare(Namespace("default", "main", session), sql)
        prepared.lease.close()
        (source,) = prepared.sources.values()
        assert isinstance(source, Scan | Union)
        scans = [source] if isinstance(source, Scan) else source.scans
        return sum(len(scan.files) for scan in scans)

    assert files("SELECT * FROM orders") == 1
    assert files("SELECT * FROM orders WHERE id = 45") == 0
    assert files("SELECT * FROM main") == 1
    assert ids(ann) == list(range(20, 30))


def test_a_refused_filter_changes_nothing(lake: Lake) -> None:
    ann = granted(lake, "id = 1")
    for where in ("id = 'x'", "nothing = 1", "id = 1) OR (1 = 1", "length(region) = 2", ""):
        with pytest.raises(InvalidInput):
            lake.roles.grant("analyst", "orders", where=where)
    assert ids(ann) == [1]
