"""What SPARK reads of tables: types, changes of schemas, deleted rows, versions, changes, unions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.application.maintenance.vacuum_table import VacuumResult
from supertable.domain.errors import InvalidStatement, NotOnSpark, QueryFailed
from supertable.entrypoints.sdk.lakes.lake import Lake

TYPES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "i8": (pa.int8(), [-128, None]),
    "i16": (pa.int16(), [-(2**15), None]),
    "i32": (pa.int32(), [-(2**31), None]),
    "i64": (pa.int64(), [-(2**63), None]),
    "u8": (pa.uint8(), [255, None]),
    "u16": (pa.uint16(), [2**16 - 1, None]),
    "u32": (pa.uint32(), [2**32 - 1, None]),
    "u64": (pa.uint64(), [2**64 - 1, None]),
    "f32": (pa.float32(), [-1.5, None]),
    "f64": (pa.float64(), [1e300, None]),
    "flag": (pa.bool_(), [True, None]),
    "dec": (pa.decimal128(38, 10), [Decimal("-1234567890123456789012345678.0123456789"), None]),
    "text": (pa.string(), ["it's \\ `ä` \U0001f600 ${x}\n", None]),
    "bytes": (pa.binary(), [b"\x00\xff'", None]),
    "day": (pa.date32(), [date(1, 1, 1), None]),
    "ms": (pa.time32("ms"), [time(23, 59, 59, 999_000), None]),
    "us": (pa.time64("us"), [time(0, 0, 0, 1), None]),
    "stamp": (pa.timestamp("us"), [datetime(1582, 10, 10, 1, 2, 3, 4), None]),
    "zoned": (pa.timestamp("ms", "Europe/Paris"), [datetime(9999, 12, 31, 12, tzinfo=UTC), None]),
    "ns": (pa.timestamp("ns"), [datetime(1970, 1, 1, 0, 0, 0, 1), None]),
    "list": (pa.list_(pa.int64()), [[1, None], None]),
    "struct": (pa.struct([("A b", pa.int32()), ("c", pa.string())]), [{"A b": 1, "c": None}, None]),
    "map": (pa.map_(pa.string(), pa.float64()), [[("k", 0.5)], None]),
}
READABLE = {"zoned": pa.timestamp("us", "UTC"), "ms": pa.time64("us")}


def rows_of(lake: Lake, sql: str, **more: Any) -> list[tuple[Any, ...]]:
    result = lake.sql(sql, engine="spark", **more)
    found = list(result)
    assert result.engine == "spark", result.engine_reason
    return found


@pytest.fixture(scope="module")
def typed(lake: Lake) -> Lake:
    """The same two rows in a file and in a commit record."""
    columns = {name: pa.array(values, kind) for name, (kind, values) in TYPES.items()}
    once = pa.table({"num": pa.array([0, 1], pa.int64()), **columns})
    more = pa.concat_tables([once] * 1_000).set_column(0, "num", pa.array(range(2_000), pa.int64()))
    lake.write("typed", more)
    lake.write("typed", once.set_column(0, "num", pa.array([2_000, 2_001], pa.int64())))
    return lake


def test_every_type_comes_back_from_files_and_from_commit_records(typed: Lake) -> None:
    found = typed.sql("FROM typed WHERE num < 2 OR num >= 2000 ORDER BY num", engine="spark").to_arrow()
    assert found["num"].to_pylist() == [0, 1, 2_000, 2_001]
    for name, (kind, values) in TYPES.items():
        wanted = pa.array([*values, *values], kind).cast(READABLE.get(name, kind))
        assert found[name].to_pylist() == wanted.to_pylist(), name
    lite = typed.sql("FROM typed LIMIT 0", engine="lite").to_arrow()
    assert found.schema == lite.schema


@pytest.fixture(scope="module")
def changed(lake: Lake) -> dict[int, tuple[int, str | None, float | None]]:
    """A table with a column widened, renamed, dropped, and added again; files and commits with deleted rows. Returns
    its rows by key: the number, the text, and the column that came back."""
    lake.write(
        "changed", {"k": list(range(3_000)), "n": pa.array([1] * 3_000, pa.int8()), "x": ["old"] * 3_000}, keys=["k"]
    )
    lake.sql("ALTER TABLE changed ALTER n TYPE BIGINT")
    lake.sql("ALTER TABLE changed RENAME n TO m")
    lake.sql("ALTER TABLE changed RENAME x TO n")
    lake.sql("ALTER TABLE changed ADD COLUMN x DOUBLE")
    again = list(range(2_500, 5_500))
    lake.write("changed", {"k": again, "m": [2**40] * 3_000, "n": [None] * 3_000, "x": [0.5] * 3_000})
    for key in (7, 2_600, 6_000):
        lake.write("changed", {"k": [key], "m": [key], "n": ["new"], "x": [None]})
    lake.delete("changed", "k % 10 = 3")
    lake.write("changed", {"k": [6_001], "m": [1], "n": ["gone"], "x": [1.0]})
    lake.delete("changed", "k = 6001")
    model: dict[int, tuple[int, str | None, float | None]] = dict.fromkeys(range(3000), (1, "old", None))
    model |= dict.fromkeys(again, (2**40, None, 0.5))
    model |= {key: (key, "new", None) for key in (7, 2_600, 6_000)}
    return {k: row for k, row in model.items() if k % 10 != 3}


def test_columns_are_found_by_their_ids_and_deleted_rows_are_left_out(
    lake: Lake, changed: dict[int, tuple[int, str | None, float | None]]
) -> None:
    found = rows_of(lake, "SELECT k, m, n, x FROM changed ORDER BY k")
    assert found == [(k, *changed[k]) for k in sorted(changed)]


def test_conditions_and_parameters(lake: Lake, changed: dict[int, tuple[int, str | None, float | None]]) -> None:
    found = rows_of(
        lake, "SELECT count(*), sum(m), max(n) FROM changed WHERE k BETWEEN ? AND ?", parameters=[2_400, 2_700]
    )
    kept = [row for k, row in changed.items() if 2_400 <= k <= 2_700]
    texts = [row[1] for row in kept if row[1] is not None]
    assert found == [(len(kept), sum(row[0] for row in kept), max(texts))]
    assert rows_of(lake, "SELECT count(*) FROM changed WHERE k > 10000") == [(0,)]


def test_a_subquery_in_place_of_a_value_has_one_row(lake: Lake) -> None:
    lake.write("asking", {"k": [1, 2, 3, None]})
    lake.write("told", {"k": [1, 2, 4, None], "v": [10, 20, 40, 50]})
    sql = "SELECT k, (SELECT v FROM told t WHERE t.k IS NOT DISTINCT FROM a.k) FROM asking a ORDER BY k"
    assert rows_of(lake, sql) == [(1, 10), (2, 20), (3, None), (None, 50)]
    lake.write("told", {"k": [4], "v": [41]})
    assert rows_of(lake, sql) == [(1, 10), (2, 20), (3, None), (None, 50)]  # of no row that asks
    lake.write("told", {"k": [2], "v": [21]})
    for failing in (sql, "SELECT k, (SELECT v FROM told) FROM asking"):
        with pytest.raises(QueryFailed, match="A subquery in place of a value has more than one row"):
            rows_of(lake, failing)
    lake.drop("asking")
    lake.drop("told")


def test_versions_and_changes(lake: Lake, changed: object) -> None:
    assert rows_of(lake, "SELECT count(*), min(n) FROM changed AT (VERSION => 2) WHERE k >= 0") == [(3_000, 1)]
    newest = lake.sql("SELECT k FROM changed LIMIT 1").versions["changed"][0]
    found = rows_of(lake, f"SELECT _change, _version, k FROM table_changes('changed', {newest - 2}) ORDER BY 2")
    assert found == [("insert", newest - 1, 6_001), ("delete", newest, 6_001)]


def test_a_union_of_tables(lake: Lake, changed: dict[int, object], typed: Lake) -> None:
    found = rows_of(lake, "SELECT _table, count(*), count(k), count(i8) FROM main GROUP BY 1 ORDER BY 1")
    assert found == [("changed", len(changed), len(changed), 0), ("typed", 2_002, 0, 1_001)]


def test_the_snapshot_answers_what_it_knows(lake: Lake, changed: dict[int, object]) -> None:
    known = lake.sql("SELECT count(*) FROM changed", engine="spark")
    assert list(known) == [(len(changed),)]


def test_the_columns_of_a_union_are_in_the_order_of_its_tables(lake: Lake) -> None:
    with supertable.connect(home=lake._container.settings().home, supertable="two") as two:
        two.write("a", {"k": [1], "Label": ["one"], "x": [0.5]})
        two.write("b", {"x": [1.5], "extra": [True], "label": ["two"], "k": [2]})
        found = two.sql("SELECT * FROM two ORDER BY k", engine="spark").to_arrow()
    assert found.to_pylist() == [
        {"_table": "a", "k": 1, "Label": "one", "x": 0.5, "extra": None},
        {"_table": "b", "k": 2, "Label": "two", "x": 1.5, "extra": True},
    ]


@pytest.mark.parametrize(
    "sql",
    ["EXPLAIN FROM changed", "FROM information_schema.tables", "SELECT quantile_cont(k, 0.3) OVER () FROM changed"],
    ids=["explain", "listing", "function"],
)
def test_what_is_not_on_spark_is_refused_and_auto_takes_another(lake: Lake, changed: object, sql: str) -> None:
    with pytest.raises(NotOnSpark):
        lake.sql(sql, engine="spark").to_arrow()
    assert lake.sql(sql).engine != "spark"


def test_errors_are_those_of_the_statement_or_name_no_value(lake: Lake, changed: object) -> None:
    with pytest.raises(InvalidStatement, match="nope"):
        lake.sql("SELECT nope FROM changed", engine="spark").to_arrow()
    with pytest.raises(QueryFailed) as failed:
        lake.sql("SELECT CAST(n AS INTEGER) FROM changed", engine="spark").to_arrow()
    assert "old" not in str(failed.value)


def test_a_vacuum_keeps_what_a_query_reads_for_as_long_as_it_runs(lake: Lake) -> None:
    """Spark opens the files of a partition when its rows are fetched."""
    for first in range(0, 200_000, 50_000):
        lake.write("v", {"k": list(range(first, first + 50_000))})
    table = lake.table("v")
    batches = lake.sql("SELECT k FROM v", engine="spark", stream=True).batches()
    rows = next(batches)["k"].to_pylist()
    lake.write("v", {"k": [-1]}, mode="overwrite")
    assert not data_files(table.vacuum(0, grace=0))
    for batch in batches:
        rows += batch["k"].to_pylist()
    assert sorted(rows) == list(range(200_000))
    assert len(data_files(table.vacuum(0, grace=0))) == 4


def data_files(vacuum: VacuumResult) -> list[str]:
    return [each.key for each in vacuum.removed if "/data/" in each.key]


def test_an_average_of_exact_numbers_is_their_exact_sum_divided_once(lake: Lake) -> None:
    cents, large = ([(row * step) % 10_007_003 for row in range(4_000)] for step in (7_919, 104_729 * 2**20))
    columns = {
        "bucket": [row % 23 for row in range(4_000)],
        "price": pa.array([Decimal(cent).scaleb(-2) for cent in cents], pa.decimal128(12, 2)),
        "worth": pa.array([Decimal(cent * 10**12).scaleb(-4) for cent in large], pa.decimal128(30, 4)),
        "number": pa.array([cent * 2**38 for cent in large], pa.int64()),
    }
    lake.write("priced", pa.table(columns))

    def averages(scale: int, digits: list[int]) -> list[float]:
        groups = [digits[bucket::23] for bucket in range(23)]
        return [float(sum(group)) / (len(group) * 10.0**scale) for group in groups]

    sql = "SELECT avg(price), avg(worth), avg(number), count(*) FROM priced GROUP BY bucket ORDER BY bucket"
    price, worth, number, _ = (list(column) for column in zip(*rows_of(lake, sql), strict=True))
    assert price == averages(2, cents)
    assert worth == averages(4, [cent * 10**12 for cent in large])
    assert number == averages(0, [cent * 2**38 for cent in large])
    rounded_first = [float(Decimal(sum(cents[bucket::23])).scaleb(-2)) / len(cents[bucket::23]) for bucket in range(23)]
    assert price != rounded_first, "the data must tell the two ways apart"
