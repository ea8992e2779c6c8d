"""Zero-copy clones: a new table whose first version has the files of another table's version, where they lie.

The clone's own writes go to its own folder: new files, and the deletion vectors of shared ones. The registry pins the
origin's version for as long as the clone exists, so that no vacuum takes a shared file away.
"""

from __future__ import annotations

from dataclasses import replace

from supertable.domain.table.commits import Change, Counts, Operation
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.snapshots import Snapshot


def clone_change(origin: Snapshot, folder: str, name: str) -> Change:
    """The first change of a clone of `origin`, whose files lie in `folder` unless they say otherwise."""
    written = {file.schema_id for file in origin.files.values()} - {origin.schema.id}
    return Change(
        Operation.CLONE,
        added=tuple(_shared(file, folder) for file in origin.files.values()),
        definition=origin.definition,
        schema=origin.schema,
        schemas=tuple(origin.schemas[schema_id] for schema_id in sorted(written)),
        counts=Counts(inserted=origin.rows),
        description=f"clone of {name} at version {origin.version}",
    )


def _shared(file: DataFile, folder: str) -> DataFile:
    vector = file.deletes and replace(file.deletes, folder=file.deletes.folder or folder)
    return replace(file, folder=file.folder or folder, deletes=vector)
