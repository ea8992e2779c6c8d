"""Bitmaps of dead rows: read and verified once for each list of files, and kept within a bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from supertable.adapters.engines.duckdb.scan.kept_bitmaps import KeptBitmaps
from supertable.domain.errors import ObjectDamaged
from supertable.domain.table.data_files import DataFile, DeletionVector


class Stored:
    """A `FileSource` that counts what is read."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.bits = {"a": b"\x80", "b": b"\x01"}

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        self.read.append(f"{folder}/{file.path}")
        return self.bits[file.path]

    def open(self, files: Sequence[tuple[str, DataFile]], stopped: Any) -> Any: ...

    def exists(self, key: str) -> bool: ...  # type: ignore[empty-body]

    def inline_rows(self, folder: str, files: Sequence[DataFile]) -> Any: ...


def file(path: str, digest: str = "1", rows: int = 8) -> DataFile:
    return DataFile(path, rows, 100, "", 1, {}, DeletionVector(f"deletes/{path}", 1, digest))


def dead(kept: KeptBitmaps, *files: DataFile, folder: str = "t", **hidden: bytes) -> list[bytes]:
    table = kept.bitmaps(folder, files, hidden)
    assert table.column("st_file").to_pylist() == list(range(len(files)))
    found: list[bytes] = table.column("st_dead").to_pylist()
    return found


def test_a_list_of_files_is_read_once() -> None:
    stored = Stored()
    kept = KeptBitmaps(stored)
    for _ in range(3):
        assert dead(kept, file("a"), file("b")) == [b"\x80", b"\x01"]
    assert stored.read == ["t/a", "t/b"]
    assert dead(kept, file("b"), file("a")) == [b"\x01", b"\x80"]


@pytest.mark.parametrize(
    ("files", "folder"),
    [([file("a", digest="2")], "t"), ([file("a")], "u"), ([file("a", rows=7)], "t")],
    ids=["another vector", "another folder", "another file"],
)
def test_another_vector_is_never_taken_for_a_kept_one(files: list[DataFile], folder: str) -> None:
    stored = Stored()
    kept = KeptBitmaps(stored)
    dead(kept, file("a"))
    stored.bits["a"] = b"\x40"
    assert dead(kept, *files, folder=folder) == [b"\x40"]
    assert dead(kept, file("a")) == [b"\x80"]


def test_given_bitmaps_take_the_place_of_stored_ones_and_are_not_kept() -> None:
    stored = Stored()
    kept = KeptBitmaps(stored)
    assert dead(kept, file("a"), file("b"), a=b"\xff") == [b"\xff", b"\x01"]
    assert dead(kept, file("a"), file("b")) == [b"\x80", b"\x01"]
    assert dead(kept, file("a"), file("b"), b=b"\x00") == [b"\x80", b"\x00"]


def test_a_short_bitmap_is_damage_whenever_it_is_read() -> None:
    kept = KeptBitmaps(Stored())
    for _ in range(2):
        with pytest.raises(ObjectDamaged, match="shorter"):
            dead(kept, file("a", rows=9))


@pytest.mark.parametrize("most_bytes", [0, 9, 40])
def test_within_its_bound_it_forgets_the_least_recently_used(most_bytes: int) -> None:
    stored = Stored()
    kept = KeptBitmaps(stored, most_bytes)
    for _ in range(2):
        assert dead(kept, file("a")) == [b"\x80"]
        assert dead(kept, file("b")) == [b"\x01"]
        assert dead(kept, file("a")) == [b"\x80"]
        assert kept._kept.bytes <= most_bytes
    assert len(stored.read) == {0: 6, 9: 6, 40: 2}[most_bytes]
