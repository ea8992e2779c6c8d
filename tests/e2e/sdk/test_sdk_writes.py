"""Appends, overwrites, deletes and schema evolution through the Python API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from supertable.domain.errors import (
    IncompatibleSchema,
    InvalidInput,
    InvalidSchema,
    InvalidStatement,
)
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.orders import ORDERS, orders, rows


class TestAppend:
    def test_written_rows_are_read(self, lake: Lake) -> None:
        lake.create_table("orders", ORDERS)
        result = lake.write("orders", orders((1, "eu", 2.5), (2, None, None)))
        assert (result.version, result.rows_inserted, result.files_added, result.replayed) == (2, 2, 1, False)
        assert result.bytes_added > 0
        assert rows(lake) == [(1, "eu", 2.5), (2, None, None)]

    def test_without_keys_rows_may_repeat(self, lake: Lake) -> None:
        lake.create_table("orders", ORDERS)
        for _ in range(2):
            lake.write("orders", orders((1, "eu", 1.0), (1, "eu", 1.0)))
        assert rows(lake, "SELECT count(*) FROM orders") == [(4,)]

    def test_empty_data_makes_a_version_without_a_file(self, lake: Lake) -> None:
        lake.create_table("orders", ORDERS)
        for empty in (orders(), pa.RecordBatchReader.from_batches(ORDERS, [])):
            result = lake.write("orders", empty)
            assert (result.rows_inserted, result.files_added) == (0, 0)
        assert lake.table("orders").info().version == 3

    @pytest.mark.parametrize(
        "data",
        [
            pl.DataFrame({"id": [1], "region": ["eu"], "price": [2.5]}),
            pd.DataFrame({"id": [1], "region": ["eu"], "price": [2.5]}),
            orders((1, "eu", 2.5)).to_batches()[0],
            orders((1, "eu", 2.5)).to_reader(),
            pa.table({"PRICE": [2.5], "Id": pa.array([1], pa.int8()), "region": pa.array(["eu"]).dictionary_encode()}),
        ],
        ids=["polars", "pandas", "batch", "reader", "other order and types"],
    )
    def test_any_arrow_source_is_accepted(self, lake: Lake, data: Any) -> None:
        lake.create_table("orders", ORDERS)
        lake.write("orders", data)
        assert rows(lake) == [(1, "eu", 2.5)]

    @pytest.mark.parametrize("data", [None, 3, "text", [1], {"id": 1}, object()])
    def test_other_sources_are_refused(self, lake: Lake, data: Any) -> None:
        lake.create_table("orders", ORDERS)
        with pytest.raises(InvalidInput):
            lake.write("orders", data)
        assert lake.table("orders").info().version == 1

    def test_a_source_that_fails_halfway_changes_nothing(self, lake: Lake, home: Path) -> None:
        lake.create_table("orders", ORDERS)

        def batches() -> Iterator[pa.RecordBatch]:
            for i in range(3):
                yield orders(*((i * 100_000 + n, "x" * 20, 1.0) for n in range(100_000))).to_batches()[0]
            raise RuntimeError("the source broke")

        with pytest.raises(Exception, match="the source broke"):
            lake.write("orders", pa.RecordBatchReader.from_batches(ORDERS, batches()))
        assert (lake.table("orders").info().version, rows(lake)) == (1, [])
        assert not list(home.rglob("*.parquet"))

    def test_columns_that_may_not_be_null(self, lake: Lake) -> None:
        lake.create_table("t", pa.schema([pa.field("a", pa.int32(), nullable=False), ("b", pa.int32())]))
        for bad in (pa.table({"a": pa.array([1, None], pa.int32())}), pa.table({"b": pa.array([1], pa.int32())})):
            with pytest.raises(InvalidSchema, match="may not be null"):
                lake.write("t", bad)
        lake.write("t", pa.table({"a": pa.array([1], pa.int32())}))
        assert rows(lake, "FROM t") == [(1, None)]


class TestOverwrite:
    def test_replaces_everything(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "a", 1.0), (2, "b", 2.0)))
        result = keyed.write("orders", orders((3, "c", 3.0)), mode="overwrite")
        assert (result.rows_inserted, result.rows_deleted) == (1, 2)
        assert rows(keyed) == [(3, "c", 3.0)]

    def test_empty_data_empties_the_table(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "a", 1.0)))
        keyed.write("orders", orders(), mode="overwrite")
        assert rows(keyed) == []

    def test_where_replaces_only_matching_rows(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0), (2, "eu", 2.0), (3, "us", 3.0)))
        result = keyed.write("orders", orders((2, "eu", 20.0), (4, "eu", 40.0)), "overwrite", where="region = 'eu'")
        assert (result.rows_inserted, result.rows_deleted) == (2, 2)
        assert rows(keyed) == [(2, "eu", 20.0), (3, "us", 3.0), (4, "eu", 40.0)]
        keyed.write("orders", orders((3, "eu", 30.0)), "overwrite", where="region = 'eu'")
        assert rows(keyed) == [(3, "eu", 30.0)]  # keys stay unique

    def test_where_refuses_rows_that_do_not_match(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0)))
        for given, where in ((orders((2, "us", 2.0)), "region = 'eu'"), (orders((2, None, 2.0)), "region <> 'eu'")):
            with pytest.raises(InvalidInput, match="1 of the new rows"):
                keyed.write("orders", given, "overwrite", where=where)
        with pytest.raises(InvalidInput, match="Only the mode overwrite"):
            keyed.write("orders", orders(), "upsert", where="true")
        with pytest.raises(InvalidStatement):
            keyed.write("orders", orders(), "overwrite", where="nope = 1")
        assert rows(keyed) == [(1, "eu", 1.0)]

    def test_unknown_modes_are_refused(self, keyed: Lake) -> None:
        with pytest.raises(InvalidInput, match="append, upsert, overwrite"):
            keyed.write("orders", orders(), mode="merge")  # type: ignore[arg-type]


class TestDelete:
    @pytest.fixture
    def keyed(self, keyed: Lake) -> Lake:
        keyed.write("orders", orders((1, "eu", 1.0), (2, None, 2.0), (3, "us", None)))
        return keyed

    def test_by_predicate_where_it_is_true(self, keyed: Lake) -> None:
        assert keyed.delete("orders", where="region <> 'eu'").rows_deleted == 1
        assert [row[0] for row in rows(keyed)] == [1, 2]

    def test_by_keys(self, keyed: Lake) -> None:
        assert keyed.delete("orders", keys=pa.table({"ID": pa.array([3, 3, 99], pa.int32())})).rows_deleted == 1
        assert [row[0] for row in rows(keyed)] == [1, 2]

    def test_deleted_keys_can_be_written_again_and_old_versions_keep_them(self, keyed: Lake) -> None:
        keyed.delete("orders", where="true")
        assert rows(keyed) == []
        assert keyed.table("orders").info().files == 0
        keyed.write("orders", orders((1, "again", 9.0)), mode="upsert")
        assert rows(keyed) == [(1, "again", 9.0)]
        assert [row[0] for row in rows(keyed, "FROM orders AT (VERSION => 2) ORDER BY ALL")] == [1, 2, 3]

    def test_a_delete_of_no_rows_is_a_version_with_a_tombstone(self, keyed: Lake) -> None:
        result = keyed.delete("orders", where="id > 100", reason="tidy")
        assert (result.version, result.rows_deleted) == (3, 0)
        newest = keyed.table("orders").history(1)[0]
        assert (newest.operation, newest.reason) == ("delete", "tidy")
        assert "100" in (newest.predicate or "")

    @pytest.mark.parametrize(
        "predicate",
        [
            "",
            "nope = 1",
            "id = ",
            "id IN (SELECT 1)",
            "true; DROP TABLE orders",
            "EXISTS (FROM orders)",
            "read_text('/etc/passwd') IS NULL",
            "sum(id) > 1",
            "row_number() OVER () = 1",
            "true) OR (true",
            "getenv('HOME') <> ''",
        ],
    )
    def test_bad_predicates_change_nothing(self, keyed: Lake, predicate: str) -> None:
        with pytest.raises(InvalidStatement):
            keyed.delete("orders", where=predicate)
        assert keyed.table("orders").info().version == 2

    def test_bad_keys_change_nothing(self, keyed: Lake) -> None:
        bad = [pa.table({"region": ["eu"]}), pa.table({"id": ["x"]}), pa.table({"id": [1], "price": [1.0]}), 7]
        for keys in bad:
            with pytest.raises(InvalidInput):
                keyed.delete("orders", keys=keys)
        for arguments in ({}, {"where": "true", "keys": pa.table({"id": [1]})}):
            with pytest.raises(InvalidInput, match="either"):
                keyed.delete("orders", **arguments)
        assert keyed.table("orders").info().version == 2


class TestEvolution:
    def test_new_columns_need_evolve(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0)))
        wider = orders((2, "us", 2.0)).append_column("note", pa.array(["hi"]))
        with pytest.raises(IncompatibleSchema, match="note"):
            keyed.write("orders", wider)
        keyed.write("orders", wider, evolve=True)
        assert rows(keyed, "SELECT id, note FROM orders ORDER BY id") == [(1, None), (2, "hi")]
        assert rows(keyed, "SELECT * FROM orders AT (VERSION => 2)") == [(1, "eu", 1.0)]

    def test_widening(self, lake: Lake) -> None:
        narrow = pa.schema(
            [("i", pa.int8()), ("f", pa.float32()), ("d", pa.decimal128(4, 1)), ("t", pa.timestamp("ms"))]
        )
        wide = pa.schema(
            [("i", pa.int64()), ("f", pa.float64()), ("d", pa.decimal128(20, 3)), ("t", pa.timestamp("us"))]
        )
        lake.create_table("t", narrow)
        at = dt.datetime(2024, 1, 1)
        lake.write("t", pa.table([[1], [0.5], [Decimal("1.5")], [at]], schema=narrow))
        data = pa.table([[2**40], [0.1], [Decimal("12345678901.234")], [at]], schema=wide)
        with pytest.raises(InvalidSchema, match="int8.*1099511627776.*int64"):
            lake.write("t", data)
        lake.write("t", data, evolve=True)
        assert rows(lake, "SELECT i, f, d FROM t ORDER BY i") == [
            (1, 0.5, Decimal("1.500")),
            (2**40, 0.1, Decimal("12345678901.234")),
        ]
        assert rows(lake, "SELECT count(*) FROM t WHERE d > 1.4 AND d < 1.6 AND t = '2024-01-01'") == [(1,)]
        lake.write("t", pa.table([[3], [0.25], [Decimal("2.5")], [at]], schema=narrow))
        assert rows(lake, "SELECT count(*) FROM t") == [(3,)]

    def test_the_error_for_a_type_that_cannot_be_widened_names_both_types(self, keyed: Lake) -> None:
        with pytest.raises(IncompatibleSchema, match=r"int64.*string"):
            keyed.write("orders", pa.table({"id": ["x"]}), evolve=True)

    def test_widened_keys_still_match(self, lake: Lake) -> None:
        lake.create_table("t", pa.schema([("k", pa.int32()), ("v", pa.string())]), keys=["k"])
        lake.write("t", pa.table({"k": pa.array([1, 2], pa.int32()), "v": ["a", "b"]}))
        lake.write("t", pa.table({"k": [2, 2**40], "v": ["B", "C"]}), mode="upsert", evolve=True)
        assert rows(lake, "SELECT * FROM t ORDER BY k") == [(1, "a"), (2, "B"), (2**40, "C")]


class TestIdempotency:
    def test_a_repeated_write_returns_the_first_result(self, keyed: Lake) -> None:
        first = keyed.write("orders", orders((1, "eu", 1.0)), idempotency_key="job-1")
        keyed.write("orders", orders((1, "us", 2.0)), mode="upsert")
        again = keyed.write("orders", orders((1, "eu", 1.0)), idempotency_key="job-1")
        assert (again.version, again.replayed, again.rows_inserted) == (first.version, True, 1)
        assert rows(keyed) == [(1, "us", 2.0)]
        assert keyed.table("orders").info().version == 3

    def test_a_repeated_delete_returns_the_first_result(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0)))
        keyed.delete("orders", where="true", idempotency_key="d")
        keyed.write("orders", orders((2, "eu", 1.0)))
        assert keyed.delete("orders", where="true", idempotency_key="d").replayed
        assert rows(keyed) == [(2, "eu", 1.0)]

    def test_idempotency_keys_and_properties_have_limits(self, keyed: Lake) -> None:
        for bad in ({"idempotency_key": ""}, {"idempotency_key": "x" * 256}, {"properties": {"a": 1}}):
            with pytest.raises(InvalidInput):
                keyed.write("orders", orders(), **bad)
        with pytest.raises(InvalidInput):
            keyed.write("orders", orders(), properties={"a": "x" * 70_000})
