"""Which files two tables of files do not have alike: every version of a large table can be compared with any other."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.snapshot_files.ends import Flags


def differing_paths_of(one: pa.Table, other: pa.Table) -> set[str]:
    """The paths of files that are in one of the tables only, or that they may have differently. See `file_table`."""
    places = pc.index_in(one["path"], value_set=other["path"].combine_chunks())
    there = places.is_valid().to_numpy(zero_copy_only=False)
    missing = np.ones(other.num_rows, np.bool_)
    missing[places.drop_null().to_numpy()] = False
    alike, others = one.filter(pa.array(there)), other.take(places.drop_null())
    differing = alike["path"].filter(pa.array(_differing(alike, others)))
    parts = (one["path"].filter(pa.array(~there)), other["path"].filter(pa.array(missing)), differing)
    return {path for part in parts for path in part.to_pylist()}


def _differing(one: pa.Table, other: pa.Table) -> Flags:
    """Where the rows may differ: in a value, or in what is kept beside the table."""
    found = _flags(pc.or_(one["whole"], other["whole"]))
    for name in {*one.column_names, *other.column_names}:
        if name not in one.column_names or name not in other.column_names:
            found |= _flags((one if name in one.column_names else other)[name].is_valid())
        else:
            found |= _flags(one[name].is_valid()) != _flags(other[name].is_valid())
            found |= _flags(pc.not_equal(one[name], other[name]).fill_null(False))
    return found


def _flags(values: pa.ChunkedArray) -> Flags:
    flags: Flags = values.to_numpy(zero_copy_only=False)
    return flags
