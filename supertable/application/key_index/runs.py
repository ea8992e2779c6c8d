"""Runs: the keys of some data files, sorted, each with its position. A run never changes.

A run says which rows of its files have a key, dead rows included. Files are immutable, so it is true in every version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from supertable.application.key_index.key_words import Flags, Words, same_values

MOST_ROWS_OF_FILE = 2**32
MOST_FILES = 2**30
_NULL = np.int64(2**62)
_ROW = np.int64(MOST_ROWS_OF_FILE - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """Keys of rows, in no order. `nulls`: which of them are null. `values`: of hashed keys, the keys themselves."""

    words: Words
    nulls: Flags | None
    values: pa.Table | None


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Rows of files whose key is among those that were looked for. `numbers`: row numbers of the keys looked for.

    `files`: numbers of files. `rows`: positions in them. `sequences`: the rows' sequences, if the index has them.
    """

    numbers: npt.NDArray[np.int64]
    files: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    sequences: Words | None

    def take(self, chosen: npt.NDArray[np.int64] | Flags | slice) -> Hits:
        sequences = None if self.sequences is None else self.sequences[chosen]
        return Hits(self.numbers[chosen], self.files[chosen], self.rows[chosen], sequences)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """`words`: ascending. `at`: the file's number, the row, and whether the key is null, in one integer.

    `slots`: for hashed keys, which row of `values` has the key.
    """

    words: Words
    at: npt.NDArray[np.int64]
    sequences: Words | None
    slots: npt.NDArray[np.int64] | None
    values: pa.Table | None

    @property
    def rows(self) -> int:
        return len(self.words)

    @property
    def bytes(self) -> int:
        arrays = (self.words, self.at, self.sequences, self.slots)
        return sum(part.nbytes for part in arrays if part is not None) + (
            0 if self.values is None else self.values.nbytes
        )

    def found(self, wanted: Keys, order: npt.NDArray[np.int64]) -> Hits:
        """The rows with the wanted keys. `order`: sorts these by their words."""
        sought = wanted.words[order]
        first = np.searchsorted(self.words, sought)
        present = self.words[np.minimum(first, self.rows - 1)] == sought
        first, sought, order = first[present], sought[present], order[present]
        counts = np.searchsorted(self.words, sought, side="right") - first
        numbers = np.repeat(order, counts)
        places = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(len(numbers))
        equal = self._equal(wanted, numbers, places)
        numbers, places = numbers[equal], places[equal]
        at = self.at[places]
        sequences = None if self.sequences is None else self.sequences[places]
        return Hits(numbers, (at & ~_NULL) >> 32, at & _ROW, sequences)

    def _equal(self, wanted: Keys, numbers: npt.NDArray[np.int64], places: npt.NDArray[np.int64]) -> Flags:
        """Whether the keys at these places are the wanted ones, whose words are the same."""
        if self.slots is not None and self.values is not None and wanted.values is not None:
            return same_values(self.values.take(self.slots[places]), wanted.values.take(numbers))
        nulls = (self.at[places] & _NULL) != 0
        equal: Flags = nulls == (False if wanted.nulls is None else wanted.nulls[numbers])
        return equal

    def only(self, files: Flags) -> Run:
        """The same without other files. `files`: by number, whether a file stays."""
        kept = files[(self.at & ~_NULL) >> 32]
        words, at, sequences = self.words[kept], self.at[kept], _part(self.sequences, kept)
        if self.slots is None or self.values is None:
            return Run(words, at, sequences, None, None)
        return Run(words, at, sequences, np.arange(len(words)), self.values.take(self.slots[kept]).combine_chunks())


def sorted_run(keys: Keys, files: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], sequences: Words | None) -> Run:
    """The run of rows in any order. `files`: the number of each row's file. `rows`: its position there."""
    at = (files << 32) | rows
    if keys.nulls is not None and keys.nulls.any():
        at[keys.nulls] |= _NULL
    words = keys.words
    if bool((words[1:] >= words[:-1]).all()):
        slots = None if keys.values is None else np.arange(len(words))
        return Run(words, at, sequences, slots, keys.values)
    order = np.argsort(words, kind="stable")
    return Run(words[order], at[order], _part(sequences, order), None if keys.values is None else order, keys.values)


def merged(runs: Sequence[Run]) -> Run:
    words = np.concatenate([run.words for run in runs])
    order = np.argsort(words, kind="stable")  # merges what is sorted already
    sequences = [run.sequences for run in runs if run.sequences is not None]
    one = Run(
        words[order],
        np.concatenate([run.at for run in runs])[order],
        np.concatenate(sequences)[order] if sequences else None,
        None,
        None,
    )
    values = [run.values for run in runs if run.values is not None]
    if not values:
        return one
    before = np.cumsum([0, *(part.num_rows for part in values)])
    slots = [run.slots + start for run, start in zip(runs, before[:-1], strict=True) if run.slots is not None]
    return replace(one, slots=np.concatenate(slots)[order], values=pa.concat_tables(values).combine_chunks())


def untiered(runs: Sequence[Run], ratio: int) -> Sequence[Run]:
    """The last runs, at least one, which must be merged for each to be at least `ratio` times as long as the next."""
    count, next_rows, rows = 1, runs[-1].rows, runs[-1].rows
    for place in range(2, len(runs) + 1):
        length = runs[-place].rows
        rows += length
        if length < ratio * next_rows:
            count, next_rows = place, rows
        else:
            next_rows = length
    return runs[-count:]


def joined(hits: Sequence[Hits]) -> Hits:
    sequences = [each.sequences for each in hits if each.sequences is not None]
    empty = np.empty(0, np.int64)
    return Hits(
        np.concatenate([empty, *(each.numbers for each in hits)]),
        np.concatenate([empty, *(each.files for each in hits)]),
        np.concatenate([empty, *(each.rows for each in hits)]),
        np.concatenate(sequences) if sequences else None,
    )


def _part(array: Words | None, chosen: npt.NDArray[np.int64] | Flags) -> Words | None:
    return None if array is None else array[chosen]
