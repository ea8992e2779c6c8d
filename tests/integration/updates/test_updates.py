"""UPDATE, with the values that it must leave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable import InvalidInput, InvalidSchema, InvalidStatement, Lake, StatementRefused, SupertableError
from supertable.adapters.locks.memory import InMemoryLocks
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.domain.errors import DuplicateKey, IdempotencyKeyReused
from tests.support.interleaved_store import InterleavedStore

SCHEMA = pa.schema([("id", pa.int64()), ("n", pa.int32()), ("s", pa.string()), ("price", pa.decimal128(8, 2))])
FIRST = [(1, 10, "a", Decimal("1.00")), (2, 20, "b", None), (3, None, None, Decimal("3.50"))]
SECOND = [(4, 40, "d", Decimal("4.00")), (5, 50, "it's", None)]


def table(rows: list[tuple[Any, ...]], schema: pa.Schema = SCHEMA) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


def rows(lake: Lake, name: str = "t", columns: str = "*") -> list[tuple[Any, ...]]:
    found = lake.sql(f"SELECT {columns} FROM {name} ORDER BY ALL").arrow().to_pylist()
    return [tuple(row.values()) for row in found]


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    """`t` has two files, with a dead row in the first; `o` is a source."""
    with supertable.connect(home) as made:
        made.create_table("t", SCHEMA)
        made.write("t", table([*FIRST, (9, 90, "dead", None)]))
        made.write("t", table(SECOND))
        made.delete("t", where="id = 9")
        made.create_table("o", [("k", "int64"), ("v", "string")])
        made.write("o", pa.table({"k": [1, 2, 2, None], "v": ["one", "two", "zwei", "none"]}))
        yield made


VALUES: dict[str, list[tuple[Any, ...]]] = {
    "SET n = n + 1": [(1, 11), (2, 21), (3, None), (4, 41), (5, 51)],
    "SET n = 7 WHERE s = 'it''s' -- the end": [(1, 10), (2, 20), (3, None), (4, 40), (5, 7)],
    "SET n = NULL WHERE n > 15": [(1, 10), (2, None), (3, None), (4, None), (5, None)],
    "SET n = DEFAULT WHERE n IS DISTINCT FROM 20": [(1, None), (2, 20), (3, None), (4, None), (5, None)],
    "SET n = 1, s = NULL WHERE NOT (n < 30)": [(1, 10), (2, 20), (3, None), (4, 1), (5, 1)],
    "AS x SET n = x.n * x.id WHERE x.id IN (2, 4)": [(1, 10), (2, 40), (3, None), (4, 160), (5, 50)],
    "SET id = n, n = id WHERE id < 3": [(3, None), (4, 40), (5, 50), (10, 1), (20, 2)],
    "SET (n, s) = (CASE WHEN id = 1 THEN 0 ELSE n END, 'z')": [(1, 0), (2, 20), (3, None), (4, 40), (5, 50)],
    "SET n = (SELECT max(n) FROM t)": [(1, 50), (2, 50), (3, 50), (4, 50), (5, 50)],
    "SET n = (SELECT count(*) FROM o WHERE o.k = t.id)": [(1, 1), (2, 2), (3, 0), (4, 0), (5, 0)],
    "SET n = length(v) FROM o WHERE k = id AND id = 1": [(1, 3), (2, 20), (3, None), (4, 40), (5, 50)],
    "SET n = 0 FROM (SELECT * FROM o WHERE v = 'two') AS p WHERE k = id": [
        (1, 10),
        (2, 0),
        (3, None),
        (4, 40),
        (5, 50),
    ],
    "SET n = p.n FROM t AS p WHERE p.id = t.id + 1": [(1, 20), (2, None), (3, 40), (4, 50), (5, 50)],
    "SET n = u.n + 1 FROM (FROM t AT (VERSION => 2)) AS u WHERE u.id = 9 AND t.id = 1": [
        (1, 91),
        (2, 20),
        (3, None),
        (4, 40),
        (5, 50),
    ],
    "SET n = '12', price = '1.50' WHERE id = 1": [(1, 12), (2, 20), (3, None), (4, 40), (5, 50)],
    "SET n = u.x FROM unnest([7, 7]) AS u(x) WHERE false": [(1, 10), (2, 20), (3, None), (4, 40), (5, 50)],
    "SET n = 3 WHERE false": [(1, 10), (2, 20), (3, None), (4, 40), (5, 50)],
    "SET n = 3 WHERE NULL": [(1, 10), (2, 20), (3, None), (4, 40), (5, 50)],
    "SET n = '12'::INT + 0.0 WHERE id = 1": [(1, 12), (2, 20), (3, None), (4, 40), (5, 50)],
}


def test_values(lake: Lake) -> None:
    for statement, expected in VALUES.items():
        before = lake.table("t").info().version
        lake.sql(f"UPDATE t {statement}")
        assert rows(lake, columns="id, n") == expected, statement
        assert lake.table("t").info().version == before + 1
        lake.table("t").restore(before)


def test_counts_and_parameters(lake: Lake) -> None:
    result = lake.sql("update T set S = $2, n = $1 where id >= $3;", [1, "é", 3])
    assert result.write is not None
    assert (result.verb, result.write.operation, result.write.version) == ("UPDATE", "update", 5)
    assert (result.write.rows_updated, result.write.rows_inserted, result.write.rows_deleted) == (3, 0, 0)
    assert rows(lake)[2:] == [(3, 1, "é", Decimal("3.50")), (4, 1, "é", Decimal("4.00")), (5, 1, "é", None)]
    lake.sql("UPDATE t SET s = ? || s, n = ? WHERE id = ?", ["<", 2, 1])
    lake.sql("WITH p AS (SELECT $a AS a) UPDATE t SET s = p.a FROM p WHERE id = $b", {"a": "w", "b": 2})
    assert rows(lake)[:2] == [(1, 2, "<a", Decimal("1.00")), (2, 20, "w", None)]


REFUSED: dict[str, tuple[type[SupertableError], str]] = {
    "SET n = 1.5": (InvalidSchema, "Column 'n'"),
    "SET n = 3000000000": (InvalidSchema, "Column 'n'"),
    "SET price = price * 1.111 WHERE id = 1": (InvalidSchema, "Column 'price'"),
    "SET n = '1.5'": (InvalidSchema, "The value is '1.5'"),
    "SET price = 1234567": (InvalidSchema, "Column 'price'"),
    "SET m = 1": (InvalidStatement, "no column 'm'"),
    "SET n = 1, N = 2": (InvalidStatement, "'N' is set twice"),
    "SET n = m": (InvalidStatement, 'no column "m"'),
    "SET n = 1 RETURNING *": (StatementRefused, "RETURNING is not available"),
    "SET n = SELECT 1": (InvalidStatement, "parentheses around its subquery"),
    "SET (n, s) = (SELECT 1, 'x')": (StatementRefused, "UPDATE … FROM"),
    "SET (n, s) = (1)": (InvalidStatement, "2 columns but 1 values"),
    "SET t.n = 1": (StatementRefused, "not 't.n'"),
    "SET n = sum(id)": (StatementRefused, "'sum'"),
    "SET n = t": (StatementRefused, "'t' is a row of the table"),
    "SET n = 1 LIMIT 1": (InvalidStatement, "syntax error"),
    "SET n = 1 WHERE": (InvalidStatement, "WHERE lacks an expression"),
    "SET": (InvalidStatement, "SET takes column = value"),
    "SET n = 1) FROM o WHERE (true": (InvalidStatement, "syntax error"),
    "SET s = v FROM o WHERE k = id": (InvalidInput, "matches several rows"),
    "SET n = 1 FROM o": (InvalidInput, "matches several rows"),
    "SET n = 1; DELETE FROM t": (StatementRefused, "One statement at a time"),
}


def test_refused_statements_change_nothing(lake: Lake) -> None:
    before = rows(lake)
    for statement, (kind, text) in REFUSED.items():
        with pytest.raises(kind) as refused:
            lake.sql(f"UPDATE t {statement}")
        assert text in str(refused.value), statement
        assert "st_" not in str(refused.value), statement
    assert rows(lake) == before
    assert lake.table("t").info().version == 4


def test_values_that_are_null_are_refused_where_they_may_not_be(lake: Lake) -> None:
    lake.delete("t", where="n IS NULL")
    lake.table("t").set_nullable("n", False)
    with pytest.raises(InvalidSchema, match="may not be null"):
        lake.sql("UPDATE t SET n = NULL WHERE id = 1")
    lake.sql("UPDATE t SET s = NULL WHERE id = 1")
    assert rows(lake)[0] == (1, 10, None, Decimal("1.00"))


def test_keys_stay_unique(home: Path) -> None:
    with supertable.connect(home) as lake:
        lake.create_table("k", SCHEMA, keys=["id"], sequence="n")
        lake.write("k", table(FIRST))
        lake.write("k", table(SECOND))
        for sets in ("id = 4 WHERE id = 1", "id = 8 WHERE id > 3", "id = NULL WHERE id < 3"):
            with pytest.raises(DuplicateKey):
                lake.sql(f"UPDATE k SET {sets}")
        lake.sql("UPDATE k SET id = id + 1")
        lake.sql("UPDATE k SET id = CASE id WHEN 2 THEN 3 ELSE 2 END WHERE id IN (2, 3)")
        assert rows(lake, "k", "id, s") == [(2, "b"), (3, "a"), (4, None), (5, "d"), (6, "it's")]
        lake.write("k", table([(2, 21, "newer", None), (3, 9, "older", None)]), "upsert")
        assert rows(lake, "k", "id, s")[:2] == [(2, "newer"), (3, "a")]
        changes = lake.changes("k", 3, 4).arrow().to_pylist()
        assert sorted((change["_change"], change["id"]) for change in changes) == [
            *(("delete", 1), ("insert", 6)),
            *(("update_after", number) for number in (2, 3, 4, 5)),
            *(("update_before", number) for number in (2, 3, 4, 5)),
        ]


def test_a_new_key_cannot_be_that_of_a_row_with_a_newer_sequence(home: Path) -> None:
    with supertable.connect(home) as lake:
        lake.create_table("k", SCHEMA, keys=["id"], sequence="n")
        lake.write("k", table([(1, 10, "old", None), (2, 99, "new", None)]))
        with pytest.raises(DuplicateKey):
            lake.sql("UPDATE k SET id = 2 WHERE id = 1")
        assert rows(lake, "k", "id, s") == [(1, "old"), (2, "new")]


def test_columns_that_are_not_set_keep_every_value(home: Path) -> None:
    """Values that engines change easily. The file format and Arrow are read without SuperTable's engine."""
    nan, zone = float("nan"), dt.UTC
    columns = {
        "f": pa.array([nan, -0.0, float("-inf")], pa.float64()),
        "half": pa.array([0.5, None, 65504.0], pa.float16()),
        "halves": pa.array([[0.5], None, [None, 65504.0]], pa.list_(pa.float16())),
        "half_row": pa.array([{"h": 0.5}, None, {"h": None}], pa.struct([("h", pa.float16())])),
        "u": pa.array([2**64 - 1, 0, None], pa.uint64()),
        "t": pa.array([dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999), None], pa.timestamp("us")),
        "ns": pa.array([1, -1, None], pa.timestamp("ns")),
        "ms": pa.array([1, -1, None], pa.timestamp("ms")),
        "z": pa.array([dt.datetime(1900, 1, 1, tzinfo=zone), None, None], pa.timestamp("us", "UTC")),
        "b": pa.array([b"\x00\xff", b"", None], pa.binary()),
        "d": pa.array([Decimal("-9999999999999999999999999999999999.9999"), None, Decimal(0)], pa.decimal128(38, 4)),
        "l": pa.array([[1, None], [], None], pa.list_(pa.int64())),
        "r": pa.array(
            [{"x": None, "y": "q"}, None, {"x": 1, "y": None}], pa.struct([("x", pa.int8()), ("y", pa.string())])
        ),
        "m": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int64())),
        "row": pa.array(["a", "b", None]),
        "action": pa.array([1, 2, 3], pa.int64()),
        "value_0": pa.array(["", "\U0010ffff", None]),
        "file_row_number": pa.array([7, 8, 9], pa.int64()),
    }
    with supertable.connect(home) as lake:
        lake.create_table("w", pa.schema([("id", pa.int64()), *((name, each.type) for name, each in columns.items())]))
        lake.write("w", pa.table({"id": [1, 2, 3], **columns}))
        before = lake.sql("SELECT * EXCLUDE (id) FROM w ORDER BY id").arrow()
        lake.sql("UPDATE w SET id = id + 10 WHERE id <> 2")
        after = lake.sql("SELECT * EXCLUDE (id) FROM w ORDER BY id % 10").arrow()
        for name in columns:
            assert repr(after[name].to_pylist()) == repr(before[name].to_pylist()), name
        sets = ", ".join(f"{name} = {name}" for name in columns)
        lake.sql(f"UPDATE w SET {sets}")
        again = lake.sql("SELECT * EXCLUDE (id) FROM w ORDER BY id % 10").arrow()
        for name in columns:
            assert repr(again[name].to_pylist()) == repr(before[name].to_pylist()), name


def test_renamed_dropped_and_added_columns(lake: Lake) -> None:
    changed = lake.table("t")
    changed.rename_column("s", "text")
    changed.drop_column("price")
    changed.add_column("price", pa.float64())
    lake.sql("UPDATE t SET price = id / 4, text = text || '!' WHERE id IN (1, 4)")
    assert rows(lake) == [
        (1, 10, "a!", 0.25),
        (2, 20, "b", None),
        (3, None, None, None),
        (4, 40, "d!", 1.0),
        (5, 50, "it's", None),
    ]


def test_clones_share_files_and_not_updates(lake: Lake) -> None:
    before = rows(lake)
    lake.clone("t", "c")
    lake.sql("UPDATE c SET n = 0 WHERE id IN (1, 5)")
    lake.sql("UPDATE c SET s = 'again' WHERE id = 1")
    assert rows(lake) == before
    assert rows(lake, "c", "id, n, s") == [(1, 0, "again"), (2, 20, "b"), (3, None, None), (4, 40, "d"), (5, 0, "it's")]


def test_an_idempotency_key_belongs_to_the_statement(lake: Lake) -> None:
    for replayed in (False, True):
        done = lake.sql("UPDATE t SET n = n + 1", idempotency_key="once").write
        assert done is not None
        assert (done.version, done.rows_updated, done.replayed) == (5, 5, replayed)
    assert rows(lake)[0][1] == 11
    with pytest.raises(IdempotencyKeyReused):
        lake.sql("UPDATE t SET n = n + 2", idempotency_key="once")


def _append(lake: Lake) -> None:
    lake.write("t", table([(6, 60, "new", None)]))


def _delete(lake: Lake) -> None:
    lake.delete("t", where="id = 1")


def _update(lake: Lake) -> None:
    lake.sql("UPDATE t SET n = 100 WHERE id = 1")


def _compact(lake: Lake) -> None:
    lake.table("t").compact()


def _restore(lake: Lake) -> None:
    lake.table("t").restore(2)


CONFLICTS: list[tuple[Callable[[Lake], None], list[tuple[int, int | None]]]] = [
    (_append, [(1, 11), (2, 21), (3, None), (4, 41), (5, 51), (6, 61)]),
    (_delete, [(2, 21), (3, None), (4, 41), (5, 51)]),
    (_update, [(1, 101), (2, 21), (3, None), (4, 41), (5, 51)]),
    (_compact, [(1, 11), (2, 21), (3, None), (4, 41), (5, 51)]),
    (_restore, [(1, 11), (2, 21), (3, None), (9, 91)]),
]


@pytest.mark.parametrize(("act", "expected"), CONFLICTS, ids=[act.__name__ for act, _ in CONFLICTS])
def test_no_update_is_lost(
    lake: Lake, home: Path, act: Callable[[Lake], None], expected: list[tuple[int, int | None]]
) -> None:
    """Another writer commits between the query of the UPDATE and its commit."""
    store = InterleavedStore(
        LocalObjectStore(home / "storage"), lambda call: call.startswith("put_if_absent"), lambda: act(other)
    )
    with supertable.connect(home) as other, supertable.connect(home) as writer:
        other._container.locks.override(providers.Object(InMemoryLocks()))
        writer._container.store.override(providers.Object(store))
        done = writer.sql("UPDATE t SET n = n + 1").write
    assert store.acted
    assert done is not None
    assert done.rows_updated == len(expected)
    assert rows(lake, columns="id, n") == expected


def test_concurrent_updates_add_up(lake: Lake, home: Path) -> None:
    """Writers without a common lock, so that they lose races: to each other, and to one that appends."""

    def run(number: int) -> None:
        with supertable.connect(home) as writer:
            writer._container.locks.override(providers.Object(InMemoryLocks()))
            for turn in range(5):
                if number == 0:
                    writer.write("t", table([(100 + turn, 0, None, None)]))
                else:
                    writer.sql("UPDATE t SET n = n + 1 WHERE id <> 3")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, range(3)))
    found = dict(rows(lake, columns="id, n"))
    assert [found[number] for number in (1, 2, 4, 5)] == [20, 30, 50, 60]
    assert found[3] is None
    assert all(0 <= (found[number] or 0) <= 10 for number in range(100, 105))
    assert lake.sql("SELECT count(*) FROM t").fetchone() == (10,)
