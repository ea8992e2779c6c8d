"""Upserts through the Python API: keys, missing columns and sequence columns."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from supertable.application.writes.write_modes import ModeName
from supertable.domain.access.roles import Permission
from supertable.domain.errors import (
    InvalidInput,
    InvalidSchema,
)
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.orders import ORDERS, orders, rows


class TestUpsert:
    def test_the_last_write_wins(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0), (2, "eu", 2.0)), mode="upsert")
        result = keyed.write("orders", orders((2, "us", 20.0), (3, "us", 30.0)), mode="upsert")
        assert (result.rows_inserted, result.rows_updated, result.rows_deleted) == (1, 1, 0)
        assert rows(keyed) == [(1, "eu", 1.0), (2, "us", 20.0), (3, "us", 30.0)]

    @pytest.mark.parametrize("mode", ["append", "upsert", "overwrite"])
    def test_a_batch_with_duplicate_keys_keeps_its_last_row(self, keyed: Lake, mode: ModeName) -> None:
        result = keyed.write("orders", orders((1, "a", 1.0), (2, "b", 2.0), (1, "c", 3.0), (1, "d", 4.0)), mode=mode)
        assert result.rows_inserted == 2
        assert rows(keyed) == [(1, "d", 4.0), (2, "b", 2.0)]

    def test_null_keys_are_equal_to_each_other(self, lake: Lake) -> None:
        lake.create_table("t", pa.schema([("a", pa.int64()), ("b", pa.string()), ("v", pa.int64())]), keys=["a", "b"])
        lake.write("t", pa.table({"a": [1, None], "b": [None, None], "v": [1, 2]}, schema=lake.table("t").schema))
        lake.write(
            "t",
            pa.table({"a": [None, 1], "b": [None, None], "v": [20, 10]}, schema=lake.table("t").schema),
            mode="upsert",
        )
        assert rows(lake, "SELECT * FROM t ORDER BY v") == [(1, None, 10), (None, None, 20)]

    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            (pa.int8(), [-128, 127]),
            (pa.uint64(), [0, 2**64 - 1]),
            (pa.float64(), [math.nan, 0.0, math.inf]),
            (pa.float32(), [1.5, -math.inf]),
            (pa.string(), ["", "a", "é" * 100, "x" * 5000]),
            (pa.binary(), [b"", b"\x00", b"\xff"]),
            (pa.bool_(), [True, False]),
            (pa.date32(), [dt.date(1, 1, 1), dt.date(2024, 2, 29)]),
            (
                pa.timestamp("us", "UTC"),
                [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(1900, 1, 1, tzinfo=dt.UTC)],
            ),
            (pa.timestamp("ns"), [np.datetime64("2024-01-01T00:00:00.123456789"), np.datetime64("1970-01-01", "ns")]),
            (pa.time64("us"), [dt.time(0, 0), dt.time(23, 59, 59, 999999)]),
            (pa.decimal128(38, 5), [Decimal("12345678901234567890.12345"), Decimal("-0.00001")]),
            (pa.decimal128(9, 2), [Decimal("1.10"), Decimal("-1.10")]),
        ],
        ids=str,
    )
    def test_any_scalar_type_can_be_a_key(self, lake: Lake, kind: pa.DataType, values: list[Any]) -> None:
        schema = pa.schema([("k", kind), ("v", pa.int64())])
        lake.create_table("t", schema, keys=["k"])
        keys = pa.array([*values, None], kind)
        for value in (1, 2):
            result = lake.write("t", pa.table([keys, [value] * len(keys)], schema=schema), mode="upsert")
        assert (result.rows_inserted, result.rows_updated) == (0, len(keys))
        assert rows(lake, "SELECT count(*), min(v), max(v) FROM t") == [(len(keys), 2, 2)]
        assert lake.delete("t", keys=pa.table({"k": keys})).rows_deleted == len(keys)

    def test_both_zeroes_are_one_key_and_all_nans_are_one_key(self, lake: Lake) -> None:
        schema = pa.schema([("k", pa.float64()), ("v", pa.int64())])
        lake.create_table("t", schema, keys=["k"])
        lake.write("t", pa.table({"k": [0.0, math.nan], "v": [1, 1]}, schema=schema))
        assert lake.write("t", pa.table({"k": [-0.0, -math.nan], "v": [2, 2]}, schema=schema)).rows_updated == 2

    def test_needs_keys(self, lake: Lake, keyed: Lake) -> None:
        lake.create_table("plain", ORDERS)
        with pytest.raises(InvalidInput, match="no key columns"):
            lake.write("plain", orders((1, "a", 1.0)), mode="upsert")
        with pytest.raises(InvalidSchema, match="key columns"):
            keyed.write("orders", pa.table({"price": [1.0]}), mode="upsert")

    def test_random_upserts_and_deletes_agree_with_a_dictionary(self, keyed: Lake) -> None:
        random = np.random.default_rng(7)
        model: dict[int, float] = {}
        for round_ in range(15):
            ids = random.integers(0, 200, 60)
            prices = random.random(60)
            keyed.write("orders", pa.table({"id": ids, "region": ["r"] * 60, "price": prices}, schema=ORDERS), "upsert")
            model.update(zip(ids.tolist(), prices.tolist(), strict=True))
            if round_ % 4 == 3:
                deleted = random.integers(0, 200, 20)
                keyed.delete("orders", keys=pa.table({"id": deleted}))
                for key in deleted.tolist():
                    model.pop(key, None)
            assert rows(keyed, "SELECT id, price FROM orders ORDER BY id") == sorted(model.items())
            assert keyed.table("orders").info().rows == len(model)

    def test_more_rows_than_are_held_in_memory(self, keyed: Lake) -> None:
        def batches() -> Iterator[pa.RecordBatch]:
            for start in range(0, 400_000, 50_000):
                ids = np.arange(start, start + 50_000) % 150_000
                yield pa.record_batch([ids, ["r"] * 50_000, np.full(50_000, float(start))], schema=ORDERS)

        keyed.write("orders", orders((7, "old", -1.0), (999_999, "old", -1.0)))
        result = keyed.write("orders", pa.RecordBatchReader.from_batches(ORDERS, batches()), mode="upsert")
        assert (result.rows_inserted, result.rows_updated) == (149_999, 1)
        sql = "SELECT count(*), count(DISTINCT id), min(price), sum(price) FILTER (WHERE id = 7) FROM orders"
        assert rows(keyed, sql) == [(150_001, 150_001, -1.0, 300_000.0)]


class TestPartialUpsert:
    def test_missing_columns_keep_their_values(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0), (2, "us", 2.0)))
        result = keyed.write("orders", pa.table({"price": [20.0, 30.0], "id": [2, 3]}), mode="upsert")
        assert (result.rows_inserted, result.rows_updated) == (1, 1)
        assert rows(keyed) == [(1, "eu", 1.0), (2, "us", 20.0), (3, None, 30.0)]

    def test_of_duplicates_the_whole_last_row_wins(self, keyed: Lake) -> None:
        keyed.write("orders", pa.table({"id": [1, 1], "price": [1.0, None]}), mode="upsert")
        assert rows(keyed) == [(1, None, None)]

    def test_may_add_columns(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0)))
        keyed.write("orders", pa.table({"id": [1], "note": ["n"]}), mode="upsert", evolve=True)
        assert rows(keyed) == [(1, "eu", 1.0, "n")]

    def test_with_a_sequence_older_rows_change_nothing(self, lake: Lake) -> None:
        schema = pa.schema([("id", pa.int64()), ("seq", pa.int64()), ("a", pa.string()), ("b", pa.string())])
        lake.create_table("orders", schema, keys=["id"], sequence="seq")
        lake.write("orders", pa.table([[1, 2], [5, 5], ["a", "a"], ["b", "b"]], schema=schema))
        lake.write("orders", pa.table({"id": [1, 2], "seq": [4, 6], "a": ["old", "new"]}), mode="upsert")
        assert rows(lake) == [(1, 5, "a", "b"), (2, 6, "new", "b")]
        with pytest.raises(InvalidSchema, match="sequence"):
            lake.write("orders", pa.table({"id": [1], "a": ["x"]}), mode="upsert")

    def test_new_rows_need_what_may_not_be_null(self, lake: Lake) -> None:
        schema = pa.schema([("id", pa.int64()), pa.field("a", pa.string(), nullable=False), ("b", pa.string())])
        lake.create_table("orders", schema, keys=["id"])
        lake.write("orders", pa.table([[1], ["a"], ["b"]], schema=schema))
        lake.write("orders", pa.table({"id": [1], "b": ["B"]}), mode="upsert")
        with pytest.raises(InvalidSchema, match="may not be null"):
            lake.write("orders", pa.table({"id": [1, 2], "b": ["x", "y"]}), mode="upsert")
        assert rows(lake) == [(1, "a", "B")]

    def test_many_rows_over_deleted_and_updated_ones(self, keyed: Lake, home: Path) -> None:
        ids = np.arange(300_000)
        keyed.write("orders", pa.table([ids, ["r"] * len(ids), ids * 1.0], schema=ORDERS))
        keyed.delete("orders", where="id % 3 = 0")
        reader = pa.table({"id": ids, "price": ids * 2.0}).to_reader(max_chunksize=40_000)
        result = keyed.write("orders", reader, mode="upsert")
        assert (result.rows_inserted, result.rows_updated) == (100_000, 200_000)
        sql = "SELECT region, count(*), sum(price) = sum(id * 2.0) FROM orders GROUP BY region ORDER BY region"
        assert rows(keyed, sql) == [("r", 200_000, True), (None, 100_000, True)]
        known = {
            path
            for entry in keyed._container.tables().all(keyed._namespace, Permission.META)
            for path in entry.snapshot.files
        }
        assert len(list(home.rglob("*.parquet"))) <= len(known) + 3  # no file of the partial rows is left behind


class TestSequence:
    @pytest.fixture
    def lake(self, lake: Lake) -> Lake:
        schema = pa.schema([("id", pa.int64()), ("at", pa.timestamp("us")), ("v", pa.string())])
        lake.create_table("orders", schema, keys=["id"], sequence="at")
        return lake

    @staticmethod
    def write(lake: Lake, *given: tuple[int, int | None, str], mode: ModeName = "upsert") -> Any:
        ids, at, values = zip(*given, strict=True)
        schema = lake.table("orders").schema
        table = pa.table([ids, pa.array(at, pa.int64()).cast(pa.timestamp("us")), values], schema=schema)
        return lake.write("orders", table, mode=mode)

    def test_an_older_row_never_replaces_a_newer_one(self, lake: Lake) -> None:
        self.write(lake, (1, 10, "new"))
        result = self.write(lake, (1, 5, "old"), (2, 5, "other"))
        assert (result.rows_inserted, result.rows_updated) == (1, 0)
        assert rows(lake, "SELECT id, v FROM orders ORDER BY id") == [(1, "new"), (2, "other")]

    def test_a_newer_or_equal_row_replaces(self, lake: Lake) -> None:
        self.write(lake, (1, 10, "a"), (2, 10, "b"))
        self.write(lake, (1, 10, "A"), (2, 11, "B"))
        assert rows(lake, "SELECT id, v FROM orders ORDER BY id") == [(1, "A"), (2, "B")]

    def test_within_a_batch_the_highest_wins_and_null_is_lowest(self, lake: Lake) -> None:
        self.write(lake, (1, 3, "a"), (1, 9, "best"), (1, None, "none"), (1, 5, "c"), (2, None, "x"), (2, None, "y"))
        assert rows(lake, "SELECT id, v FROM orders ORDER BY id") == [(1, "best"), (2, "y")]
        self.write(lake, (1, None, "late"), (2, 0, "z"))
        assert rows(lake, "SELECT id, v FROM orders ORDER BY id") == [(1, "best"), (2, "z")]

    def test_a_batch_of_only_older_rows_leaves_no_file(self, lake: Lake) -> None:
        self.write(lake, (1, 10, "new"))
        assert self.write(lake, (1, 1, "old")).files_added == 0
