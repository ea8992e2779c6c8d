"""Versions whose files are in arrays, and what distinguishes them, against plain dictionaries."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from supertable.adapters.engines.pro.generations.differences import difference
from supertable.application.storage.snapshot_files.folding import as_columns
from supertable.domain.table.data_files import ColumnRange, DataFile, DeletionVector
from supertable.domain.table.file_sets import ChangedFiles, added_since, differing_paths
from tests.support.domain_builders import data_file
from tests.support.drawn_files import as_arrays
from tests.support.file_histories import random_history


@pytest.mark.parametrize("seed", range(10))
def test_the_differences_of_any_two_versions_are_found(seed: int) -> None:
    history = random_history(random.Random(seed), 8, as_columns)
    for files, model in history:
        assert list(files.items()) == list(model.items())
        assert sorted(file.path for file in files.dirty()) == sorted(path for path in model if model[path].deletes)
        for other, others in history:
            differing = {path for path in {*model, *others} if model.get(path) != others.get(path)}
            assert differing_paths(files, other) == differing
            assert list(added_since(files, other).items()) == [
                (path, others[path]) for path in others if path not in model
            ]
            assert list(other.chosen(differing)) == [file for path, file in others.items() if path in differing]


FILE = data_file("a", rows=8)
VECTOR = DeletionVector("deletes/1.arrow", 1, "1" * 32)


@pytest.mark.parametrize(
    "other",
    [
        replace(FILE, rows=9),
        replace(FILE, bytes=1),
        replace(FILE, digest="1" * 32),
        replace(FILE, schema_id=2),
        replace(FILE, folder="elsewhere"),
        replace(FILE, content=b"rows"),
        replace(FILE, ranges={}),
        replace(FILE, ranges={1: ColumnRange(0, 9, 1)}),
        replace(FILE, ranges={1: ColumnRange(0, None, 0)}),
        replace(FILE, ranges={1: ColumnRange(0.0, 9.5, 0)}),
        replace(FILE, ranges={1: ColumnRange(0, 9, 0), 2: ColumnRange("a", "b", 0)}),
        replace(FILE, deletes=VECTOR),
        replace(FILE, deletes=replace(VECTOR, positions=(3,))),
        replace(FILE, deletes=replace(VECTOR, path="", positions=(3,))),
    ],
    ids=[
        "rows",
        "bytes",
        "digest",
        "schema",
        "folder",
        "content",
        "no ranges",
        "nulls",
        "an unknown end",
        "ends of another kind",
        "a range more",
        "a deletion vector",
        "dead positions",
        "dead positions without an object",
    ],
)
def test_every_property_of_a_file_makes_it_another(other: DataFile) -> None:
    rest = [data_file("b"), data_file("c")]
    one, two = ChangedFiles(as_arrays([*rest, FILE])), ChangedFiles(as_arrays([other, *rest]))
    assert differing_paths(one, two) == differing_paths(two, one) == {FILE.path}
    assert differing_paths(one, ChangedFiles(as_arrays([FILE, *rest]))) == set()


def bits(rows: set[int]) -> bytes:
    return sum(128 >> row for row in rows).to_bytes(1, "big")


@pytest.mark.parametrize("seed", range(4))
def test_the_rows_that_leave_and_come_between_two_versions_in_arrays(seed: int) -> None:
    """Each file has eight rows. A version is the dead ones of each file that it has."""
    chance = random.Random(seed)
    versions: list[dict[str, frozenset[int]]] = [
        {
            name: frozenset(row for row in range(8) if chance.random() < share)
            for name in "abcdefghij"
            if chance.random() < 0.7
            for share in [chance.choice([0, 0.3])]
        }
        | {"always": frozenset()}
        for _ in range(8)
    ]
    for before in versions:
        for after in versions:
            dead = {file.path: bits(set(before[name])) for name, file in _files(before).items() if before[name]}
            bitmaps = {file.path: bits(set(after[name])) for name, file in _files(after).items()}
            found = difference(_arrays(before), dead, _arrays(after), lambda file, known=bitmaps: known[file.path])  # type: ignore[misc]
            stay = {name for name in after if name in before and before[name] <= after[name]}
            assert {file.path for file in found.added} == {f"data/{name}.parquet" for name in after.keys() - stay}
            assert {*found.gone} == {f"data/{name}.parquet" for name in before.keys() - stay}
            assert len(found.gone) == len({*found.gone})
            died = {path: frozenset(rows.tolist()) for path, rows in found.died.items()}
            changed = {name for name in stay if before[name] != after[name]}
            assert died == {f"data/{name}.parquet": after[name] - before[name] for name in changed}


def _files(version: dict[str, frozenset[int]]) -> dict[str, DataFile]:
    return {name: _file(name, dead) for name, dead in version.items()}


def _file(name: str, dead: frozenset[int]) -> DataFile:
    vector = DeletionVector(f"deletes/{sorted(dead)}.arrow", len(dead), "1" * 32) if dead else None
    return replace(data_file(name, rows=8), deletes=vector)


def _arrays(version: dict[str, frozenset[int]]) -> ChangedFiles:
    return ChangedFiles(as_arrays([*_files(version).values()]))
