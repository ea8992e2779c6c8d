"""Renaming, dropping and undropping tables; tags and tombstones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.application.writes.write_modes import ModeName
from supertable.domain.errors import (
    AlreadyExists,
    InvalidName,
    InvalidStatement,
    NotFound,
    StatementRefused,
    TableExists,
    TableNotFound,
    VersionNotFound,
)
from supertable.entrypoints.sdk.lakes.lake import Lake
from supertable.entrypoints.sdk.tables.table import Table

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string())])


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    """Table `t` has one row at version 2, two at 3, one at 4."""
    with supertable.connect(home=home) as lake:
        lake.create_table("t", SCHEMA, keys=["id"])
        lake.write("t", rows((1, "a")))
        lake.write("t", rows((2, "b")))
        lake.delete("t", where="id = 1", reason="on request", properties={"user": "ann"})
        yield lake


@pytest.fixture
def table(lake: Lake) -> Table:
    return lake.table("t")


def rows(*given: tuple[int, str]) -> pa.Table:
    return pa.table([list(column) for column in zip(*given, strict=True)], schema=SCHEMA)


def ids(lake: Lake, source: str = "t") -> list[int]:
    return lake.sql(f"SELECT id FROM {source} ORDER BY id").arrow().column("id").to_pylist()


def names(lake: Lake) -> list[str]:
    return [info.name for info in lake.tables()]


def lose_catalog(lake: Lake) -> None:
    for file in (lake.settings.home / "catalog").rglob("*.sqlite*"):
        file.unlink()


class TestRename:
    def test_the_new_name_has_rows_versions_and_tags(self, lake: Lake, table: Table) -> None:
        table.tag("first", 2)
        renamed = lake.rename("t", "u")
        assert (names(lake), ids(lake, "u"), renamed.tags()) == (["u"], [2], {"first": 2})
        assert ids(lake, "u AT (VERSION => 3)") == [1, 2]
        with pytest.raises(TableNotFound):
            lake.sql("FROM t")
        with pytest.raises(TableNotFound):
            table.info()
        assert lake.create_table("t", SCHEMA).info().version == 1

    def test_may_change_case_only_or_nothing(self, lake: Lake) -> None:
        lake.rename("t", "T")
        assert (names(lake), ids(lake, "t")) == (["T"], [2])
        assert lake.rename("t", "T").name == "T"

    @pytest.mark.parametrize(
        ("name", "new_name", "error"),
        [
            ("nope", "u", TableNotFound),
            ("t", "other", TableExists),
            ("t", "OTHER", TableExists),
            ("t", "main", TableExists),
            ("t", "Main", TableExists),
            ("t", "a b", InvalidName),
            ("t", "", InvalidName),
        ],
    )
    def test_refusals_change_nothing(self, lake: Lake, name: str, new_name: str, error: type[Exception]) -> None:
        lake.create_table("other", SCHEMA)
        with pytest.raises(error):
            lake.rename(name, new_name)
        assert names(lake) == ["other", "t"]

    def test_a_concurrent_write_succeeds(self, lake: Lake) -> None:
        assert lake.write("t", rows_after(lambda: lake.rename("t", "u"))).version == 5
        assert ids(lake, "u") == [2, 9]


class TestDrop:
    def test_the_name_is_free_at_once_and_undrop_restores_the_table(self, lake: Lake) -> None:
        before = dt.datetime.now(dt.UTC)
        lake.drop("T")
        assert names(lake) == []
        (dropped,) = lake.dropped_tables()
        assert dropped.name == "t"
        assert before - dt.timedelta(seconds=5) < dropped.dropped_at < before + dt.timedelta(seconds=5)
        lake.create_table("t", SCHEMA)
        assert ids(lake) == []
        assert lake.undrop("t", as_name="back").name == "back"
        assert (names(lake), ids(lake, "back"), ids(lake)) == (["back", "t"], [2], [])
        assert lake.dropped_tables() == []

    def test_undrop_restores_the_most_recently_dropped_table(self, lake: Lake) -> None:
        lake.drop("t")
        lake.create_table_from("t", rows((7, "g")))
        lake.drop("t")
        assert [table.name for table in lake.dropped_tables()] == ["t", "t"]
        assert lake.undrop("T").name == "t"
        assert ids(lake) == [7]
        lake.undrop("t", as_name="first")
        assert ids(lake, "first") == [2]

    def test_errors_for_a_dropped_table_mention_undrop(self, lake: Lake, table: Table) -> None:
        lake.drop("t")
        reads: list[Callable[[], Any]] = [
            lambda: lake.sql("FROM t"),
            lambda: lake.sql("FROM t AT (VERSION => 2)"),
            table.info,
            table.history,
            lambda: lake.write("t", rows((1, "a")), create=False),
            lambda: lake.rename("t", "u"),
            lambda: lake.drop("t"),
            lambda: table.tag("x"),
        ]
        for read in reads:
            with pytest.raises(TableNotFound, match=r"It was dropped; `undrop` brings it back\."):
                read()

    def test_undrop_needs_a_free_name_and_a_dropped_table(self, lake: Lake) -> None:
        with pytest.raises(TableExists):
            lake.undrop("t")
        with pytest.raises(TableNotFound, match="No table of that name was dropped"):
            lake.undrop("nope")
        lake.drop("t")
        lake.create_table("T", SCHEMA)
        with pytest.raises(TableExists):
            lake.undrop("t")
        with pytest.raises(TableExists):
            lake.undrop("t", as_name="main")
        with pytest.raises(InvalidName):
            lake.undrop("t", as_name="a.b")
        assert len(lake.dropped_tables()) == 1

    def test_a_result_bound_before_the_drop_still_has_its_rows(self, lake: Lake) -> None:
        result = lake.sql("SELECT id FROM t")
        lake.drop("t")
        assert result.arrow().to_pylist() == [{"id": 2}]

    @pytest.mark.parametrize("mode", ["append", "upsert", "overwrite"])
    def test_a_concurrent_write_is_refused_and_leaves_no_rows(self, lake: Lake, mode: ModeName) -> None:
        with pytest.raises(TableNotFound, match="undrop"):
            lake.write("t", rows_after(lambda: lake.drop("t")), mode=mode)
        lake.undrop("t")
        assert ids(lake) == [2]

    def test_a_concurrent_write_does_not_reach_a_new_table_of_the_same_name(self, lake: Lake) -> None:
        def replace() -> None:
            lake.drop("t")
            lake.create_table("t", SCHEMA)

        with pytest.raises(TableNotFound):
            lake.write("t", rows_after(replace))
        assert ids(lake) == []

    def test_nothing_is_forgotten_with_a_lost_catalog(self, lake: Lake) -> None:
        lake.drop("t")
        lose_catalog(lake)
        assert names(lake) == []
        lake.undrop("t")
        lose_catalog(lake)
        assert ids(lake) == [2]
        lake.rename("t", "u")
        lose_catalog(lake)
        assert names(lake) == ["u"]
        lake.table("u").tag("first", 2)
        lose_catalog(lake)
        assert ids(lake, "u AT (VERSION => 'first')") == [1]
        lake.clone("u", "w", "first")
        lose_catalog(lake)
        assert (names(lake), ids(lake, "w")) == (["u", "w"], [1])


class TestTags:
    def test_tags_name_versions(self, lake: Lake, table: Table) -> None:
        assert table.tag("now") == 4
        assert table.tag("v1.0", 2) == 2
        assert table.tag("release-2", "V1.0") == 2
        assert table.tags() == {"now": 4, "release-2": 2, "v1.0": 2}
        assert ids(lake, "t AT (VERSION => 'v1.0')") == [1]
        assert ids(lake, "t AT (VERSION => 'Release-' || 2)") == [1]
        assert ids(lake, "t AT (VERSION => '3')") == [1, 2]
        both = "SELECT (SELECT count(*) FROM t AT (VERSION => 'v1.0')) - (SELECT count(*) FROM t) AS n"
        assert lake.sql(both).arrow().to_pylist() == [{"n": 0}]

    def test_a_tag_stays_at_its_version(self, lake: Lake, table: Table) -> None:
        table.tag("now")
        lake.write("t", rows((5, "e")))
        assert table.tags() == {"now": 4}

    def test_a_tag_moves_only_with_replace(self, table: Table) -> None:
        table.tag("x", 2)
        assert table.tag("x", 2) == 2
        with pytest.raises(AlreadyExists, match="at version 2. Use replace"):
            table.tag("X", 3)
        assert table.tag("X", 3, replace=True) == 3
        assert table.tags() == {"X": 3}

    def test_untag(self, lake: Lake, table: Table) -> None:
        table.tag("x", 2)
        table.untag("X")
        assert table.tags() == {}
        with pytest.raises(NotFound, match="has no tag 'x'; its tags: none"):
            table.untag("x")

    def test_restore_to_a_tag(self, lake: Lake, table: Table) -> None:
        table.tag("both", 3)
        assert table.restore("both").version == 5
        assert (ids(lake), table.history(1)[0].restored) == ([1, 2], 3)

    @pytest.mark.parametrize("name", ["", "7", "2024", "a b", ".x", "-x", "x/y", "x" * 129, "é", None, 3])
    def test_bad_names_are_refused(self, table: Table, name: Any) -> None:
        with pytest.raises(InvalidName, match="tag name"):
            table.tag(name)
        assert table.tags() == {}

    @pytest.mark.parametrize(("version", "error"), [(0, VersionNotFound), (5, VersionNotFound), ("x", NotFound)])
    def test_only_existing_versions_get_tags(self, table: Table, version: int | str, error: type[Exception]) -> None:
        with pytest.raises(error):
            table.tag("new", version)
        assert table.tags() == {}

    @pytest.mark.parametrize(
        ("sql", "error", "message"),
        [
            ("FROM t AT (VERSION => 'v2')", NotFound, r"Table t has no tag 'v2'; its tags: v1\.0, x\."),
            ("FROM t AT (VERSION => 'no tag')", InvalidStatement, "needs a version number or a tag"),
            ("FROM main AT (VERSION => 'x')", StatementRefused, "no version in common"),
        ],
    )
    def test_errors_for_tags(self, lake: Lake, table: Table, sql: str, error: type[Exception], message: str) -> None:
        table.tag("v1.0", 2)
        table.tag("x", 2)
        with pytest.raises(error, match=message):
            lake.sql(sql)


def test_tombstones_list_deletes_whose_rows_stay_readable(lake: Lake, table: Table) -> None:
    lake.write("t", rows((1, "again"), (3, "c")))
    lake.delete("t", keys=pa.table({"id": [1, 3, 8]}), reason="gdpr")
    for number in range(110):
        lake.write("t", rows((2, str(number))), mode="upsert")
    lake.delete("t", where="id = 99")
    found = table.tombstones()
    assert [(entry.version, entry.operation, entry.keys, entry.reason, entry.rows) for entry in found] == [
        (117, "delete", None, "", 0),
        (6, "delete", 3, "gdpr", 2),
        (4, "delete", None, "on request", 1),
    ]
    assert [entry.predicate is None for entry in found] == [False, True, False]
    assert found[2].properties == {"user": "ann"}
    assert [entry.version for entry in table.tombstones(limit=2)] == [117, 6]
    deleted = (
        f"SELECT id FROM t AT (VERSION => {found[1].version - 1}) EXCEPT FROM (SELECT id FROM t AT (VERSION => 6))"
    )
    assert sorted(row["id"] for row in lake.sql(deleted).arrow().to_pylist()) == [1, 3]


def rows_after(change: Callable[[], Any]) -> pa.RecordBatchReader:
    """A reader of one row, which makes a concurrent change to the table before it yields the row."""

    def batches() -> Iterator[pa.RecordBatch]:
        change()
        yield from rows((9, "i")).to_batches()

    return pa.RecordBatchReader.from_batches(SCHEMA, batches())
