"""What a commit has to look at again when another came first.

Every attempt is made against the newest snapshot, so a rebase is the same work as the first try, less what was done:

1. An append adds files and looks at nothing: it always rebases.
2. An overwrite removes whatever files there are at that moment: it always rebases.
3. An upsert or delete has marked dead rows in the files it saw. Files are immutable and a deletion vector only grows,
   so a mark stays right for as long as its file is there. Files that went away take their marks along: what replaced
   them is new, and gets probed. So only files that were never probed are probed, and then:
   marks of files that are gone are dropped; marks of rows that are dead already are counted as nobody's.
   Only a restore makes a vector shrink: after one, everything is probed again.
4. A restore aims at a whole state and always rebases: it removes and adds what now differs.
5. Data files are written under one schema. When that schema is no longer the newest they stay valid, for the table
   remembers the schemas of its files. A write that evolves the schema fits its data to the newest schema again; if the
   result differs from what its files were written under, they are written anew. A column that forbids nulls by now
   refuses files with nulls in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from supertable.domain.schema.schemas import Schema
from supertable.domain.table.commits import Change, Counts, Operation
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.snapshots import Snapshot


def unprobed_files(snapshot: Snapshot, probed: Collection[str]) -> list[DataFile]:
    """The files that an upsert or delete still has to look into (rule 3), in snapshot order."""
    return [file for path, file in snapshot.files.items() if path not in probed]


def restored_since(snapshot: Snapshot, probed_at: int) -> bool:
    """Whether rows that were dead at version `probed_at`, and so passed over, may live again (rule 3)."""
    return snapshot.restored > probed_at


def still_present(snapshot: Snapshot, marked: Iterable[str]) -> list[str]:
    """The marked files that the snapshot still has (rule 3)."""
    return [path for path in marked if path in snapshot.files]


def null_violations(files: Iterable[DataFile], written: Schema, newest: Schema) -> list[str]:
    """The columns of `newest` that forbid nulls and have some in the files, which were written earlier (rule 5)."""
    strict = [field for field in newest.fields if not field.nullable]
    return [
        field.name
        for field in strict
        if (before := written.by_id(field.id)) is None or (before.nullable and _has_nulls(files, field.id))
    ]


def _has_nulls(files: Iterable[DataFile], field_id: int) -> bool:
    ranges = (file.ranges.get(field_id) for file in files)
    return any(found is None or found.nulls for found in ranges)


def restore_change(target: Snapshot, newest: Snapshot) -> Change:
    """The change that makes the table's rows, columns and definition those of `target` again (rule 4).

    Columns that come back keep their field ids, under a schema id of their own: ids are never used twice.
    """
    wanted = target.files
    removed = tuple(path for path, file in newest.files.items() if wanted.get(path) != file)
    added = tuple(file for path, file in wanted.items() if newest.files.get(path) != file)
    return Change(
        operation=Operation.RESTORE,
        removed=removed,
        added=added,
        schema=_schema_again(target.schema, newest.schema),
        definition=None if target.definition == newest.definition else target.definition,
        counts=Counts(inserted=_live(added), deleted=sum(newest.files[path].live_rows for path in removed)),
        restored=target.version,
    )


def _live(files: Iterable[DataFile]) -> int:
    return sum(file.live_rows for file in files)


def _schema_again(old: Schema, newest: Schema) -> Schema | None:
    if old.fields == newest.fields:
        return None
    return Schema(newest.id + 1, old.fields, newest.last_field_id)
