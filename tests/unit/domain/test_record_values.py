from dataclasses import replace

import pytest

from supertable.application.storage.inline_rows import decoded_rows
from supertable.domain.errors import ObjectDamaged
from supertable.domain.maintenance.record_values import sizes_of, without_values
from supertable.domain.maintenance.vacuum import Span, served_by_earlier
from supertable.domain.table.snapshots import replayed
from tests.support.domain_builders import commit, created, data_file

STORED = data_file("a", dead=2)
INLINE = replace(data_file("b"), content=b"rows", bytes=4)


def test_a_record_holds_rows_and_column_ranges() -> None:
    bare = replace(data_file("c"), ranges={})
    assert sizes_of(commit(2, added=(STORED, INLINE, bare))) == {"data/a.parquet": 0, "data/b.parquet": 4}
    assert sizes_of(commit(3, removed=("data/a.parquet",))) == {}


def test_only_the_values_of_the_given_files_are_taken_out() -> None:
    before = commit(2, added=(STORED, INLINE, data_file("c")), key="once", removed=("data/x.parquet",))
    after = without_values(before, {"data/a.parquet", "data/b.parquet", "data/none.parquet"})
    emptied = replace(INLINE, content=b"", ranges={}, digest="")
    assert after.change.added == (replace(STORED, ranges={}), emptied, data_file("c"))
    assert replace(after, change=replace(after.change, added=before.change.added)) == before
    assert sizes_of(after) == {"data/c.parquet": 0}
    assert without_values(after, {"data/a.parquet", "data/b.parquet"}) == after


def test_states_without_the_files_are_the_same() -> None:
    added = commit(2, added=(STORED, INLINE, data_file("c")))
    removed = commit(3, removed=("data/a.parquet", "data/b.parquet"))
    emptied = without_values(added, {"data/a.parquet", "data/b.parquet"})
    assert replayed(None, [created(), emptied, removed]) == replayed(None, [created(), added, removed])


def test_rows_that_were_taken_out_cannot_be_read() -> None:
    (emptied,) = without_values(commit(2, added=(INLINE,)), {"data/b.parquet"}).change.added
    assert not emptied.stored
    with pytest.raises(ObjectDamaged, match="not those that were written"):
        decoded_rows("key", emptied)


@pytest.mark.parametrize(
    ("kept", "served"),
    [
        ([(1, 300)], {}),
        ([(64, 300)], {}),
        ([(70, 300)], {70: 64}),
        ([(3, 3), (130, 130), (200, 300)], {130: 128, 200: 128}),
    ],
)
def test_versions_that_an_earlier_checkpoint_serves(kept: list[Span], served: dict[int, int]) -> None:
    assert served_by_earlier([128, 64], kept) == served
