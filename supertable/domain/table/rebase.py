"""Rebasing: what a writer must check again when another commit came first.

Every attempt runs against the newest snapshot, so a rebase repeats the first attempt without the work already done:

1. An append adds files and reads nothing: it always rebases.
2. An overwrite removes the files of the newest snapshot, whatever they are: it always rebases.
3. An upsert or delete has marked dead rows in the files that it probed. Files are immutable and deletion vectors only
   grow, so a mark stays valid while the snapshot has its file. Marks of removed files are dropped; the files that
   replaced them are new. So only files that were never probed need a probe. Marks of rows that are already dead do
   not count as deleted by this commit. Only a restore can shrink a deletion vector: after one, everything is probed
   again.
4. A restore sets the whole state and always rebases: it removes and adds the files that differ now.
5. Data files are written under one schema. They stay valid when a change of columns replaces it, since the table keeps
   the schemas of its files and a column only ever gets wider. A restore can make columns narrower, rename or drop them:
   after one, and where a write evolves the schema, the data is fitted to the newest schema again. If the result differs
   from the schema of the files, they are rewritten, or the write is refused where the data does not fit. Files with
   nulls in a column that forbids them by now are refused.
6. An UPDATE or MERGE runs again, since its new rows come from those that it read. Where they come from single rows, and
   all files that it read are as they were, it runs again on the files that were added.
7. A compaction copies rows of files that stay. After a restore it is obsolete, since its files may be wider (rule 5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from supertable.domain.schema.schemas import Schema, walk_fields
from supertable.domain.schema.types import Field
from supertable.domain.table.commits import Change, Counts, Operation
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import added_since, differing_paths
from supertable.domain.table.snapshots import Snapshot


def unprobed_files(snapshot: Snapshot, probed: Mapping[str, DataFile]) -> Mapping[str, DataFile]:
    """The files that an upsert or delete still has to probe (rule 3), in snapshot order. `probed`: by path."""
    return added_since(probed, snapshot.files)


def restored_since(snapshot: Snapshot, probed_at: int) -> bool:
    """Whether a restore after version `probed_at` may have revived rows that the probe skipped as dead (rule 3)."""
    return snapshot.restored > probed_at


def written_before_restore(snapshot: Snapshot, written: Schema, written_at: int) -> bool:
    """Whether a restore after version `written_at` replaced the columns that files were written under (rule 5)."""
    return restored_since(snapshot, written_at) and written.fields != snapshot.schema.fields


def only_added_files(read: Snapshot, newest: Snapshot) -> bool:
    """Whether the newest version has all files of the one that was read, unchanged, under the same columns (rule 6)."""
    if read.schema != newest.schema or read.definition != newest.definition:
        return False
    return not any(path in read.files for path in differing_paths(read.files, newest.files))


def still_present(snapshot: Snapshot, marked: Iterable[str]) -> list[str]:
    """The marked files that the snapshot still has (rule 3)."""
    return [path for path in marked if path in snapshot.files]


def null_violations(files: Collection[DataFile], written: Schema, newest: Schema) -> list[str]:
    """The columns of `newest` that forbid nulls but have nulls in the files, written under `written` (rule 5)."""
    before = {field.id: field for field in walk_fields(written.fields)}
    return [column.name for column in newest.fields if _may_have_nulls(column, before, files)]


def _may_have_nulls(field: Field, written: Mapping[int, Field], files: Collection[DataFile]) -> bool:
    """Whether the files may have nulls where the field, or one nested in it, forbids them by now."""
    before = written.get(field.id)
    if before is None:
        return not field.nullable
    if before.nullable and not field.nullable and _has_nulls(files, field.id):
        return True
    return any(_may_have_nulls(part, written, files) for part in field.type.fields)


def _has_nulls(files: Iterable[DataFile], field_id: int) -> bool:
    ranges = (file.ranges.get(field_id) for file in files)  # nested fields have none
    return any(found is None or found.nulls for found in ranges)


def restore_change(target: Snapshot, newest: Snapshot) -> Change:
    """The change that restores the rows, columns and definition of `target` (rule 4).

    Restored columns keep their field ids. The schema gets a new id, since ids are never reused.
    """
    present, wanted = newest.files, target.files
    differing = differing_paths(present, wanted)
    removed = tuple(path for path in present if path in differing)
    added = tuple(wanted[path] for path in wanted if path in differing)
    return Change(
        operation=Operation.RESTORE,
        removed=removed,
        added=added,
        schema=_restored_schema(target.schema, newest.schema),
        definition=None if target.definition == newest.definition else target.definition,
        counts=Counts(inserted=_live(added), deleted=_live(present[path] for path in removed)),
        restored=target.version,
    )


def _live(files: Iterable[DataFile]) -> int:
    return sum(file.live_rows for file in files)


def _restored_schema(old: Schema, newest: Schema) -> Schema | None:
    if old.fields == newest.fields:
        return None
    return Schema(newest.id + 1, old.fields, newest.last_field_id)
