"""Finding rows by keys and predicates, compared with a simple model."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from supertable.domain.errors import InvalidStatement, ObjectMissing, StatementRefused
from supertable.domain.scan.predicates import ALWAYS, All, Compare
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field
from tests.support.parquet_tables import ParquetTables, schema_of

NAN = math.nan
KEYS: list[tuple[pa.DataType, list[Any]]] = [
    (pa.int64(), [1, 2, None, -(2**63), 2**63 - 1, 0]),
    (pa.uint64(), [0, 2**64 - 1, None, 7, 8, 9]),
    (pa.int8(), [1, 2, None, -128, 127, 0]),
    (pa.string(), ["", "a", None, "A", "ä", "it's \x00"]),
    (pa.binary(), [b"", b"a", None, b"\x00", b"\xff", b"A"]),
    (pa.bool_(), [True, False, None]),
    (pa.float64(), [0.0, -0.0, NAN, None, math.inf, -math.inf, 1.5]),
    (pa.float32(), [0.0, -0.0, NAN, None, math.inf, 0.5]),
    (pa.decimal128(5, 2), [Decimal("1.10"), Decimal("-1.10"), None, Decimal("0.00")]),
    (pa.decimal128(38, 10), [Decimal(10**27), Decimal(-1), None, Decimal("0.0000000001")]),
    (pa.date32(), [dt.date(1, 1, 1), dt.date(2024, 1, 1), None, dt.date(9999, 12, 31)]),
    (pa.time64("us"), [dt.time(0), dt.time(1, 2, 3, 4), None]),
    (pa.timestamp("us"), [dt.datetime(1, 1, 1), dt.datetime(2024, 1, 1), None]),
    (pa.timestamp("us", "Europe/Berlin"), [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None]),
    (pa.timestamp("ns"), [1, 2, None, 1_001]),
]


@pytest.fixture
def tables(tmp_path: Path) -> ParquetTables:
    return ParquetTables(tmp_path / "lake")


def same(value: Any) -> Any:
    """A value that is the same for equal keys."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value + 0.0
    return ("null",) if value is None else value


def rank(value: Any) -> Any:
    """The sort key of a sequence: null lowest, NaN highest."""
    if value is None:
        return (0,)
    return (2,) if isinstance(value, float) and math.isnan(value) else (1, value)


def lists(found: dict[str, pa.Array]) -> dict[str, list[int]]:
    return {path: rows.to_pylist() for path, rows in found.items()}


@pytest.mark.parametrize(("kind", "values"), KEYS, ids=lambda value: str(value)[:20])
class TestKeysOfEveryType:
    def test_duplicates(self, kind: pa.DataType, values: list[Any], tables: ParquetTables) -> None:
        array = pa.array([*values, *reversed(values), *values[:2]], kind)
        last = {same(value): number for number, value in enumerate(array.to_pylist())}
        kept = tables.finder.duplicates(pa.table({"k": array}), ["k"], None)
        assert kept is not None
        assert kept.to_pylist() == sorted(last.values())

    def test_matching(self, kind: pa.DataType, values: list[Any], tables: ParquetTables) -> None:
        array = pa.array(values, kind)
        rows = pa.table({"k": array, "v": list(range(len(array)))})
        scan = tables.table("t", rows, rows.slice(1), dead={1: [0]})
        stored = [rows["k"].to_pylist(), rows["k"].to_pylist()[1:]]
        seen = array.to_pylist()
        for wanted in ([seen[0]], seen[1:3], list({same(value): value for value in seen}.values())):
            found = tables.finder.matching_keys(scan, pa.table({"k": pa.array(wanted, kind)}), ["k"], None)
            keys = {same(value) for value in wanted}
            expected = {
                file.path: [
                    row
                    for row, value in enumerate(stored[number])
                    if same(value) in keys and not (number == 1 and row == 0)
                ]
                for number, file in enumerate(scan.files)
            }
            assert lists(found.superseded) == {path: rows for path, rows in expected.items() if rows}
            assert found.stale.to_pylist() == []

    def test_superseded(self, kind: pa.DataType, values: list[Any], tables: ParquetTables) -> None:
        rows = pa.table({"k": pa.array(values, kind)})
        scan = tables.table("t", rows, rows.slice(1), rows.slice(0, 2), dead={2: [1]})
        assert lists(tables.finder.superseded(scan, ["k"], None)) == model_superseded(
            scan, {0: values, 1: values[1:], 2: values[:1]}, {0: [], 1: [], 2: []}
        )

    def test_sequences(self, kind: pa.DataType, values: list[Any], tables: ParquetTables) -> None:
        array = pa.array([*values, *values[:3]], kind)
        batch = pa.table({"k": ["x"] * len(array), "q": array})
        plain = array.to_pylist()
        winner = max(range(len(plain)), key=lambda number: (rank(same_zero(plain[number])), number))
        kept = tables.finder.duplicates(batch, ["k"], "q")
        assert kept is not None
        assert kept.to_pylist() == [winner]


def same_zero(value: Any) -> Any:
    return value + 0.0 if isinstance(value, float) else value


def model_superseded(scan: Scan, keys: dict[int, list[Any]], sequence: dict[int, list[Any]]) -> dict[str, list[int]]:
    """The superseded rows. `keys` and `sequence`: of live rows, by file index; rows count from 0 without gaps."""
    best: dict[Any, tuple[Any, int, int]] = {}
    everything = []
    for number in sorted(keys):
        for row, key in enumerate(keys[number]):
            order = sequence.get(number) or [None] * len(keys[number])
            entry = (rank(order[row]), number, row)
            everything.append((same(key), entry))
            best[same(key)] = max(best.get(same(key), entry), entry)
    lost: dict[str, list[int]] = {}
    for key, entry in everything:
        if best[key] != entry:
            lost.setdefault(scan.files[entry[1]].path, []).append(entry[2])
    return lost


class TestMatchingKeys:
    def test_keys_of_several_columns(self, tables: ParquetTables) -> None:
        rows = pa.table({"a": [1, 1, 2, None, None], "b": ["x", "y", "x", "x", None], "v": [0] * 5})
        scan = tables.table("t", rows, rows, dead={0: [0]})
        batch = pa.table({"b": ["x", "x", None], "a": pa.array([1, None, None], pa.int64())})
        found = tables.finder.matching_keys(scan, batch, ["a", "b"], None)
        assert lists(found.superseded) == {scan.files[0].path: [0, 3, 4], scan.files[1].path: [3, 4]}

    def test_nothing_found(self, tables: ParquetTables) -> None:
        scan = tables.table("t", pa.table({"a": [1, 2]}))
        found = tables.finder.matching_keys(scan, pa.table({"a": [3]}), ["a"], None)
        assert found.superseded == {}
        assert found.stale.to_pylist() == []
        empty = tables.finder.matching_keys(scan, pa.table({"a": pa.array([], pa.int64())}), ["a"], None)
        assert empty.superseded == {}

    def test_no_files(self, tables: ParquetTables) -> None:
        scan = replace(tables.table("t", pa.table({"a": [1]})), groups=())
        assert tables.finder.matching_keys(scan, pa.table({"a": [1]}), ["a"], None).superseded == {}
        assert tables.finder.superseded(scan, ["a"], None) == {}

    def test_older_rows_of_the_batch_are_stale(self, tables: ParquetTables) -> None:
        rows = pa.table({"k": [1, 2, 3, 4, 5], "q": pa.array([10, 10, 10, None, 10], pa.int64())})
        scan = tables.table("t", rows, dead={0: [4]})
        batch = pa.table({"k": [5, 4, 3, 2, 1, 9], "q": pa.array([1, None, 10, 9, 11, 1], pa.int64())})
        found = tables.finder.matching_keys(scan, batch, ["k"], "q")
        assert lists(found.superseded) == {scan.files[0].path: [0, 2, 3]}
        assert found.stale.to_pylist() == [3]
        nulls = pa.table({"k": [1, 4], "q": pa.array([None, 0], pa.int64())})
        found = tables.finder.matching_keys(scan, nulls, ["k"], "q")
        assert lists(found.superseded) == {scan.files[0].path: [3]}
        assert found.stale.to_pylist() == [0]

    def test_columns_that_were_renamed_and_widened(self, tables: ParquetTables) -> None:
        old = Schema(1, (Field(1, "a", DataType("int16")), Field(2, "v", DataType("string"))), 2)
        new = Schema(2, (Field(1, "k", DataType("int64")), Field(3, "a", DataType("string"))), 3)
        first = tables.write("t", pa.table({"a": pa.array([1, 2, 3], pa.int16()), "v": ["x"] * 3}), old, dead=[0])
        last = tables.write("t", pa.table({"k": [2, 2**40], "a": ["x", "y"]}), new)
        scan = tables.add("t", [first, last], new, {1: old})
        found = tables.finder.matching_keys(scan, pa.table({"k": [1, 2, 2**40]}), ["k"], None)
        assert lists(found.superseded) == {first.path: [1], last.path: [0, 1]}
        assert lists(tables.finder.superseded(scan, ["k"], None)) == {first.path: [1]}

    def test_a_key_column_missing_in_older_files(self, tables: ParquetTables) -> None:
        old = Schema(1, (Field(1, "a", DataType("int64")),), 1)
        new = Schema(2, (Field(1, "a", DataType("int64")), Field(2, "k", DataType("string"))), 2)
        scan = tables.add("t", [tables.write("t", pa.table({"a": [1, 2]}), old)], new, {1: old})
        batch = pa.table({"k": pa.array([None, "x"], pa.string())})
        assert lists(tables.finder.matching_keys(scan, batch, ["k"], None).superseded) == {scan.files[0].path: [0, 1]}

    def test_columns_may_have_generated_names(self, tables: ParquetTables) -> None:
        names = ["st_file", "st_row", "st_number", "file_index", "file_row_number", "f", "b", "stale", "n"]
        rows = pa.table({name: [1, 2, 2] for name in names})
        scan = tables.table("t", rows, dead={0: [1]})
        batch = pa.table({name: [2] for name in names})
        assert lists(tables.finder.matching_keys(scan, batch, names, None).superseded) == {scan.files[0].path: [2]}
        assert lists(tables.finder.matching_keys(scan, batch, names, "stale").superseded) == {scan.files[0].path: [2]}
        kept = tables.finder.duplicates(rows, names, None)
        assert kept is not None
        assert kept.to_pylist() == [0, 2]
        assert tables.finder.superseded(scan, names, "n") == {}
        predicate = tables.finder.check_predicate("st_row = 2 and file_index = 2 and f = 2", scan.schema)
        assert lists(tables.finder.matching_predicate(scan, predicate)) == {scan.files[0].path: [2]}

    def test_a_missing_file_is_an_error(self, tables: ParquetTables) -> None:
        scan = tables.table("t", pa.table({"a": [1]}))
        Path(tables.locate(f"t/{scan.files[0].path}")).unlink()
        with pytest.raises(ObjectMissing):
            tables.finder.matching_keys(scan, pa.table({"a": [1]}), ["a"], None)


class TestDuplicates:
    def test_none(self, tables: ParquetTables) -> None:
        assert tables.finder.duplicates(pa.table({"a": [3, 1, 2]}), ["a"], None) is None
        assert tables.finder.duplicates(pa.table({"a": pa.array([], pa.int64())}), ["a"], None) is None

    def test_chunked_and_dictionary_batches(self, tables: ParquetTables) -> None:
        one = pa.table({"a": pa.array(["x", "y"]).dictionary_encode(), "v": [1, 2]})
        kept = tables.finder.duplicates(pa.concat_tables([one, one.slice(0, 1)]), ["a"], None)
        assert kept is not None
        assert kept.to_pylist() == [1, 2]

    def test_sequence(self, tables: ParquetTables) -> None:
        batch = pa.table({"k": [1, 1, 2, 2, 3, 3, 3], "q": pa.array([5, 4, 7, 7, None, None, 0], pa.int64())})
        kept = tables.finder.duplicates(batch, ["k"], "q")
        assert kept is not None
        assert kept.to_pylist() == [0, 3, 6]


class TestSuperseded:
    def test_by_order_of_files(self, tables: ParquetTables) -> None:
        parts = [pa.table({"k": [1, 2, 3, 1]}), pa.table({"k": [2]}), pa.table({"k": [2, 4]})]
        scan = tables.table("t", *parts)
        assert lists(tables.finder.superseded(scan, ["k"], None)) == {
            scan.files[0].path: [0, 1],
            scan.files[1].path: [0],
        }

    def test_by_sequence(self, tables: ParquetTables) -> None:
        parts = [
            pa.table({"k": [1, 2, 3], "q": pa.array([9, None, 5], pa.int64())}),
            pa.table({"k": [1, 2, 3], "q": pa.array([8, 1, 5], pa.int64())}),
        ]
        scan = tables.table("t", *parts)
        assert lists(tables.finder.superseded(scan, ["k"], "q")) == {
            scan.files[0].path: [1, 2],
            scan.files[1].path: [0],
        }

    def test_random(self, tables: ParquetTables) -> None:
        random = np.random.default_rng(7)
        keys = {number: random.integers(0, 400, 500).tolist() for number in range(6)}
        order = {
            number: [None if value > 45 else int(value) for value in random.integers(0, 50, 500)] for number in range(6)
        }
        parts = [pa.table({"k": keys[number], "q": pa.array(order[number], pa.int64())}) for number in range(6)]
        scan = tables.table("t", *parts)
        assert lists(tables.finder.superseded(scan, ["k"], None)) == model_superseded(scan, keys, {})
        assert lists(tables.finder.superseded(scan, ["k"], "q")) == model_superseded(scan, keys, order)


class TestPredicates:
    ROWS = pa.table(
        {
            "a": pa.array([1, 2, 3, None], pa.int64()),
            "s": ["x", "y", None, "it's"],
            "d": [dt.date(2024, 1, day) for day in range(1, 5)],
            "st": [{"x": 1}, {"x": 2}, None, {"x": None}],
            "l": pa.array([[1], [], None, [1, 2]], pa.list_(pa.int64())),
            "flag": [True, False, None, True],
        }
    )

    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            ("a = 2", [1]),
            ("a <> 2", [0, 2]),
            ("a is null", [3]),
            ("not (a > 1)", [0]),
            ("s = 'it''s'", [3]),
            ("s like 'x%' or d = '2024-01-03'", [0, 2]),
            ("d between date '2024-01-02' and '2024-01-03'", [1, 2]),
            ("st.x = 2", [1]),
            ("len(l) = 2 and l[1] = 1", [3]),
            ("list_contains(l, 1)", [0, 3]),
            ("list_sum(list_transform(l, x -> x + a)) > 1", [0]),
            ("flag", [0, 3]),
            ("true", [0, 1, 2, 3]),
            ("1 = 0", []),
            ('"A" = 1 -- comment', [0]),
            ("a in (1, 3, null)", [0, 2]),
            ("case when a = 1 then true else false end", [0]),
            ("d < now()", [0, 1, 2, 3]),
            ("a = 1;", [0]),
        ],
    )
    def test_matching(self, text: str, rows: list[int], tables: ParquetTables) -> None:
        scan = tables.table("t", self.ROWS, self.ROWS, dead={1: [0, 1]})
        predicate = tables.finder.check_predicate(text, scan.schema)
        found = lists(tables.finder.matching_predicate(scan, predicate))
        expected = {scan.files[0].path: rows, scan.files[1].path: [row for row in rows if row > 1]}
        assert found == {path: matches for path, matches in expected.items() if matches}
        again = tables.finder.check_predicate(predicate.text, scan.schema)
        assert again.text.strip("()") == predicate.text.strip("()")

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "   ",
            "-- nothing",
            "a = ",
            "a = 1) or (1 = 1",
            "a = 1 limit 1",
            "a = 1 order by a",
            "a = 1 group by a",
            "a = 1 union select 2",
            "a = 1; select 2",
            "a = 1; drop table t",
            "true from t",
            "a in (select 1)",
            "exists (select 1)",
            "(select true)",
            "a = $1",
            "a = ?",
            "sum(a) > 1",
            "a > avg(a)",
            "row_number() over () = 1",
            "lag(a) over (order by a) = 1",
            "unnest(l) = 1",
            "columns(*) = 1",
            "#1 = 1",
            "getenv('HOME') = 'x'",
            "a = 1 or read_text('x') = 'y'",
            "s",
            "a",
            "a + 1",
            "'true'",
            "nope = 1",
            "t.a = 1",
            "rowid = 1",
            "file_row_number = 1",
            "st_row = 1",
            "st_file = 1",
            "st.nope = 1",
            "null",
            "s::no_such_type = 1",
            "a = 1 qualify true",
            "a = 1 having true",
            "a = 1 using sample 1",
        ],
    )
    def test_refused(self, text: str, tables: ParquetTables) -> None:
        with pytest.raises(InvalidStatement) as caught:
            tables.finder.check_predicate(text, schema_of(self.ROWS))
        assert "st_q" not in str(caught.value)
        assert "SELECT 1" not in str(caught.value)

    def test_refusals_name_the_reason(self, tables: ParquetTables) -> None:
        schema = schema_of(self.ROWS)
        with pytest.raises(StatementRefused, match="subquery"):
            tables.finder.check_predicate("a in (select 1)", schema)
        with pytest.raises(InvalidStatement, match="nope"):
            tables.finder.check_predicate("nope = 1", schema)
        with pytest.raises(InvalidStatement, match="line 2, column 3"):
            tables.finder.check_predicate("a = 1 and\n  or", schema)

    def test_the_part_of_a_predicate_that_pruning_uses(self, tables: ParquetTables) -> None:
        schema = schema_of(self.ROWS)
        check = tables.finder.check_predicate
        assert check("a = 1 and len(l) > 2", schema).necessary == Compare("a", "=", 1)
        assert check("A >= 1 and d < '2024-01-02'", schema).necessary == All(
            (Compare("a", ">=", 1), Compare("d", "<", 19_724))
        )
        assert check("not a = 1", schema).necessary == ALWAYS

    def test_errors_during_execution(self, tables: ParquetTables) -> None:
        scan = tables.table("t", self.ROWS)
        predicate = tables.finder.check_predicate("s::int = 1", scan.schema)
        with pytest.raises(Exception, match="Could not convert") as caught:
            tables.finder.matching_predicate(scan, predicate)
        assert str(tables.root) not in str(caught.value)


def test_ten_thousand_keys_are_found_among_a_million(tables: ParquetTables) -> None:
    random = np.random.default_rng(0)
    keys = random.permutation(1_250_000)
    parts: Sequence[pa.Table] = [
        pa.table({"k": part, "v": random.random(len(part))}) for part in np.array_split(keys, 60)
    ]
    scan = tables.table("t", *parts, dead={number: list(range(0, 20_000, 7)) for number in range(0, 60, 2)})
    batch = pa.table({"k": random.choice(1_250_000, 10_000, replace=False)})
    found = tables.finder.matching_keys(scan, batch, ["k"], None)
    assert 9_000 < sum(len(rows) for rows in found.superseded.values()) < 10_000
