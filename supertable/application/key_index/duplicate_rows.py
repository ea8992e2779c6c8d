"""Keys that occur more than once among the new rows of one write, found without the engine where keys are words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from supertable.application.key_index.file_keys import ROW_BYTES, FileKeys, KeysOfFiles, TooManyKeys
from supertable.application.key_index.key_indexes import KeyIndexes
from supertable.application.key_index.key_words import KeyShape, NoWord, key_shape
from supertable.application.key_index.runs import Keys
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.storage.positions import Positions
from supertable.application.tables.open_table import OpenTable
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.schemas import Schema


class DuplicateRows:
    """Answers what `RowFinder.duplicates` and `RowFinder.superseded` do. `indexes`: bounds the memory for keys."""

    def __init__(self, finder: RowFinder, indexes: KeyIndexes) -> None:
        self._finder = finder
        self._indexes = indexes
        self._file_keys = FileKeys(finder)

    def duplicates(self, table: OpenTable, batch: pa.Table, schema: Schema, first_wins: bool) -> pa.Array | None:
        """See `RowFinder.duplicates`. `schema`: of the batch."""
        keys, sequence = table.snapshot.key_names, table.snapshot.sequence_name
        shape = self._shape(table, schema)
        if shape.is_hashed:
            distinct = _are_distinct_values(batch.select(keys))
        else:
            distinct = self._are_distinct_words(batch, keys, schema, shape)
        return None if distinct else self._finder.duplicates(batch, keys, sequence, first_wins)

    def superseded(self, table: OpenTable, scan: Scan, first_wins: bool) -> dict[str, Positions]:
        """See `RowFinder.superseded`. `scan`: of new files, all of whose rows are alive, for the index to remember."""
        keys, sequence = table.snapshot.key_names, table.snapshot.sequence_name
        shape = self._shape(table, scan.schema)
        found = self._read(scan, keys, sequence, shape) if shape.is_indexable else None
        if found is not None:
            self._indexes.remember(table.folder, shape, [file.path for file in scan.files], found)
        if found is not None and _are_distinct(found.keys):
            return {}
        if found is not None and not shape.is_hashed:
            return _superseded(scan, found, first_wins)
        rows = self._finder.superseded(scan, keys, sequence, first_wins)
        return {path: positions.to_numpy() for path, positions in rows.items()}

    def _are_distinct_words(self, batch: pa.Table, keys: Sequence[str], schema: Schema, shape: KeyShape) -> bool:
        try:
            return _are_distinct(self._file_keys.encoded(batch, keys, schema, shape))
        except NoWord:
            return False

    def _read(self, scan: Scan, keys: Sequence[str], sequence: str | None, shape: KeyShape) -> KeysOfFiles | None:
        if sum(file.rows for file in scan.files) * ROW_BYTES > self._indexes.most_bytes:
            return None
        try:
            return self._file_keys.read(scan, keys, sequence, shape, self._indexes.most_bytes)
        except (NoWord, TooManyKeys):
            return None

    @staticmethod
    def _shape(table: OpenTable, schema: Schema) -> KeyShape:
        definition = table.snapshot.definition
        return key_shape(schema, definition.keys, definition.sequence)


def _are_distinct(keys: Keys) -> bool:
    """Whether no two rows have one key. Rows whose hashes are distinct have distinct keys."""
    words = keys.words
    if keys.nulls is not None and keys.nulls.any():
        if np.count_nonzero(keys.nulls) > 1:
            return False
        words = words[~keys.nulls]
    ordered = np.sort(words)
    return bool((ordered[1:] != ordered[:-1]).all())


def _are_distinct_values(keys: pa.Table) -> bool:
    """Whether no two rows are equal; False where that is unknown: Arrow tells -0.0 from 0.0, and NaNs by their bits."""
    if any(pa.types.is_floating(kind) for kind in keys.schema.types):
        return False
    groups = pa.TableGroupBy(keys, keys.column_names, use_threads=False).aggregate([])
    return bool(groups.num_rows == keys.num_rows)


def _superseded(scan: Scan, found: KeysOfFiles, first_wins: bool) -> dict[str, Positions]:
    by_place = [found.rows, found.files]
    ranks = by_place if first_wins or found.sequences is None else [*by_place, found.sequences]
    parts = [found.keys.words] if found.keys.nulls is None else [found.keys.nulls, found.keys.words]
    order = np.lexsort([*ranks, *parts])
    again = np.ones(len(order) - 1, dtype=bool)  # whether a row has the key of the one before
    for part in parts:
        again &= part[order[1:]] == part[order[:-1]]
    lost = order[1:][again] if first_wins else order[:-1][again]
    return {
        file.path: np.sort(found.rows[lost[found.files[lost] == number]])
        for number, file in enumerate(scan.files)
        if (found.files[lost] == number).any()
    }
