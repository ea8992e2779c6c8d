"""Zero-copy clones: new tables whose first version shares the files of a version of another table.

A clone writes to its own folder only: new files, and the deletion vectors of shared ones. The registry pins the
origin's version while the clone exists, so that no vacuum removes a shared file.
"""

from __future__ import annotations

from dataclasses import replace

from supertable.domain.table.commits import Change, Counts, Operation
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.snapshots import Snapshot


def clone_change(origin: Snapshot, folder: str, name: str) -> Change:
    """The first change of a clone of `origin`. `folder`: that of the origin, for files that do not name their own."""
    added = tuple(_shared(file, folder) for file in origin.files.values())
    written = {file.schema_id for file in added} - {origin.schema.id}
    return Change(
        Operation.CLONE,
        added=added,
        definition=origin.definition,
        schema=origin.schema,
        schemas=tuple(origin.schemas[schema_id] for schema_id in sorted(written)),
        counts=Counts(inserted=origin.rows),
        description=f"clone of {name} at version {origin.version}",
    )


def _shared(file: DataFile, folder: str) -> DataFile:
    vector = file.deletes and replace(file.deletes, folder=file.deletes.folder or folder)
    return replace(file, folder=file.folder or folder, deletes=vector)
