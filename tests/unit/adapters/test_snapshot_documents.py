"""Checkpoints with very many files: the same snapshot comes back, and older versions refuse them."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pyarrow as pa
import pytest

from supertable.adapters.codecs.json_documents import JsonDocument
from supertable.adapters.codecs.table_logs import table_log_codec
from supertable.application.ports.codecs import TooNew, Undecodable
from supertable.application.storage.snapshot_files.column_files import ColumnFiles
from supertable.application.storage.snapshot_files.folding import folded
from supertable.domain.table.data_files import ColumnRange, DataFile, DeletionVector
from supertable.domain.table.file_sets import ChangedFiles
from supertable.domain.table.snapshots import Snapshot, replayed
from tests.support.domain_builders import commit, created

CODEC = table_log_codec()
FILES = tuple(
    DataFile(
        f"data/{number:05}.parquet",
        10,
        number,
        f"{number:032x}",
        1,
        {1: ColumnRange(number, number + 5, 0), 2: ColumnRange(f"é{number}", None, number % 3)},
        DeletionVector(f"deletes/{number}.arrow", 2, "d" * 32) if number % 10 == 0 else None,
        "elsewhere" if number % 7 == 0 else "",
    )
    for number in range(3000)
)
INLINE = replace(FILES[0], path="data/inline.parquet", deletes=DeletionVector("", 2, "", positions=(3, 4)))
MARK = DeletionVector("deletes/new.arrow", 3, "e" * 32)
COMMITS = (
    created(),
    commit(2, added=FILES[:2900]),
    commit(3, added=(*FILES[2900:], INLINE), removed=(FILES[5].path,), deletes={FILES[6].path: MARK}),
)
EXPECTED = {
    **{file.path: file for file in FILES if file is not FILES[5]},
    FILES[6].path: replace(FILES[6], deletes=MARK),
    INLINE.path: INLINE,
}


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    found = folded(None, COMMITS)
    assert found
    return found


def test_a_snapshot_with_many_files_comes_back_from_its_checkpoint(snapshot: Snapshot) -> None:
    again = CODEC.decode_state(CODEC.encode_state(snapshot))
    assert list(again.files.items()) == list(EXPECTED.items())
    assert again == snapshot
    assert again == replayed(None, COMMITS)
    assert isinstance(again.files, ChangedFiles)
    assert isinstance(again.files.base, ColumnFiles)
    assert (again.rows, again.dead_rows, again.bytes) == (3000 * 10 - 299 * 2 - 3 - 4, 299 * 2 + 3 + 4, 2999 * 1500 - 5)


@pytest.mark.parametrize("every", [100, 64], ids=["between checkpoints", "at checkpoints"])
def test_commits_after_a_checkpoint_give_what_all_commits_give(snapshot: Snapshot, every: int) -> None:
    later = [commit(number, added=(replace(FILES[0], path=f"data/later{number}"),)) for number in range(4, 1200)]
    later.append(commit(1200, removed=(INLINE.path, FILES[7].path), deletes={FILES[8].path: MARK, "data/later9": MARK}))
    state: Snapshot | None = CODEC.decode_state(CODEC.encode_state(snapshot))
    for first in range(0, 1201, every):
        state = folded(state, [each for each in later if first < each.version <= first + every])
    plain = replayed(None, [*COMMITS, *later])
    assert state
    assert plain
    assert list(state.files.items()) == list(plain.files.items())
    assert (state.rows, state.dead_rows, state.bytes) == (plain.rows, plain.dead_rows, plain.bytes)
    assert CODEC.decode_state(CODEC.encode_state(state)) == plain


def test_the_checkpoint_of_a_landed_version_is_read(snapshot: Snapshot) -> None:
    body = replace(snapshot, files=dict(EXPECTED))
    text = msgspec.json.encode({"format": 1, "body": body})
    for data in (text, pa.Codec("zstd").compress(text, asbytes=True)):
        found = CODEC.decode_state(data)
        assert found == snapshot
        assert list(found.files) == list(EXPECTED)


def test_few_files_stay_a_document_that_landed_versions_read() -> None:
    few = replayed(None, [created(), commit(2, added=FILES[:1000])])
    assert few
    assert JsonDocument(Snapshot).decode(CODEC.encode_state(few)) == few


def test_older_versions_refuse_arrays_by_their_format(snapshot: Snapshot) -> None:
    data = CODEC.encode_state(snapshot)
    for known in (1, 2):
        with pytest.raises(TooNew) as refused:
            JsonDocument(Snapshot, known).decode(data)
        assert (refused.value.found, refused.value.known) == (3, known)


def test_checkpoints_that_are_cut_or_changed_are_undecodable(snapshot: Snapshot) -> None:
    data = CODEC.encode_state(snapshot)
    start = data.index(b"\x50\x2a\x4d\x18")
    for damaged in (data[:start], data[:-1], data[:-5000] + data[-4:], data[: start + 200] + data[-4:], data + b"x"):
        with pytest.raises(Undecodable):
            CODEC.decode_state(damaged)
