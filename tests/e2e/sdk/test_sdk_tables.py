"""Creating, listing and naming tables through the Python API, in one process and in several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import (
    InvalidName,
    TableExists,
    TableNotFound,
)
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.orders import ORDERS, orders, rows


class TestNamesAndTables:
    def test_a_new_table_is_empty_at_version_1(self, lake: Lake) -> None:
        lake.create_table("orders", ORDERS, comment="all of them")
        info = lake.table("orders").info()
        assert (info.version, info.rows, info.files, info.comment) == (1, 0, 0, "all of them")
        assert lake.sql("SELECT * FROM orders").arrow().schema.names == ORDERS.names

    def test_names_ignore_case_and_keep_it(self, lake: Lake) -> None:
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

    def test_errors_name_the_missing_table(self, lake: Lake) -> None:
        writes = (
            lambda: lake.write("nope", orders(), create=False),
            lambda: lake.write("nope", orders(), where="true"),
        )
        for access in (*writes, lambda: lake.table("nope"), lambda: lake.sql("FROM nope")):
            with pytest.raises(TableNotFound, match="nope"):
                access()

    def test_organizations_and_supertables_are_separate(self, home: Path) -> None:
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


class TestCreateFrom:
    def test_creates_and_fills_the_table(self, lake: Lake) -> None:
        result = lake.create_table_from("orders", orders((1, "eu", 1.0), (1, "us", 2.0)), keys=["id"])
        assert (result.version, result.rows_inserted) == (2, 1)
        assert rows(lake) == [(1, "us", 2.0)]
        with pytest.raises(TableExists):
            lake.create_table_from("orders", orders())

    def test_no_table_is_created_when_its_rows_fail(self, lake: Lake) -> None:
        def batches() -> Iterator[pa.RecordBatch]:
            yield orders((1, "eu", 1.0)).to_batches()[0]
            raise RuntimeError("the source broke")

        with pytest.raises(Exception, match="the source broke"):
            lake.create_table_from("orders", pa.RecordBatchReader.from_batches(ORDERS, batches()))
        assert lake.tables() == []
        lake.create_table("orders", ORDERS)


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

    def test_a_damaged_catalog_is_filled_again(self, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            lake.create_table("orders", ORDERS)
            lake.write("orders", orders((1, "r", 0.0)))
        for file in (home / "catalog").rglob("*.sqlite*"):
            file.write_bytes(b"garbage " * 1000)
        with supertable.connect(home=home) as lake:
            assert [table.name for table in lake.tables()] == ["orders"]
            assert rows(lake) == [(1, "r", 0.0)]
