"""Snapshots of tables with many files hold them as arrays; changes are merged into the arrays now and then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from supertable.application.storage.snapshot_files.column_files import ColumnFiles
from supertable.application.storage.snapshot_files.file_table import file_table
from supertable.domain.table.checkpoints import checkpoint_due
from supertable.domain.table.commits import Commit
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import ChangedFiles
from supertable.domain.table.snapshots import Snapshot, replayed

MOST_CHANGES = 1024
"""Up to so many files, and changes of larger tables, are kept as objects."""


def folded(base: Snapshot | None, commits: Iterable[Commit]) -> Snapshot | None:
    """`replayed`, with many files as arrays."""
    state = replayed(base, commits)
    return state and with_arrays(state)


def with_arrays(snapshot: Snapshot) -> Snapshot:
    """The same snapshot, with its files as arrays if they are many.

    Checkpoints need arrays. They are made here, and kept, so that the next one reads only the files that came since.
    """
    files = ChangedFiles.of(snapshot.files)
    in_arrays = isinstance(files.base, ColumnFiles) and files.changes > 0
    due = in_arrays and checkpoint_due(snapshot.version, len(files))
    if due or files.changes > max(MOST_CHANGES, len(files.base) // 64):
        files = ChangedFiles(as_columns(files)) if files else ChangedFiles()
    return snapshot if files is snapshot.files else replace(snapshot, files=files)


def as_columns(files: Mapping[str, DataFile]) -> ColumnFiles:
    """The files, at least one, as arrays. Only those that are not in arrays yet are read one by one."""
    if isinstance(files, ColumnFiles):
        return files
    if not isinstance(files, ChangedFiles) or not isinstance(files.base, ColumnFiles):
        return ColumnFiles(*file_table(list(files.values())))
    return _merged(files.base, files) if files.changes else files.base


def _merged(base: ColumnFiles, files: ChangedFiles) -> ColumnFiles:
    table, whole = file_table([*files.replaced.values(), *files.added.values()])
    first = len(base)
    rows = np.arange(first)
    rows[base.rows_of(files.replaced)] = first + np.arange(len(files.replaced))
    kept = np.ones(first, np.bool_)
    kept[base.rows_of(files.removed)] = False
    rows = np.concatenate([rows[kept], np.arange(first + len(files.replaced), first + table.num_rows)])
    both = pa.concat_tables([base.table, table], promote_options="default")
    known = {**base.whole, **{first + row: file for row, file in whole.items()}}
    places = {int(row): place for place, row in enumerate(rows.tolist()) if row in known} if known else {}
    return ColumnFiles(both.take(pa.array(rows)), {places[row]: file for row, file in known.items() if row in places})
