"""What a write's dead rows do to the files of a table, and to its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from supertable.adapters.clocks.manual import SequentialIdentifiers
from supertable.adapters.object_stores.memory import InMemoryObjectStore
from supertable.application.storage.deletion_vectors import DeadRowsOfFile, DeletionVectors
from supertable.application.storage.positions import Positions
from supertable.application.writes.dead_rows import DeadRows, live_files, merged_positions, write_deletions
from supertable.domain.errors import ObjectDamaged
from supertable.domain.table.data_files import DataFile, DeletionVector
from supertable.domain.table.snapshots import replayed
from tests.support.domain_builders import commit, created, data_file

FOLDER = "acme/main/tables/t"


def positions(*rows: int) -> Positions:
    return np.array(rows, np.int64)


@pytest.fixture
def store() -> InMemoryObjectStore:
    return InMemoryObjectStore()


@pytest.fixture
def vectors(store: InMemoryObjectStore) -> DeletionVectors:
    return DeletionVectors(store, SequentialIdentifiers())


def marked(*dead: tuple[DataFile, Positions]) -> dict[str, DeadRowsOfFile]:
    return {file.path: DeadRowsOfFile(file, rows) for file, rows in dead}


def dead_in(vectors: DeletionVectors, file: DataFile) -> list[int]:
    bits = np.unpackbits(np.frombuffer(vectors.bitmap(FOLDER, file), np.uint8), count=file.rows)
    return np.flatnonzero(bits).tolist()


def objects(store: InMemoryObjectStore) -> Sequence[str]:
    return [entry.key for entry in store.list(f"{FOLDER}/")]


def test_a_file_without_live_rows_is_removed_and_the_others_get_a_vector_in_one_object(
    store: InMemoryObjectStore, vectors: DeletionVectors
) -> None:
    whole, part = data_file("whole", rows=3), data_file("part", rows=4)
    found = write_deletions(FOLDER, marked((whole, positions(0, 1, 2)), (part, positions(1, 3))), vectors)
    assert (found.removed, found.rows) == ((whole.path,), 5)
    assert dead_in(vectors, replace(part, deletes=found.deletes[part.path])) == [1, 3]
    assert len(objects(store)) == 1


def test_rows_that_were_dead_before_are_not_counted(vectors: DeletionVectors) -> None:
    file = data_file("a", rows=4)
    first = write_deletions(FOLDER, marked((file, positions(0, 1))), vectors)
    dirty = replace(file, deletes=first.deletes[file.path])
    second = write_deletions(FOLDER, marked((dirty, positions(1, 2))), vectors)
    assert second.rows == 1
    third = write_deletions(FOLDER, marked((dirty, positions(2, 3))), vectors)
    assert (third.removed, third.deletes, third.rows) == ((file.path,), {}, 2)


def test_new_files_carry_their_own_dead_rows_and_those_without_a_live_row_are_left_out(
    vectors: DeletionVectors,
) -> None:
    clean, part, whole = data_file("clean", 2), data_file("part", 3), data_file("whole", 2)
    dead = {part.path: positions(2), whole.path: positions(0, 1), "data/of-the-table.parquet": positions(7)}
    found = live_files(FOLDER, [clean, part, whole], dead, vectors)
    assert [file.path for file in found] == [clean.path, part.path]
    assert found[0] == clean
    assert dead_in(vectors, found[1]) == [2]


def test_nothing_dead_writes_nothing(store: InMemoryObjectStore, vectors: DeletionVectors) -> None:
    files = [data_file("a")]
    assert live_files(FOLDER, files, {}, vectors) == files
    assert objects(store) == []


def test_positions_of_one_path_are_united() -> None:
    found = merged_positions([{"a": positions(3, 1)}, {"a": positions(1, 2), "b": positions(0)}])
    assert {path: rows.tolist() for path, rows in found.items()} == {"a": [1, 2, 3], "b": [0]}


def test_what_one_probe_found_is_kept_by_the_next() -> None:
    a, b = data_file("a"), data_file("b")
    snapshot = replayed(None, [created(), commit(2, added=(a,))])
    newest = replayed(snapshot, [commit(3, added=(b,))])
    assert snapshot
    assert newest
    first = DeadRows().with_probed(snapshot, [{a.path: positions(1)}])
    second = first.with_probed(newest, [{b.path: positions(4)}, {a.path: positions(1, 2)}])
    assert first.probed == {a.path: a}
    assert second.probed == {a.path: a, b.path: b}
    assert second.version == 3
    assert {path: rows.tolist() for path, rows in second.positions.items()} == {a.path: [1, 2], b.path: [4]}


def test_dead_rows_of_files_that_were_removed_since_are_dropped() -> None:
    snapshot = replayed(None, [created(), commit(2, added=(data_file("a"),))])
    assert snapshot
    dead = DeadRows({"data/a.parquet": positions(1), "data/removed.parquet": positions(2)})
    assert list(dead.in_files_of(snapshot)) == ["data/a.parquet"]


@pytest.fixture
def few(store: InMemoryObjectStore) -> DeletionVectors:
    """Vectors of which up to three rows of a commit are positions in its record."""
    return DeletionVectors(store, SequentialIdentifiers(), inline_rows=3)


def test_few_dead_rows_need_no_object(store: InMemoryObjectStore, few: DeletionVectors) -> None:
    one, two, whole = data_file("one", rows=20), data_file("two", rows=9), data_file("whole", rows=1)
    found = write_deletions(FOLDER, marked((one, positions(7, 19)), (two, positions(8)), (whole, positions(0))), few)
    assert (found.removed, found.rows) == ((whole.path,), 4)
    assert found.deletes == {
        one.path: DeletionVector("", 2, "", positions=(7, 19)),
        two.path: DeletionVector("", 1, "", positions=(8,)),
    }
    assert dead_in(few, replace(one, deletes=found.deletes[one.path])) == [7, 19]
    assert objects(store) == []


def test_positions_are_added_to_those_of_an_object_and_many_become_one_again(
    store: InMemoryObjectStore, few: DeletionVectors
) -> None:
    file = data_file("a", rows=20)
    object_of_four = write_deletions(FOLDER, marked((file, positions(0, 1, 2, 3))), few).deletes[file.path]
    assert (object_of_four.stored, object_of_four.positions) == (True, ())
    file = replace(file, deletes=object_of_four)
    more = write_deletions(FOLDER, marked((file, positions(3, 17, 9))), few)
    assert more.rows == 2
    assert more.deletes[file.path] == replace(object_of_four, rows=6, positions=(9, 17))
    file = replace(file, deletes=more.deletes[file.path])
    assert dead_in(few, file) == [0, 1, 2, 3, 9, 17]
    assert len(objects(store)) == 1
    many = write_deletions(FOLDER, marked((file, positions(4, 5, 6, 17))), few)
    assert (many.rows, many.deletes[file.path].positions, len(objects(store))) == (3, (), 2)
    assert dead_in(few, replace(file, deletes=many.deletes[file.path])) == [0, 1, 2, 3, 4, 5, 6, 9, 17]


def test_a_file_has_few_positions_in_records(store: InMemoryObjectStore, few: DeletionVectors) -> None:
    file = data_file("a", rows=1000)
    for row in range(0, 258, 2):
        found = write_deletions(FOLDER, marked((file, positions(row))), few).deletes[file.path]
        assert len(found.positions) <= 128
        file = replace(file, deletes=found)
    assert dead_in(few, file) == list(range(0, 258, 2))
    assert len(objects(store)) == 1


def test_a_file_whose_last_rows_die_in_a_record_is_removed(few: DeletionVectors) -> None:
    file = replace(data_file("a", rows=3), deletes=DeletionVector("", 1, "", positions=(1,)))
    found = write_deletions(FOLDER, marked((file, positions(0, 2))), few)
    assert (found.removed, found.deletes, found.rows) == ((file.path,), {}, 2)


@pytest.mark.parametrize(
    "vector",
    [
        DeletionVector("", 1, "", positions=(10,)),
        DeletionVector("", 1, "", positions=(-1,)),
        DeletionVector("", 2, "", positions=(3, 3)),
        DeletionVector("", 1, "", positions=(3, 4)),
    ],
    ids=["beyond the rows", "negative", "twice", "another count"],
)
def test_positions_that_cannot_be_are_damage(few: DeletionVectors, vector: DeletionVector) -> None:
    with pytest.raises(ObjectDamaged, match="data/a.parquet"):
        few.bitmap(FOLDER, replace(data_file("a", rows=10), deletes=vector))
