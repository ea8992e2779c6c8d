from dataclasses import replace

import pytest

from supertable.domain.maintenance.vacuum import Span, mentioned_paths, merged, needed_paths, superseded_checkpoints
from supertable.domain.table.commits import Operation
from supertable.domain.table.data_files import DeletionVector
from supertable.domain.table.snapshots import replayed
from tests.support.domain_builders import commit, created, data_file


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([(3, 5)], [(3, 5)]),
        ([(7, 9), (1, 1), (3, 5)], [(1, 1), (3, 5), (7, 9)]),
        ([(1, 4), (5, 6)], [(1, 6)]),
        ([(1, 9), (2, 3), (9, 9)], [(1, 9)]),
    ],
)
def test_merged(spans: list[Span], expected: list[Span]) -> None:
    assert merged(spans) == expected


def test_needed_paths_of_versions() -> None:
    first = replayed(None, [created(), commit(2, added=(data_file("a"), data_file("b", dead=2)))])
    assert first is not None
    later = commit(
        3, removed=("data/a.parquet",), deletes={"data/b.parquet": DeletionVector("deletes/new.arrow", 3, "")}
    )
    assert needed_paths("own", first, []) == {"data/a.parquet", "data/b.parquet", "deletes/b-2.arrow"}
    assert needed_paths("own", first, [later]) == needed_paths("own", first, []) | {"deletes/new.arrow"}


def test_deletion_vectors_in_other_folders_are_not_needed() -> None:
    shared = replace(data_file("a"), folder="origin", deletes=DeletionVector("deletes/x", 1, "", "origin"))
    own = replace(shared, folder="own", deletes=DeletionVector("deletes/x", 1, ""))
    first = replayed(None, [created(), commit(2, added=(shared,))])
    assert first is not None
    assert needed_paths("own", first, []) == {"data/a.parquet"}
    assert needed_paths("own", first, [commit(3, added=(own,))]) == {"data/a.parquet", "deletes/x"}


def test_a_commit_mentions_the_files_that_it_adds_and_removes() -> None:
    compaction = commit(9, Operation.COMPACT, removed=("data/a.parquet",), added=(data_file("b"),))
    assert dict(mentioned_paths("own", compaction)) == {
        "data/a.parquet": "removed by version 9 (compact)",
        "data/b.parquet": "written by version 9 (compact)",
    }


def test_rows_in_records_are_needed_and_dead_positions_there_have_no_paths() -> None:
    inline = replace(data_file("a"), content=b"rows", deletes=DeletionVector("", 1, "", positions=(4,)))
    above = DeletionVector("deletes/x", 3, "", positions=(7,))
    added = commit(2, added=(inline, data_file("b")))
    first = replayed(None, [created(), added])
    assert first is not None
    later = commit(3, deletes={"data/b.parquet": above, "data/a.parquet": DeletionVector("", 2, "", positions=(1, 4))})
    assert needed_paths("own", first, [later]) == {"data/a.parquet", "data/b.parquet", "deletes/x"}
    assert dict(mentioned_paths("own", added)) == {"data/b.parquet": "written by version 2 (append)"}
    assert dict(mentioned_paths("own", later)) == {"deletes/x": "last set by version 3 (append)"}


@pytest.mark.parametrize(
    ("kept", "superseded"),
    [
        ([(1, 300)], []),
        ([(128, 300)], [64]),
        ([(127, 300)], []),
        ([(300, 300)], [64, 128, 192]),
        ([(70, 70), (300, 301)], [128, 192]),
        ([(3, 3), (200, 300)], [64, 128]),
    ],
)
def test_superseded_checkpoints(kept: list[Span], superseded: list[int]) -> None:
    assert superseded_checkpoints([256, 64, 128, 192], kept) == superseded
