"""Changes between two versions of a table."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from supertable.domain.errors import (
    IncompatibleSchema,
    InvalidInput,
    InvalidName,
    StatementRefused,
    TableNotFound,
    VersionNotFound,
)
from supertable.entrypoints.sdk.lakes.lake import Lake

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string())])
Rows = list[tuple[Any, ...]]


def table(*rows: tuple[int, str]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)] if rows else [[], []], schema=SCHEMA)


@pytest.fixture
def keyed(lake: Lake) -> Lake:
    lake.create_table("t", SCHEMA, keys=["id"])
    lake.write("t", table((1, "a"), (2, "b"), (3, "c")))
    lake.write("t", table((2, "B"), (4, "d")), mode="upsert")
    lake.delete("t", where="id = 1")
    return lake


def changes(lake: Lake, after: int, up_to: int | None = None) -> Rows:
    found = lake.changes("t", after, up_to).arrow().to_pylist()
    return sorted(tuple(row.values()) for row in found)


def test_inserts_updates_and_deletes_by_version(keyed: Lake) -> None:
    assert changes(keyed, 1, 2) == [("insert", 2, 1, "a"), ("insert", 2, 2, "b"), ("insert", 2, 3, "c")]
    assert changes(keyed, 2, 3) == [
        ("insert", 3, 4, "d"),
        ("update_after", 3, 2, "B"),
        ("update_before", 3, 2, "b"),
    ]
    assert changes(keyed, 3) == [("delete", 4, 1, "a")]
    assert len(changes(keyed, 0)) == len(changes(keyed, 1)) == 7
    assert changes(keyed, 4) == []


def test_in_sql_with_joins_filters_and_aliases(keyed: Lake) -> None:
    sql = """
        SELECT c._version, count(*) AS n FROM table_changes('main.t', 1, 4) AS c
        JOIN t ON t.id = c.id WHERE c._change LIKE 'update%' GROUP BY ALL
    """
    assert keyed.sql(sql).arrow().to_pylist() == [{"_version": 3, "n": 2}]
    assert keyed.sql("SELECT table_changes.id FROM table_changes('T', 3)").arrow().to_pylist() == [{"id": 1}]
    assert "SCAN t" in str(keyed.sql("EXPLAIN FROM table_changes('t', 0)").arrow().to_pylist())


def test_overwrite_and_restore(keyed: Lake) -> None:
    keyed.write("t", table((3, "C"), (9, "z")), mode="overwrite")
    assert changes(keyed, 4, 5) == [
        ("delete", 5, 2, "B"),
        ("delete", 5, 4, "d"),
        ("insert", 5, 9, "z"),
        ("update_after", 5, 3, "C"),
        ("update_before", 5, 3, "c"),
    ]
    keyed.table("t").restore(3)
    keyed.table("t").restore(4)
    assert changes(keyed, 6, 7) == [("delete", 7, 1, "a")]
    keyed.table("t").restore(3)
    assert changes(keyed, 7, 8) == [("insert", 8, 1, "a")]


def test_a_table_without_keys_reports_inserts_and_deletes(lake: Lake) -> None:
    lake.create_table("t", SCHEMA)
    lake.write("t", table((1, "a"), (1, "a")))
    lake.delete("t", where="true")
    assert changes(lake, 1) == [("delete", 3, 1, "a")] * 2 + [("insert", 2, 1, "a")] * 2


def test_columns_are_those_of_the_last_version(keyed: Lake) -> None:
    keyed.table("t").rename_column("v", "title")
    keyed.table("t").add_column("n", pa.int32())
    assert keyed.changes("t", 3).arrow().to_pylist() == [
        {"_change": "delete", "_version": 4, "id": 1, "title": "a", "n": None}
    ]
    assert keyed.changes("t", 3, 4).arrow().column_names == ["_change", "_version", "id", "v"]


def test_changes_applied_to_the_old_version_give_the_new_one(lake: Lake) -> None:
    random = np.random.default_rng(3)
    lake.create_table("t", SCHEMA, keys=["id"])
    for turn in range(25):
        ids = random.integers(0, 40, 15)
        match turn % 5:
            case 3:
                lake.delete("t", keys=pa.table({"id": ids[:5]}))
            case 4 if turn > 10:
                lake.table("t").restore(int(random.integers(1, turn)))
            case _:
                lake.write("t", pa.table([ids, [f"{turn}"] * 15], schema=SCHEMA), mode="upsert")
    newest = lake.table("t").info().version
    for after, up_to in ((1, newest), (5, 12), (12, 20), (newest - 1, newest)):
        state = Counter(rows_at(lake, after))
        for change, _, *row in sorted(changes(lake, after, up_to), key=lambda row: row[1]):
            state[tuple(row)] += 1 if change in ("insert", "update_after") else -1
        assert +state == Counter(rows_at(lake, up_to))
        assert min(state.values(), default=0) >= 0


def rows_at(lake: Lake, version: int) -> Rows:
    return [tuple(row.values()) for row in lake.sql(f"FROM t AT (VERSION => {version})").arrow().to_pylist()]


@pytest.mark.parametrize(
    "call", ["'t'", "'t', -1", "'t', 'x'", "t, 1", "'t', 1, 2, 3", "'t', 1 + 1", "'t', NULL", "1, 1", "'t', true"]
)
def test_other_arguments_are_refused(keyed: Lake, call: str) -> None:
    with pytest.raises(StatementRefused, match="table_changes takes"):
        keyed.sql(f"FROM table_changes({call})")


@pytest.mark.parametrize(("after", "up_to"), [(9, None), (1, 99), (3, 2)])
def test_missing_versions_are_refused(keyed: Lake, after: int, up_to: int | None) -> None:
    with pytest.raises(VersionNotFound):
        keyed.changes("t", after, up_to)


def test_names_are_checked(keyed: Lake) -> None:
    with pytest.raises(TableNotFound):
        keyed.changes("nope", 1)
    with pytest.raises(InvalidName):
        keyed.changes("t') --", 1)
    with pytest.raises(StatementRefused):
        keyed.sql("FROM table_changes('main', 1)")
    with pytest.raises(StatementRefused):
        keyed.sql("FROM table_changes('/etc/passwd', 1)")


WIDENED = [
    (pa.int32(), pa.int64(), 1, 2**40),
    (pa.uint8(), pa.uint64(), 1, 2**64 - 1),
    (pa.decimal128(10, 2), pa.decimal128(20, 4), Decimal("1.25"), Decimal("1.2345")),
    (pa.float32(), pa.float64(), 0.5, 0.1),
    (pa.timestamp("ms"), pa.timestamp("us"), dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, 0, 0, 0, 1)),
    (pa.date32(), pa.timestamp("us"), dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, 0, 0, 0, 1)),
    (pa.time32("ms"), pa.time64("us"), dt.time(1), dt.time(1, 0, 0, 1)),
    (pa.list_(pa.int8()), pa.list_(pa.int64()), [1], [2**40, None]),
    (pa.struct([("x", pa.int8())]), pa.struct([("x", pa.int16())]), {"x": 1}, {"x": 300}),
    (pa.map_(pa.string(), pa.int8()), pa.map_(pa.string(), pa.int16()), [("k", 1)], [("k", 300)]),
]


@pytest.mark.parametrize(("narrow", "wide", "first", "exact"), WIDENED, ids=str)
def test_changes_across_a_restore_that_undoes_a_widening_are_exact(
    lake: Lake, narrow: pa.DataType, wide: pa.DataType, first: Any, exact: Any
) -> None:
    lake.create_table("w", pa.schema([("v", narrow)]))
    lake.write("w", pa.table({"v": pa.array([first], narrow)}))
    lake.write("w", pa.table({"v": pa.array([exact], wide)}), evolve=True)
    lake.table("w").restore(2)
    start = dt.datetime.combine(first, dt.time()) if type(first) is dt.date else first
    assert lake.sql("SELECT v FROM w").arrow()["v"].to_pylist() == [first]
    assert [list(row.values()) for row in lake.changes("w", 0).arrow().to_pylist()] == [
        ["insert", 2, start],
        ["insert", 3, exact],
        ["delete", 4, exact],
    ]
    assert [list(row.values()) for row in lake.changes("w", 0, 2).arrow().to_pylist()] == [["insert", 2, first]]
    assert lake.changes("w", 4).arrow().num_rows == 0


def test_changes_that_no_type_holds(lake: Lake) -> None:
    lake.create_table("w", pa.schema([("v", pa.uint8())]))
    lake.write("w", pa.table({"v": pa.array([2**64 - 1], pa.uint64())}), evolve=True)
    lake.table("w").restore(1)
    lake.write("w", pa.table({"v": pa.array([-1], pa.int64())}), evolve=True)
    with pytest.raises(IncompatibleSchema, match="AT \\(VERSION"):
        lake.changes("w", 0)
    assert [list(row.values()) for row in lake.changes("w", 0, 2).arrow().to_pylist()] == [["insert", 2, 2**64 - 1]]
    assert [list(row.values()) for row in lake.changes("w", 3).arrow().to_pylist()] == [["insert", 4, -1]]


def test_changes_with_values_that_nanoseconds_do_not_hold(lake: Lake) -> None:
    far, near = dt.datetime(3000, 1, 1), dt.datetime(2024, 1, 1)
    lake.create_table("w", pa.schema([("v", pa.timestamp("us"))]))
    lake.write("w", pa.table({"v": pa.array([far], pa.timestamp("us"))}))
    lake.write("w", pa.table({"v": pa.array([near], pa.timestamp("us"))}), mode="overwrite")
    lake.table("w").widen_column("v", pa.timestamp("ns"))
    with pytest.raises(InvalidInput, match=r"nanoseconds cannot hold.*AT \(VERSION"):
        lake.changes("w", 1)

    def rows(after: int, up_to: int | None = None) -> Rows:
        return sorted(tuple(row.values()) for row in lake.changes("w", after, up_to).arrow().to_pylist())

    assert rows(1, 3) == [("delete", 3, far), ("insert", 2, far), ("insert", 3, near)]
    assert rows(3) == []
    lake.table("w").restore(2)
    assert rows(3) == [("delete", 5, near), ("insert", 5, far)]
