from dataclasses import replace

import pytest

from supertable.domain.schema.schemas import Schema
from supertable.domain.table.commits import Commit, Operation
from supertable.domain.table.data_files import DeletionVector
from supertable.domain.table.snapshots import MAX_REPLIES, REPLY_WINDOW_US, Snapshot, replayed
from tests.support.domain_builders import SCHEMA, commit, created, data_file


def history(*commits: Commit) -> Snapshot:
    snapshot = replayed(None, [created(), *commits])
    assert snapshot is not None
    return snapshot


def test_a_new_table_is_empty_and_has_its_definition() -> None:
    snapshot = history()
    assert (snapshot.version, snapshot.rows, dict(snapshot.files)) == (1, 0, {})
    assert snapshot.key_names == ["id"]


def test_commits_add_and_remove_files_and_delete_rows() -> None:
    vector = DeletionVector("deletes/x.arrow", 4, "0" * 32)
    snapshot = history(
        commit(2, added=(data_file("a"), data_file("b"))),
        commit(3, Operation.DELETE, deletes={"data/a.parquet": vector}),
        commit(4, Operation.UPSERT, removed=("data/b.parquet",), added=(data_file("c", rows=3),)),
    )
    assert {path: file.live_rows for path, file in snapshot.files.items()} == {"data/a.parquet": 6, "data/c.parquet": 3}
    assert snapshot.rows == 9


def test_replaying_in_two_steps_gives_the_same_and_keeps_the_first_state() -> None:
    commits = [commit(n, added=(data_file(str(n)),), key=f"k{n}") for n in range(2, 6)]
    early = history(*commits[:2])
    files = dict(early.files)
    assert replayed(early, commits[2:]) == history(*commits)
    assert early.files == files


def test_the_size_of_rows_without_objects_is_known() -> None:
    a, b = (replace(data_file(name, rows=3), content=b"rows", bytes=700) for name in "ab")
    added = commit(2, added=(a, b, data_file("c")))
    marked = commit(3, deletes={a.path: DeletionVector("", 1, "", positions=(1,))})
    removed = commit(4, removed=(a.path,))
    sizes = [history(*[added, marked, removed][:count]).inline_bytes for count in range(4)]
    assert sizes == [0, 1400, 1400, 700]
    assert replayed(history(added), [marked, removed]) == history(added, marked, removed)


@pytest.mark.parametrize(
    "broken",
    [
        commit(3, added=(data_file("a"),)),
        commit(2, removed=("data/none.parquet",)),
        commit(2, deletes={"data/none.parquet": DeletionVector("d", 1, "")}),
    ],
)
def test_commits_that_contradict_the_state_are_refused(broken: Commit) -> None:
    with pytest.raises(ValueError, match=r"version|does not have"):
        history(broken)


def test_a_log_without_a_definition_in_its_first_commit_is_refused() -> None:
    with pytest.raises(ValueError, match="define"):
        replayed(None, [commit(1)])


def test_idempotency_keys_are_kept_for_the_reply_window() -> None:
    late = replace(commit(3, key="new"), committed_at_us=REPLY_WINDOW_US + 2_000_001)
    assert history(commit(2, key="old")).replies["old"].version == 2
    assert set(history(commit(2, key="old"), late).replies) == {"new"}


def test_idempotency_keys_are_bounded_in_number() -> None:
    snapshot = history(*(commit(n, key=f"k{n}") for n in range(2, MAX_REPLIES + 12)))
    assert len(snapshot.replies) == MAX_REPLIES
    assert f"k{MAX_REPLIES + 11}" in snapshot.replies
    assert "k2" not in snapshot.replies


def test_all_schemas_are_kept() -> None:
    second = Schema(2, SCHEMA.fields[:1], SCHEMA.last_field_id)
    snapshot = history(commit(2, schema=second))
    assert snapshot.schema == second
    assert set(snapshot.schemas) == {1, 2}
