from dataclasses import replace

from supertable.domain.schema.schemas import Schema
from supertable.domain.table.commits import Commit, Operation
from supertable.domain.table.data_files import DeletionVector
from supertable.domain.table.rebase import restore_change, still_present, unprobed_files
from supertable.domain.table.snapshots import Snapshot, replayed
from tests.support.domain_builders import SCHEMA, commit, created, data_file


def after(base: Snapshot | None, *commits: Commit) -> Snapshot:
    snapshot = replayed(base, commits)
    assert snapshot is not None
    return snapshot


BASE = after(None, created(), commit(2, added=(data_file("a"), data_file("b"))))


def test_only_files_added_since_the_last_probe_are_probed() -> None:
    newest = after(BASE, commit(3, added=(data_file("c"),)), commit(4, removed=("data/a.parquet",)))
    assert list(unprobed_files(newest, BASE.files)) == ["data/c.parquet"]
    assert list(unprobed_files(BASE, {})) == ["data/a.parquet", "data/b.parquet"]


def test_a_file_with_a_newer_deletion_vector_needs_no_new_probe() -> None:
    newest = after(BASE, commit(3, deletes={"data/a.parquet": DeletionVector("d", 1, "")}))
    assert unprobed_files(newest, BASE.files) == {}


def test_marks_on_removed_files_are_dropped() -> None:
    newest = after(BASE, commit(3, removed=("data/a.parquet",)))
    assert still_present(newest, ["data/a.parquet", "data/b.parquet"]) == ["data/b.parquet"]


def test_a_restore_sets_the_old_state_after_any_change() -> None:
    newest = after(
        BASE,
        commit(3, Operation.DELETE, deletes={"data/a.parquet": DeletionVector("d", 4, "")}),
        commit(4, removed=("data/b.parquet",), added=(data_file("c", rows=7),)),
    )
    change = restore_change(BASE, newest)
    restored = after(newest, replace(commit(5), change=change))
    assert dict(restored.files) == dict(BASE.files)
    assert (change.counts.inserted, change.counts.deleted) == (20, 13)


def test_a_restored_schema_gets_a_new_id_and_never_reuses_field_ids() -> None:
    second = Schema(2, SCHEMA.fields[:1], 9)
    newest = after(BASE, commit(3, schema=second))
    restored = after(newest, replace(commit(4), change=restore_change(BASE, newest)))
    assert restored.schema == Schema(3, SCHEMA.fields, 9)
    assert set(restored.schemas) == {1, 2, 3}


def test_restoring_the_current_version_changes_nothing() -> None:
    change = restore_change(BASE, BASE)
    assert (change.added, change.removed, change.schema, change.definition) == ((), (), None, None)
