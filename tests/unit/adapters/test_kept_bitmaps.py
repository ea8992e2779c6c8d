"""Bitmaps of dead rows: read and verified once for each list of files, and kept within a bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
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

    def inline_rows(self, folder: str, files: Sequence[DataFile]) -> pa.Table:
        self.read.append(f"{folder}, {len(files)} files")
        return pa.table({"n": [int(file.path) for file in files for _ in range(file.rows)]})


def file(path: str, digest: str = "1", rows: int = 8) -> DataFile:
    return DataFile(path, rows, 100, "", 1, {}, DeletionVector(f"deletes/{path}", 1, digest))


def dead(kept: KeptBitmaps, *files: DataFile, folder: str = "t", **hidden: bytes) -> list[bytes]:
    table = kept.bitmaps(folder, files, hidden)
    assert table.column("st_file").to_pylist() == list(range(len(files)))
    found: list[bytes] = table.column("st_dead").to_pylist()
    return found


def inline(first: int, dead: tuple[int, ...] = (), count: int = 20) -> tuple[DataFile, ...]:
    """Files of two rows each. Of those in `dead`, the first row is dead."""
    vector = DeletionVector("", 1, "", positions=(0,))
    numbers = range(first, first + count)
    return tuple(
        DataFile(str(number), 2, 9, "", 1, {}, vector if number in dead else None, "", b"rows") for number in numbers
    )


def located(
    kept: KeptBitmaps, files: tuple[DataFile, ...], hidden: dict[str, bytes] | None, before: int = 0, folder: str = "t"
) -> list[tuple[int, int, int]]:
    """The value, file and position of each row."""
    table = pa.table(kept.located_rows(folder, files, hidden, before))
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.mark.parametrize("count", [2, 20], ids=["few files", "many files"])
def test_inline_rows_are_those_of_the_files_whatever_was_read_before(count: int) -> None:
    stored = Stored()
    stored.bits = {str(number): b"\x80" for number in range(100)}
    kept = KeptBitmaps(stored)
    some, others = inline(0, count=count), inline(50, dead=(51,), count=count)
    rows = [(number, number, row) for number in range(count) for row in (0, 1)]
    more = [(50 + number, number, row) for number, _, row in rows]
    live = [(number, at, row) for number, at, row in more if (number, row) != (51, 0)]
    for _ in range(2):
        assert located(kept, some, {}) == rows
        assert located(kept, some, None) == rows
        assert located(kept, some, {}, before=7) == [(number, at + 7, row) for number, at, row in rows]
        assert located(kept, others, {}) == live
        assert located(kept, others, None) == more
        assert located(kept, others, {"50": b"\x40"}) == [each for each in live if each[::2] != (50, 1)]
        assert located(kept, some, {}, folder="u") == rows


@pytest.mark.parametrize(("most_bytes", "times"), [(10_000, 1), (10, 3)], ids=["kept", "beyond the bound"])
def test_inline_rows_of_many_files_are_put_together_once(most_bytes: int, times: int) -> None:
    stored = Stored()
    kept = KeptBitmaps(stored, most_bytes)
    files = inline(0)
    for _ in range(3):
        assert len(located(kept, files, {})) == 40
    assert stored.read == ["t, 20 files"] * times
    assert kept._inline.bytes <= most_bytes


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
