"""Writing and reading back through the Python API, on a real embedded lake."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import supertable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import (
    IncompatibleSchema,
    InvalidInput,
    InvalidName,
    InvalidSchema,
    InvalidStatement,
    TableExists,
    TableNotFound,
    VersionNotFound,
)
from supertable.entrypoints.sdk.lake import Lake

ORDERS = pa.schema([("id", pa.int64()), ("region", pa.string()), ("price", pa.float64())])


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        yield lake


def orders(*rows: tuple[int, str | None, float | None]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []], schema=ORDERS)


def rows(lake: Lake, sql: str = "SELECT * FROM orders ORDER BY ALL") -> list[tuple[Any, ...]]:
    table = lake.sql(sql).arrow()
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.fixture
def keyed(lake: Lake) -> Lake:
    lake.create_table("orders", ORDERS, keys=["id"])
    return lake


class TestNamesAndTables:
    def test_a_new_table_is_empty_at_version_1(self, lake: Lake) -> None:
        lake.create_table("orders", ORDERS, comment="all of them")
        info = lake.table("orders").info()
        assert (info.version, info.rows, info.files, info.comment) == (1, 0, 0, "all of them")
        assert lake.sql("SELECT * FROM orders").arrow().schema.names == ORDERS.names

    def test_names_match_without_case_and_keep_it(self, lake: Lake) -> None:
        lake.create_table("Orders", ORDERS)
        assert [table.name for table in lake.tables()] == ["Orders"]
        assert rows(lake, "SELECT count(*) FROM oRDERS") == [(0,)]
        with pytest.raises(TableExists):
            lake.create_table("orders", ORDERS)

    @pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 129, "é", None])
    def test_bad_names_are_refused_everywhere(self, lake: Lake, home: Path, name: Any) -> None:
        with pytest.raises(InvalidName):
            lake.create_table(name, ORDERS)
        if name:
            with pytest.raises(InvalidName):
                supertable.connect(home=home, organization=name)
            with pytest.raises(InvalidName):
                supertable.connect(home=home, supertable=name)

    def test_unknown_tables_are_named(self, lake: Lake) -> None:
        for use in (lambda: lake.write("nope", orders()), lambda: lake.table("nope"), lambda: lake.sql("FROM nope")):
            with pytest.raises(TableNotFound, match="nope"):
                use()

    def test_organizations_and_supertables_do_not_see_each_other(self, home: Path) -> None:
        for organization, name in (("a", "x"), ("a", "y"), ("b", "x")):
            with supertable.connect(home=home, organization=organization, supertable=name) as lake:
                lake.create_table("t", ORDERS)
                lake.write("t", orders((1, organization + name, 0.0)))
        with supertable.connect(home=home, organization="A", supertable="X") as lake:
            assert rows(lake, "SELECT region FROM t") == [("ax",)]
            assert rows(lake, "SELECT region FROM y.t") == [("ay",)]
            with pytest.raises(TableNotFound):
                lake.sql("SELECT * FROM b.x.t")

    def test_connecting_writes_nothing(self, home: Path) -> None:
        with supertable.connect(home=home / "new") as lake:
            assert lake.tables() == []
            with pytest.raises(TableNotFound):
                lake.sql("FROM t")
        assert not (home / "new" / "storage").exists()


class TestAppend:
    def test_rows_come_back(self, lake: Lake) -> None:
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

    def test_no_rows_make_a_version_and_no_file(self, lake: Lake) -> None:
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
    def test_any_arrow_source_will_do(self, lake: Lake, data: Any) -> None:
        lake.create_table("orders", ORDERS)
        lake.write("orders", data)
        assert rows(lake) == [(1, "eu", 2.5)]

    @pytest.mark.parametrize("data", [None, 3, "text", [{"id": 1}], {"id": [1]}, object()])
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


class TestCreateFrom:
    def test_makes_the_table_and_fills_it(self, lake: Lake) -> None:
        result = lake.create_table_from("orders", orders((1, "eu", 1.0), (1, "us", 2.0)), keys=["id"])
        assert (result.version, result.rows_inserted) == (2, 1)
        assert rows(lake) == [(1, "us", 2.0)]
        with pytest.raises(TableExists):
            lake.create_table_from("orders", orders())

    def test_there_is_no_table_when_its_rows_fail(self, lake: Lake) -> None:
        def batches() -> Iterator[pa.RecordBatch]:
            yield orders((1, "eu", 1.0)).to_batches()[0]
            raise RuntimeError("the source broke")

        with pytest.raises(Exception, match="the source broke"):
            lake.create_table_from("orders", pa.RecordBatchReader.from_batches(ORDERS, batches()))
        assert lake.tables() == []
        lake.create_table("orders", ORDERS)


class TestUpsert:
    def test_the_last_write_wins(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0), (2, "eu", 2.0)), mode="upsert")
        result = keyed.write("orders", orders((2, "us", 20.0), (3, "us", 30.0)), mode="upsert")
        assert (result.rows_inserted, result.rows_updated, result.rows_deleted) == (1, 1, 0)
        assert rows(keyed) == [(1, "eu", 1.0), (2, "us", 20.0), (3, "us", 30.0)]

    @pytest.mark.parametrize("mode", ["append", "upsert", "overwrite"])
    def test_a_batch_with_duplicate_keys_keeps_its_last_row(self, keyed: Lake, mode: str) -> None:
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
    def test_any_plain_type_can_be_a_key(self, lake: Lake, kind: pa.DataType, values: list[Any]) -> None:
        schema = pa.schema([("k", kind), ("v", pa.int64())])
        lake.create_table("t", schema, keys=["k"])
        keys = pa.array([*values, None], kind)
        for value in (1, 2):
            result = lake.write("t", pa.table([keys, [value] * len(keys)], schema=schema), mode="upsert")
        assert (result.rows_inserted, result.rows_updated) == (0, len(keys))
        assert rows(lake, "SELECT count(*), min(v), max(v) FROM t") == [(len(keys), 2, 2)]
        assert lake.delete("t", keys=pa.table({"k": keys})).rows_deleted == len(keys)

    def test_zeroes_of_either_sign_and_all_nans_are_one_key(self, lake: Lake) -> None:
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

    def test_many_rounds_agree_with_a_dictionary(self, keyed: Lake) -> None:
        random = np.random.default_rng(7)
        model: dict[int, float] = {}
        for round_ in range(15):
            ids = random.integers(0, 200, 60)
            prices = random.random(60)
            keyed.write("orders", pa.table({"id": ids, "region": ["r"] * 60, "price": prices}, schema=ORDERS), "upsert")
            model.update(zip(ids.tolist(), prices.tolist(), strict=True))
            if round_ % 4 == 3:
                gone = random.integers(0, 200, 20)
                keyed.delete("orders", keys=pa.table({"id": gone}))
                for key in gone.tolist():
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
    def test_columns_that_are_not_given_keep_their_values(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0), (2, "us", 2.0)))
        result = keyed.write("orders", pa.table({"price": [20.0, 30.0], "id": [2, 3]}), mode="upsert")
        assert (result.rows_inserted, result.rows_updated) == (1, 1)
        assert rows(keyed) == [(1, "eu", 1.0), (2, "us", 20.0), (3, None, 30.0)]

    def test_of_duplicates_the_last_counts_as_a_whole(self, keyed: Lake) -> None:
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
            for entry in keyed.container.tables().all(keyed._namespace, Permission.META)
            for path in entry.snapshot.files
        }
        assert len(list(home.rglob("*.parquet"))) <= len(known) + 3  # of the partial rows nothing stays behind


class TestSequence:
    @pytest.fixture
    def lake(self, lake: Lake) -> Lake:
        schema = pa.schema([("id", pa.int64()), ("at", pa.timestamp("us")), ("v", pa.string())])
        lake.create_table("orders", schema, keys=["id"], sequence="at")
        return lake

    @staticmethod
    def write(lake: Lake, *given: tuple[int, int | None, str], mode: str = "upsert") -> Any:
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


class TestOverwrite:
    def test_replaces_everything(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "a", 1.0), (2, "b", 2.0)))
        result = keyed.write("orders", orders((3, "c", 3.0)), mode="overwrite")
        assert (result.rows_inserted, result.rows_deleted) == (1, 2)
        assert rows(keyed) == [(3, "c", 3.0)]

    def test_with_nothing_empties(self, keyed: Lake) -> None:
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
            with pytest.raises(InvalidInput, match="1 of the rows"):
                keyed.write("orders", given, "overwrite", where=where)
        with pytest.raises(InvalidInput, match="overwrite only"):
            keyed.write("orders", orders(), "upsert", where="true")
        with pytest.raises(InvalidStatement):
            keyed.write("orders", orders(), "overwrite", where="nope = 1")
        assert rows(keyed) == [(1, "eu", 1.0)]

    def test_unknown_modes_are_refused(self, keyed: Lake) -> None:
        with pytest.raises(InvalidInput, match="append, upsert, overwrite"):
            keyed.write("orders", orders(), mode="merge")


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

    def test_deleted_keys_can_come_back_and_old_versions_keep_them(self, keyed: Lake) -> None:
        keyed.delete("orders", where="true")
        assert rows(keyed) == []
        assert keyed.table("orders").info().files == 0
        keyed.write("orders", orders((1, "again", 9.0)), mode="upsert")
        assert rows(keyed) == [(1, "again", 9.0)]
        assert [row[0] for row in rows(keyed, "FROM orders AT (VERSION => 2) ORDER BY ALL")] == [1, 2, 3]

    def test_of_nothing_is_a_version_with_a_tombstone(self, keyed: Lake) -> None:
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
    def test_new_columns_only_when_asked(self, keyed: Lake) -> None:
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
        with pytest.raises(IncompatibleSchema, match="int8.*int64"):
            lake.write("t", data)
        lake.write("t", data, evolve=True)
        assert rows(lake, "SELECT i, f, d FROM t ORDER BY i") == [
            (1, 0.5, Decimal("1.500")),
            (2**40, 0.1, Decimal("12345678901.234")),
        ]
        assert rows(lake, "SELECT count(*) FROM t WHERE d > 1.4 AND d < 1.6 AND t = '2024-01-01'") == [(1,)]
        lake.write("t", pa.table([[3], [0.25], [Decimal("2.5")], [at]], schema=narrow))
        assert rows(lake, "SELECT count(*) FROM t") == [(3,)]

    def test_what_cannot_be_widened_names_both_types(self, keyed: Lake) -> None:
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

    def test_deletes_too(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0)))
        keyed.delete("orders", where="true", idempotency_key="d")
        keyed.write("orders", orders((2, "eu", 1.0)))
        assert keyed.delete("orders", where="true", idempotency_key="d").replayed
        assert rows(keyed) == [(2, "eu", 1.0)]

    def test_keys_and_properties_are_bounded_text(self, keyed: Lake) -> None:
        for bad in ({"idempotency_key": ""}, {"idempotency_key": "x" * 256}, {"properties": {"a": 1}}):
            with pytest.raises(InvalidInput):
                keyed.write("orders", orders(), **bad)
        with pytest.raises(InvalidInput):
            keyed.write("orders", orders(), properties={"a": "x" * 70_000})


class TestHistory:
    def test_lists_commits_newest_first_with_what_they_did(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0)), properties={"source": "erp", "job": "7"}, idempotency_key="k")
        keyed.write("orders", orders((1, "us", 2.0)), mode="upsert")
        keyed.delete("orders", where="id = 1", reason="asked for")
        history = keyed.table("orders").history()
        assert [(entry.version, entry.operation) for entry in history] == [
            (4, "delete"),
            (3, "upsert"),
            (2, "append"),
            (1, "create"),
        ]
        assert (history[0].rows_deleted, history[1].rows_updated, history[2].rows_inserted) == (1, 1, 1)
        assert (history[2].properties, history[2].idempotency_key) == ({"source": "erp", "job": "7"}, "k")
        assert [entry.version for entry in keyed.table("orders").history(limit=2)] == [4, 3]
        moments = [entry.committed_at for entry in history]
        assert moments == sorted(moments, reverse=True)

    def test_time_travel_by_version_and_timestamp(self, keyed: Lake) -> None:
        for i in range(3):
            keyed.write("orders", orders((1, f"v{i}", float(i))), mode="upsert")
        by_version = {entry.version: entry.committed_at for entry in keyed.table("orders").history()}
        for version, moment in by_version.items():
            expected = [] if version == 1 else [(1, f"v{version - 2}", float(version - 2))]
            assert rows(keyed, f"FROM orders AT (VERSION => {version})") == expected
            assert rows(keyed, f"FROM orders AT (TIMESTAMP => '{moment:%Y-%m-%d %H:%M:%S.%f}')") == expected
        joined = "SELECT a.region, b.region FROM orders AS a AT (VERSION => 2) JOIN orders AS b USING (id)"
        assert rows(keyed, joined) == [("v0", "v2")]
        for bad in ("VERSION => 0", "VERSION => 5", "VERSION => -1", "TIMESTAMP => '1999-01-01'"):
            with pytest.raises(VersionNotFound):
                keyed.sql(f"FROM orders AT ({bad})")

    def test_restore_brings_back_rows_and_columns(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0)))
        keyed.write("orders", orders((1, "us", 2.0)).append_column("note", pa.array(["n"])), "upsert", evolve=True)
        keyed.delete("orders", where="true")
        result = keyed.table("orders").restore(2)
        assert (result.version, result.operation) == (5, "restore")
        assert rows(keyed) == [(1, "eu", 1.0)]
        assert keyed.table("orders").history(1)[0].restored == 2
        keyed.table("orders").restore(3)
        assert rows(keyed) == [(1, "us", 2.0, "n")]
        keyed.write("orders", orders((2, "x", 0.0)).append_column("other", pa.array([1])), evolve=True)
        assert rows(keyed) == [(1, "us", 2.0, "n", None), (2, "x", 0.0, None, 1)]
        for version in (0, 99, -3):
            with pytest.raises(VersionNotFound):
                keyed.table("orders").restore(version)


class TestUnionOfTables:
    def test_the_supertable_is_the_union_by_name_of_its_tables(self, lake: Lake) -> None:
        lake.create_table("a", pa.schema([("x", pa.int32()), ("y", pa.string())]))
        lake.create_table("B", pa.schema([("z", pa.bool_()), ("x", pa.int64())]))
        lake.write("a", pa.table({"x": pa.array([1], pa.int32()), "y": ["why"]}))
        lake.write("B", pa.table({"z": [True], "x": [2]}))
        table = lake.sql("SELECT * FROM main ORDER BY x").arrow()
        assert table.to_pylist() == [
            {"_table": "a", "x": 1, "y": "why", "z": None},
            {"_table": "B", "x": 2, "y": None, "z": True},
        ]

    def test_no_table_may_take_the_supertables_name(self, lake: Lake) -> None:
        with pytest.raises(TableExists):
            lake.create_table("Main", ORDERS)


class TestManyProcesses:
    def test_two_lakes_see_each_others_writes(self, home: Path) -> None:
        with supertable.connect(home=home) as one, supertable.connect(home=home) as two:
            one.create_table("orders", ORDERS, keys=["id"])
            for i in range(6):
                (one, two)[i % 2].write("orders", orders((i, "r", float(i))), mode="upsert")
                assert len(rows((two, one)[i % 2])) == i + 1

    def test_the_catalog_file_may_be_deleted_at_any_time(self, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            lake.create_table("orders", ORDERS)
            for i in range(3):
                lake.write("orders", orders((i, "r", 0.0)))
                for file in (home / "catalog").rglob("*.sqlite*"):
                    file.unlink()
                assert len(rows(lake)) == i + 1
        report = supertable.connect(home=home).rebuild_catalog()
        assert (report.tables, report.logs) == (1, 2)

    def test_a_damaged_catalog_says_what_to_do_and_is_rebuilt(self, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            lake.create_table("orders", ORDERS)
            lake.write("orders", orders((1, "r", 0.0)))
        for file in (home / "catalog").rglob("*.sqlite*"):
            file.write_bytes(b"garbage " * 1000)
        with supertable.connect(home=home) as lake:
            with pytest.raises(supertable.SupertableError, match="catalog rebuild"):
                lake.tables()
            lake.rebuild_catalog()
            assert rows(lake) == [(1, "r", 0.0)]


class TestCounting:
    @pytest.fixture
    def keyed(self, keyed: Lake) -> Lake:
        keyed.write("orders", orders((1, "eu", 1.0), (2, "us", 2.0), (3, None, None)))
        keyed.write("orders", orders((2, "US", 20.0)), mode="upsert")
        keyed.delete("orders", where="id = 3")
        return keyed

    @pytest.mark.parametrize(
        ("sql", "expected"),
        [
            ("SELECT count(*) FROM orders", [(2,)]),
            ("SELECT count(*) + 1, 'x' FROM orders", [(3, "x")]),
            ("SELECT count(*) FROM orders AT (VERSION => 2)", [(3,)]),
            ("SELECT (SELECT count(*) FROM orders), count(*) FROM orders AT (VERSION => 1)", [(2, 0)]),
            ("SELECT count(*) FROM main", [(2,)]),
            ("SELECT count(*) FROM table_changes('orders', 2)", [(3,)]),
            ("SELECT count(region) FROM orders", [(2,)]),
            ("SELECT count(*) FROM orders WHERE id > 1", [(1,)]),
            ("SELECT count(*) FILTER (WHERE price > 5) FROM orders", [(1,)]),
            ("SELECT DISTINCT 1 FROM orders", [(1,)]),
            ("SELECT 7 FROM orders LIMIT 1", [(7,)]),
            ("SELECT count(*) FROM orders GROUP BY region ORDER BY 1", [(1,), (1,)]),
            ("SELECT count(*) FROM orders HAVING count(*) > 5", []),
            ("SELECT count(*) FROM orders a, orders b", [(4,)]),
            ("SELECT sum(n) FROM (SELECT count(*) AS n FROM orders UNION ALL SELECT 10)", [(12,)]),
        ],
    )
    def test_counts_are_exact_whichever_way_they_are_asked_for(self, keyed: Lake, sql: str, expected: Any) -> None:
        assert rows(keyed, sql) == expected

    def test_a_bare_count_opens_no_file(self, keyed: Lake, home: Path) -> None:
        for file in home.rglob("*.parquet"):
            file.unlink()
        assert rows(keyed, "SELECT count(*) FROM orders") == [(2,)]
