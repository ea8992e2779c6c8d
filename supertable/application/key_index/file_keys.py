"""Keys for the index: of the rows of data files, and of the rows that are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from supertable.application.key_index.key_words import KeyShape, Words, sequence_words, words
from supertable.application.key_index.runs import Keys
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.schemas import Schema

ROW_BYTES = 16
"""What a row takes in an index, at least."""


class TooManyKeys(Exception):
    """The keys take more bytes than they may."""


@dataclass(frozen=True, slots=True, eq=False)
class KeysOfFiles:
    """`files`: the index of each row's file in the scan's files. `rows`: its position there."""

    keys: Keys
    files: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    sequences: Words | None

    @property
    def bytes(self) -> int:
        """About what they take in an index."""
        values = self.keys.values
        each = ROW_BYTES if values is None else ROW_BYTES + 8
        return (
            each * len(self.rows)
            + (8 * len(self.rows) if self.sequences is not None else 0)
            + (values.nbytes if values is not None else 0)
        )


class FileKeys:
    def __init__(self, finder: RowFinder) -> None:
        self._finder = finder

    def encoded(self, keys: pa.Table, names: Sequence[str], schema: Schema, shape: KeyShape) -> Keys:
        """The keys of a table in memory. `names`: the key columns of both `keys` and `schema`. Raises `NoWord`."""
        if not shape.is_hashed:
            return Keys(*words(keys[names[0]], shape.keys[0][1]), None)
        hashed = self._finder.hashed_keys(schema, keys, names)
        return Keys(_integers(hashed.column(len(names))), None, _values(hashed, len(names)))

    def read(
        self, scan: Scan, names: Sequence[str], sequence: str | None, shape: KeyShape, most_bytes: int
    ) -> KeysOfFiles:
        """The keys of all rows of the scan's files, dead ones included. Raises `TooManyKeys` and `NoWord`."""
        columns = [*names, *([] if sequence is None else [sequence])]
        parts = _Parts(len(names))
        with self._finder.key_rows(scan, columns, names if shape.is_hashed else ()) as reader:
            for batch in reader:
                parts.add(pa.Table.from_batches([batch]), shape)
                if parts.bytes > most_bytes:
                    raise TooManyKeys
        return parts.joined()


@dataclass(slots=True)
class _Parts:
    """`width`: the number of key columns."""

    width: int
    bytes: int = 0
    words: list[Words] = field(default_factory=list)
    nulls: list[npt.NDArray[np.bool_]] = field(default_factory=list)
    values: list[pa.Table] = field(default_factory=list)
    files: list[npt.NDArray[np.int64]] = field(default_factory=list)
    rows: list[npt.NDArray[np.int64]] = field(default_factory=list)
    sequences: list[Words] = field(default_factory=list)

    def add(self, batch: pa.Table, shape: KeyShape) -> None:
        if shape.is_hashed:
            values = _values(batch, self.width)
            self.values.append(values)
            self.words.append(_integers(batch.column(batch.num_columns - 3)))
            self.bytes += values.nbytes
        else:
            found, nulls = words(batch.column(0), shape.keys[0][1])
            self.words.append(found)
            self.nulls.append(nulls)
        if shape.sequence:
            self.sequences.append(sequence_words(batch.column(self.width), shape.sequence[1]))
        self.files.append(_integers(batch.column(batch.num_columns - 2)))
        self.rows.append(_integers(batch.column(batch.num_columns - 1)))
        self.bytes += 8 * batch.num_rows * (2 + shape.is_hashed + (shape.sequence is not None))

    def joined(self) -> KeysOfFiles:
        values = pa.concat_tables(self.values).combine_chunks() if self.values else None
        nulls = np.concatenate(self.nulls) if self.nulls else None
        sequences = np.concatenate(self.sequences) if self.sequences else None
        keys = Keys(_concatenated(self.words), nulls, values)
        return KeysOfFiles(keys, _concatenated(self.files), _concatenated(self.rows), sequences)


def _values(rows: pa.Table, width: int) -> pa.Table:
    """The key columns, under names that stay the same when they are renamed."""
    return rows.select(range(width)).rename_columns([str(number) for number in range(width)])


def _integers(column: pa.ChunkedArray) -> Words:
    found: Words = column.combine_chunks().to_numpy().view(np.int64)
    return found


def _concatenated(parts: Sequence[Words]) -> Words:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
