"""Small commits: their rows and dead rows ride in the commit record, without another object."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from operator import eq, gt, le
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.entrypoints.sdk.lakes.lake import Lake

SCHEMA = pa.schema([("k", pa.int64()), ("v", pa.string())])


def table(*rows: tuple[int, str]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=SCHEMA)


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        yield lake


def rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    found = lake.sql(sql).arrow()
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def objects(lake: Lake) -> set[str]:
    """The names of the stored objects of all tables, with their folder: log, data, deletes or checkpoints."""
    storage = Path(lake.settings.home) / "storage"
    tables = storage / "default" / "main" / "tables"
    return {"/".join(path.parts[-2:]) for path in tables.rglob("*") if path.is_file()}


def kinds(lake: Lake) -> set[str]:
    return {name.split("/")[0] for name in objects(lake)}


def test_a_small_write_of_each_kind_is_one_object(lake: Lake) -> None:
    lake.create_table("t", SCHEMA, keys=["k"])
    lake.write("t", table(*((n, "first") for n in range(80))))
    writes: list[Callable[[], object]] = [
        lambda: lake.write("t", table((100, "appended")), mode="append"),
        lambda: lake.write("t", table((3, "upserted"), (4, "upserted")), mode="upsert"),
        lambda: lake.write("t", pa.table({"k": [5]}), mode="upsert"),
        lambda: lake.delete("t", where="k = 7"),
        lambda: lake.delete("t", keys=pa.table({"k": [8, 3]})),
        lambda: lake.sql("UPDATE t SET v = 'updated' WHERE k = 9"),
        lambda: lake.sql("INSERT INTO t VALUES (9, 'left out'), (200, 'inserted') ON CONFLICT DO NOTHING"),
        lambda: lake.sql("DELETE FROM t WHERE k = 10"),
        lambda: lake.sql(
            "MERGE INTO t USING (VALUES (11, 'x'), (300, 'y')) s(k, v) ON t.k = s.k "
            "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.v)"
        ),
        lambda: lake.write("t", table((12, "replaced")), mode="overwrite", where="k = 12"),
    ]
    for number, write in enumerate(writes):
        before = objects(lake)
        write()
        assert objects(lake) - before == {f"log/{number + 3:020d}"}
    expected = dict.fromkeys(range(80), "first") | {100: "appended", 4: "upserted", 9: "updated", 200: "inserted"}
    expected |= {300: "y", 12: "replaced"}
    for gone in (3, 7, 8, 10, 11):
        del expected[gone]
    assert rows(lake, "FROM t ORDER BY k") == sorted(expected.items())
    assert rows(lake, "SELECT count(*), min(v), max(v) FROM t") == [(78, "appended", "y")]
    assert rows(lake, "SELECT v FROM t WHERE k = 4") == [("upserted",)]
    assert lake.fsck().sound


@pytest.mark.parametrize(
    ("setting", "given", "inline"),
    [
        (("ROWS", "2"), 2, True),
        (("ROWS", "2"), 3, False),
        (("ROWS", "0"), 1, False),
        (("BYTES", "2000"), 1, True),
        (("BYTES", "2000"), 90, False),
        (("BYTES", "100"), 1, False),
        (("ROWS", "10000"), 3000, True),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_settings_limit_what_rides_in_records(
    home: Path, monkeypatch: pytest.MonkeyPatch, setting: tuple[str, str], given: int, inline: bool
) -> None:
    monkeypatch.setenv(f"SUPERTABLE_INLINE_{setting[0]}", setting[1])
    with supertable.connect(home=home) as lake:
        lake.write("t", table(*((n, "some text") for n in range(given))))
        assert kinds(lake) == ({"log"} if inline else {"log", "data"})
        assert rows(lake, "SELECT count(*), sum(k) FROM t WHERE v = 'some text'") == [(given, given * (given - 1) // 2)]


def test_a_table_holds_so_many_bytes_in_records_until_they_are_written_out(lake: Lake) -> None:
    lake.create_table("t", SCHEMA)
    for n in range(76):
        lake.write("t", table((n, "x" * 60_000)))
    files = {name for name in objects(lake) if name.startswith("data/")}
    assert 0 < len(files) < 20
    assert rows(lake, "SELECT count(*), sum(k), min(length(v)) FROM t") == [(76, 2850, 60_000)]
    lake.table("t").compact()
    lake.write("t", table((76, "x")))
    assert len([name for name in objects(lake) if name.startswith("data/")]) == len(files) + 1
    assert rows(lake, "SELECT count(*), sum(k) FROM t") == [(77, 2926)]


def test_maintenance_writes_rows_out_and_nothing_else_is_left(lake: Lake) -> None:
    lake.create_table("t", SCHEMA, keys=["k"])
    for n in range(20):
        lake.write("t", table((n % 17, f"{n}")), mode="upsert")
    assert kinds(lake) == {"log"}
    report = lake.maintain()
    assert [done.table for done in report.compactions] == ["t"]
    info = lake.table("t").info()
    assert (info.files, info.rows, info.dead_rows) == (1, 17, 0)
    assert kinds(lake) == {"log", "data"}
    assert rows(lake, "FROM t ORDER BY k") == [(n, f"{n + 17 if n < 3 else n}") for n in range(17)]
    assert rows(lake, "FROM t AT (VERSION => 12) ORDER BY k") == [(n, f"{n}") for n in range(11)]
    lake.table("t").vacuum(0, grace=0)
    assert rows(lake, "FROM t ORDER BY k") == [(n, f"{n + 17 if n < 3 else n}") for n in range(17)]
    assert lake.fsck().sound


def test_a_single_small_commit_is_written_out_on_request(lake: Lake) -> None:
    lake.write("t", table((1, "x")))
    assert lake.table("t").compact().commits == 1
    assert lake.table("t").compact().commits == 0
    assert kinds(lake) == {"log", "data"}
    assert rows(lake, "FROM t") == [(1, "x")]


def test_a_cold_process_reads_a_checkpoint_and_no_record_before_it(home: Path) -> None:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", SCHEMA, keys=["k"])
        for n in range(64):
            lake.write("t", table((n, "x"), (-n - 1, "y")), mode="upsert")
            lake.delete("t", where=f"k = {-n - 1}")
        assert "checkpoints" in kinds(lake)
        log = Path(lake.settings.home) / "storage/default/main/tables"
        for record in log.rglob("log/*"):
            if int(record.name) <= 128:
                record.unlink()
    with supertable.connect(home=home) as lake:
        assert rows(lake, "SELECT count(*), sum(k) FROM t") == [(64, 2016)]


def test_clones_restores_and_changes_carry_rows_and_dead_rows(lake: Lake) -> None:
    lake.create_table("t", SCHEMA, keys=["k"])
    lake.write("t", table((1, "a"), (2, "b"), (3, "c")))
    lake.delete("t", where="k = 2")
    lake.clone("t", "copy")
    lake.write("t", table((1, "new")), mode="upsert")
    lake.table("t").restore(2)
    lake.write("copy", table((3, "of the copy")), mode="upsert")
    assert rows(lake, "FROM t ORDER BY k") == [(1, "a"), (2, "b"), (3, "c")]
    assert rows(lake, "FROM copy ORDER BY k") == [(1, "a"), (3, "of the copy")]
    assert kinds(lake) == {"log"}
    changes = rows(lake, "SELECT _version, _change, k, v FROM table_changes('t', 1) ORDER BY ALL")
    assert changes == [
        (2, "insert", 1, "a"),
        (2, "insert", 2, "b"),
        (2, "insert", 3, "c"),
        (3, "delete", 2, "b"),
        (4, "update_after", 1, "new"),
        (4, "update_before", 1, "a"),
        (5, "insert", 2, "b"),
        (5, "update_after", 1, "a"),
        (5, "update_before", 1, "new"),
    ]
    lake.drop("t")
    assert rows(lake, "FROM copy ORDER BY k") == [(1, "a"), (3, "of the copy")]


TYPES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "flag": (pa.bool_(), [False, None, True]),
    "tiny": (pa.int8(), [-128, None, 127]),
    "big": (pa.int64(), [-(2**63), None, 2**63 - 1]),
    "huge": (pa.uint64(), [0, None, 2**64 - 1]),
    "half": (pa.float16(), [-1.5, None, 2.0]),
    "single": (pa.float32(), [-1.5, None, 2.25]),
    "double": (pa.float64(), [-math.inf, None, 7.0]),
    "price": (pa.decimal128(38, 10), [Decimal("-1.0000000001"), None, Decimal("9.5000000000")]),
    "text": (pa.string(), ["", None, "\u00e9"]),
    "raw": (pa.binary(), [b"", None, b"\x00\xff"]),
    "day": (pa.date32(), [date(1, 1, 1), None, date(9999, 12, 31)]),
    "clock": (pa.time32("ms"), [time(0, 0), None, time(23, 59, 59, 999_000)]),
    "exact": (pa.time64("us"), [time(0, 0, 0, 1), None, time(23, 59, 59, 999_999)]),
    "at_ms": (pa.timestamp("ms"), [datetime(1, 1, 1), None, datetime(9999, 12, 31)]),
    "at_us": (pa.timestamp("us", "UTC"), [datetime(1969, 12, 31, tzinfo=UTC), None, datetime(2026, 1, 1, tzinfo=UTC)]),
    "list": (pa.list_(pa.int32()), [[], None, [1, None, 3]]),
    "pair": (
        pa.struct([("a", pa.float16()), ("at", pa.timestamp("ms"))]),
        [{"a": 1.5, "at": datetime(2000, 1, 1)}, None, {"a": None, "at": None}],
    ),
    "map": (pa.map_(pa.string(), pa.timestamp("ms")), [[], None, [("k", datetime(2000, 1, 1))]]),
}


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with supertable.connect(home=tmp_path_factory.mktemp("typed")) as lake:
        columns = {name: pa.array(values, kind) for name, (kind, values) in TYPES.items()}
        whole = pa.table({"n": pa.array([1, 2, 3], pa.int8()), **columns})
        for row in range(3):
            lake.write("t", whole.slice(row, 1))
        lake.write("stored", whole)
        lake.table("stored").compact()
        yield lake


@pytest.mark.parametrize("name", TYPES)
def test_values_of_every_type_are_read_as_they_are_from_files(typed: Lake, name: str) -> None:
    values = TYPES[name][1]
    found = typed.sql(f'SELECT "{name}" AS c FROM t ORDER BY n').arrow()
    assert found.column(0).to_pylist() == values
    kinds = {source: rows(typed, f'SELECT DISTINCT typeof("{name}") FROM {source}') for source in ("t", "stored")}
    assert kinds["t"] == kinds["stored"]
    assert found.schema == typed.sql(f'SELECT "{name}" AS c FROM stored ORDER BY n').arrow().schema
    assert rows(typed, f'SELECT n FROM t WHERE "{name}" IS NULL') == [(2,)]
    if name not in ("list", "pair", "map"):
        same = f'SELECT a.n, b.n FROM t a JOIN stored b ON a."{name}" = b."{name}" ORDER BY 1'
        assert rows(typed, same) == [(1, 1), (3, 3)]
        assert rows(typed, f'SELECT n FROM t WHERE "{name}" >= (SELECT max("{name}") FROM stored)') == [(3,)]


@pytest.mark.parametrize("value", ["nan", "inf", "-0.0", "1e308"])
def test_conditions_on_floats_hold_as_they_do_in_files(lake: Lake, value: str) -> None:
    floats = pa.table({"x": [float("nan"), math.inf, 0.0, 1e308, None]})
    for row in range(5):
        lake.write("t", floats.slice(row, 1))
    order = {"nan": 4, "inf": 3, "1e308": 2, "-0.0": 1}
    place = {4: float("nan"), 3: math.inf, 2: 1e308, 1: 0.0}
    for operator, holds in ((">", gt), ("<=", le), ("=", eq)):
        found = rows(lake, f"SELECT x FROM t WHERE x {operator} '{value}'::DOUBLE ORDER BY x")
        expected = [place[n] for n in sorted(place) if holds(n, order[value])]
        assert repr([row[0] for row in found]) == repr(expected)


def test_columns_change_under_rows_in_records(lake: Lake) -> None:
    lake.write("t", pa.table({"a": pa.array([1], pa.int32()), "b": ["x"], "st_file": [5], "file_index": [6]}))
    t = lake.table("t")
    t.rename_column("b", "c")
    t.widen_column("a", pa.int64())
    lake.write("t", pa.table({"a": [2**40], "c": ["y"], "st_file": [7], "file_index": [8]}))
    t.drop_column("c")
    t.add_column("b", pa.int8())
    lake.write("t", pa.table({"a": [3], "b": pa.array([9], pa.int8())}))
    assert rows(lake, "SELECT * FROM t ORDER BY a") == [(1, 5, 6, None), (3, None, None, 9), (2**40, 7, 8, None)]
    assert rows(lake, "SELECT * FROM t AT (VERSION => 5) ORDER BY a") == [(1, "x", 5, 6), (2**40, "y", 7, 8)]
    lake.sql("UPDATE t SET st_file = st_file + 1 WHERE a < 2")
    assert rows(lake, "SELECT st_file, file_index FROM t WHERE a = 1") == [(6, 6)]
    assert kinds(lake) == {"log"}
    t.compact()
    assert rows(lake, "SELECT * FROM t ORDER BY a") == [(1, 6, 6, None), (3, None, None, 9), (2**40, 7, 8, None)]


def test_statements_may_read_the_same_rows_twice(lake: Lake) -> None:
    for n in range(5):
        lake.write("t", table((n, "x")))
    assert rows(lake, "SELECT count(*) FROM t a, t b") == [(25,)]
    assert rows(lake, "WITH w AS (FROM t) SELECT (SELECT sum(k) FROM w), (SELECT max(k) FROM w)") == [(10, 4)]
    assert rows(lake, "SELECT DISTINCT _table, count(*) OVER () FROM main") == [("t", 5)]


def test_what_a_role_sees(lake: Lake) -> None:
    for n in range(6):
        lake.write("t", table((n, "even" if n % 2 == 0 else "odd")))
    lake.roles.create("evens", "reader")
    lake.roles.grant("evens", "t", columns=["k"], where="v = 'even'")
    with supertable.connect(home=lake.settings.home, role="evens") as seen:
        assert rows(seen, "FROM t ORDER BY k") == [(0,), (2,), (4,)]
        assert rows(seen, "SELECT count(*) FROM t WHERE k > 1") == [(2,)]


def test_a_table_lists_its_files_and_bytes(lake: Lake) -> None:
    lake.write("t", table((1, "x")))
    lake.write("t", table((2, "y")))
    info = lake.table("t").info()
    assert (info.files, info.rows) == (2, 2)
    assert 1000 < (info.bytes or 0) < 3000
