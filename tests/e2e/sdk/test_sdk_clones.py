"""Zero-copy clones: they have the same rows at once, and a change to one never shows in another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import InvalidName, NotFound, TableExists, TableNotFound, VersionNotFound
from supertable.entrypoints.sdk.lakes.lake import Lake

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string())])
THREE = [(1, "a"), (2, "B"), (3, "c")]


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    """Table `t`: rows 1 and 2 at version 2, of which 2 was updated at 3; row 3 since 4."""
    with supertable.connect(home=home) as lake:
        lake.create_table("t", SCHEMA, keys=["id"], comment="fruit")
        lake.write("t", given((1, "a"), (2, "b")))
        lake.write("t", given((2, "B")), mode="upsert")
        lake.write("t", given((3, "c")))
        yield lake


def given(*rows: tuple[int, str]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=SCHEMA)


def rows(lake: Lake, source: str = "t") -> list[tuple[Any, ...]]:
    found = lake.sql(f"SELECT * FROM {source} ORDER BY id").arrow()
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def objects(lake: Lake) -> set[Path]:
    return {file for part in ("data", "deletes") for file in lake.settings.home.glob(f"storage/*/*/tables/*/{part}/*")}


def test_a_clone_has_the_rows_and_definition_without_copies(lake: Lake) -> None:
    before = objects(lake)
    clone = lake.clone("t", "c")
    info = clone.info()
    assert objects(lake) == before
    assert rows(lake, "c") == THREE
    assert (info.version, info.rows, info.dead_rows, info.keys, info.comment) == (1, 3, 1, ["id"], "fruit")
    (entry,) = clone.history()
    assert (entry.operation, entry.description) == ("clone", "clone of t at version 4")
    assert (entry.rows_inserted, entry.files_added, entry.bytes_added) == (3, 3, 0)
    assert lake.sql("SELECT v FROM c WHERE id = 2").arrow().to_pylist() == [{"v": "B"}]


def test_cloning_an_older_version_or_a_tag(lake: Lake) -> None:
    lake.table("t").tag("early", 2)
    lake.clone("t", "a", 2)
    lake.clone("t", "b", "early")
    lake.clone("t", "empty", 1)
    assert rows(lake, "a") == rows(lake, "b") == [(1, "a"), (2, "b")]
    assert rows(lake, "empty") == []
    assert lake.write("empty", given((5, "e"))).version == 2


def test_writes_to_either_never_show_in_the_other(lake: Lake) -> None:
    lake.clone("t", "c")
    assert lake.write("c", given((1, "A"), (4, "d")), mode="upsert").rows_updated == 1
    assert lake.delete("t", where="id = 3").rows_deleted == 1
    assert lake.delete("c", keys=pa.table({"id": [2]})).rows_deleted == 1
    lake.write("t", given((1, "t")), mode="upsert")
    assert rows(lake, "c") == [(1, "A"), (3, "c"), (4, "d")]
    assert rows(lake, "t") == [(1, "t"), (2, "B")]
    lake.write("c", given((7, "g")), mode="overwrite")
    assert rows(lake, "c AT (VERSION => 1)") == THREE
    assert rows(lake, "t AT (VERSION => 4)") == THREE
    assert rows(lake, "main AT (TIMESTAMP => now())") == [("t", 1, "t"), ("t", 2, "B"), ("c", 7, "g")]


def test_a_clone_restores_its_own_versions(lake: Lake) -> None:
    clone = lake.clone("t", "c")
    lake.delete("c", where="true")
    lake.write("c", given((9, "i")))
    assert clone.restore(1).version == 4
    assert rows(lake, "c") == THREE
    assert clone.history(1)[0].bytes_added == 0
    with pytest.raises(VersionNotFound):
        clone.restore(9)


def test_clones_of_clones_share_all_files(lake: Lake) -> None:
    lake.clone("t", "c")
    lake.write("c", given((1, "A"), (4, "d")), mode="upsert")
    before = objects(lake)
    lake.clone("c", "cc")
    assert objects(lake) == before
    expected = [(1, "A"), (2, "B"), (3, "c"), (4, "d")]
    assert rows(lake, "cc") == expected
    lake.delete("cc", where="id IN (2, 4)")
    lake.delete("c", where="id IN (1, 3)")
    assert rows(lake, "cc") == [(1, "A"), (3, "c")]
    assert rows(lake, "c") == [(2, "B"), (4, "d")]
    assert rows(lake, "cc AT (VERSION => 1)") == expected


def test_dropping_the_origin_does_not_change_the_clone(lake: Lake) -> None:
    lake.clone("t", "c")
    lake.clone("c", "cc")
    lake.drop("t")
    lake.drop("c")
    assert rows(lake, "cc") == THREE
    lake.write("cc", given((2, "x")), mode="upsert")
    assert rows(lake, "cc") == [(1, "a"), (2, "x"), (3, "c")]
    lake.undrop("c")
    assert rows(lake, "c") == THREE


def test_a_clone_reads_files_written_under_older_schemas(lake: Lake) -> None:
    table = lake.table("t")
    table.rename_column("v", "old")
    table.add_column("v", pa.int32())
    lake.write("t", pa.table({"id": [5], "old": ["five"], "v": pa.array([5], pa.int32())}))
    table.drop_column("old")
    clone = lake.clone("t", "c")
    lake.clone("t", "early", 4)
    assert rows(lake, "c") == [(1, None), (2, None), (3, None), (5, 5)]
    assert rows(lake, "early") == THREE
    clone.add_column("old", pa.string())
    assert rows(lake, "c") == [(1, None, None), (2, None, None), (3, None, None), (5, 5, None)]
    lake.table("early").rename_column("v", "w")
    lake.write("early", pa.table({"id": [3], "w": ["C"], "extra": [1.5]}), mode="upsert", evolve=True)
    assert rows(lake, "early") == [(1, "a", None), (2, "B", None), (3, "C", 1.5)]
    assert rows(lake, "t") == [(1, None), (2, None), (3, None), (5, 5)]


def test_a_clone_pins_the_version_but_does_not_share_idempotency_keys(lake: Lake) -> None:
    lake.write("t", given((4, "d")), idempotency_key="once")
    lake.clone("t", "c")
    assert not lake.write("c", given((5, "e")), idempotency_key="once").replayed
    registry = lake._container.tables().registry(lake._namespace)
    assert registry.find("t").pinned == {5}


def test_another_process_reads_the_clone(lake: Lake, home: Path) -> None:
    lake.clone("t", "c")
    lake.delete("c", where="id = 1")
    with supertable.connect(home=home) as other:
        assert rows(other, "c") == [(2, "B"), (3, "c")]
        assert rows(other, "c AT (VERSION => 1)") == THREE


@pytest.mark.parametrize(
    ("name", "new_name", "version", "error"),
    [
        ("nope", "c", None, TableNotFound),
        ("t", "T", None, TableExists),
        ("t", "main", None, TableExists),
        ("t", "a b", None, InvalidName),
        ("t", "c", 9, VersionNotFound),
        ("t", "c", 0, VersionNotFound),
        ("t", "c", "v1", NotFound),
    ],
)
def test_refusals_create_no_table(
    lake: Lake, name: str, new_name: str, version: int | str | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        lake.clone(name, new_name, version)
    assert [info.name for info in lake.tables()] == ["t"]
