"""The files of one schema among arrays, with what pruning needs of them, which is made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.snapshot_files.ends import ENDS, Counts, Ends, Flags
from supertable.application.storage.snapshot_files.file_table import KINDS, high_name, low_name, nulls_name, scalar_of
from supertable.domain.schema.types import Scalar

Rows = npt.NDArray[np.int64]


class End:
    """The lower or the upper ends of the ranges of one column, by kind. Comparisons are false where one is unknown."""

    def __init__(self, columns: Mapping[str, pa.Array], size: int) -> None:
        self._size = size
        self._parts = [(_valid(values), ENDS[kind](values)) for kind, values in columns.items()]
        self.known: Flags = np.logical_or.reduce([np.zeros(size, np.bool_), *(valid for valid, _ in self._parts)])

    def at_most(self, value: Any, factor: int, strict: bool = False) -> Flags:
        """Where `end * factor <= value`; `strict`: `<`."""
        return self._where(lambda ends: ends.at_most(value, factor, strict))

    def at_least(self, value: Any, factor: int, strict: bool = False) -> Flags:
        """Where `end * factor >= value`; `strict`: `>`."""
        return self._where(lambda ends: ends.at_least(value, factor, strict))

    def values_below(self, values: Sequence[Any], factor: int) -> Counts:
        """How many of the ascending values are below `end * factor`; none where it is unknown."""
        return self._counted(lambda ends: ends.values_below(values, factor), 0)

    def values_up_to(self, values: Sequence[Any], factor: int) -> Counts:
        """How many of the ascending values are at most `end * factor`; all where it is unknown."""
        return self._counted(lambda ends: ends.values_up_to(values, factor), len(values))

    def _where(self, test: Callable[[Ends], Flags]) -> Flags:
        result = np.zeros(self._size, np.bool_)
        for valid, ends in self._parts:
            result |= valid & test(ends)
        return result

    def _counted(self, count: Callable[[Ends], Counts], unknown: int) -> Counts:
        result = np.full(self._size, unknown, np.int64)
        for valid, ends in self._parts:
            result = np.where(valid, count(ends), result)
        return result


class Part:
    """Some rows of a table of files."""

    def __init__(self, table: pa.RecordBatch, rows: Rows) -> None:
        self.rows = rows
        self._table = table
        self._is_whole = len(rows) == table.num_rows
        self._ends: dict[str, End] = {}
        self._nulls: dict[int, tuple[Counts, Flags]] = {}

    @property
    def size(self) -> int:
        return len(self.rows)

    def low(self, field_id: int) -> End:
        return self._end(low_name, field_id)

    def high(self, field_id: int) -> End:
        return self._end(high_name, field_id)

    def nulls(self, field_id: int) -> tuple[Counts, Flags]:
        """The number of nulls of a column in each file, and whether the file has a range of it."""
        if field_id not in self._nulls:
            found = self._column(nulls_name(field_id))
            none = np.zeros(self.size, np.int64)
            self._nulls[field_id] = (
                (none, none > 0) if found is None else (found.fill_null(0).to_numpy(), _valid(found))
            )
        return self._nulls[field_id]

    @cached_property
    def row_counts(self) -> Counts:
        counts: Counts = self._column("rows").to_numpy()
        return counts

    @cached_property
    def dead_counts(self) -> Counts:
        counts: Counts = self._column("vector_rows").fill_null(0).to_numpy()
        return counts

    def only(self, kept: Flags) -> Part:
        """Those of the rows that are kept. `kept`: of all rows of the table."""
        mine = kept[self.rows]
        return self if mine.all() else Part(self._table, self.rows[mine])

    def outermost(
        self, field_id: int, rows: Flags, count: int, *, upper: bool, descending: bool
    ) -> Iterator[tuple[int, Scalar]]:
        """Of these files those with the least (`descending`: greatest) known lower (`upper`: upper) ends.

        Up to `count` of each kind, with the end of each, in no order.
        """
        name = high_name if upper else low_name
        for kind in KINDS:
            ends = self._column(name(field_id, kind))
            if ends is not None:
                places = np.flatnonzero(rows & _valid(ends))
                known = ends.take(pa.array(places))
                order = "descending" if descending else "ascending"
                ordered = known.cast(pa.int8()) if kind == "bool" else known
                for place in pc.select_k_unstable(ordered, count, [("", order)]).to_pylist():
                    yield int(places[place]), scalar_of(kind, known[place].as_py())

    def _end(self, name: Callable[[int, str], str], field_id: int) -> End:
        key = name(field_id, "")
        if key not in self._ends:
            columns = {kind: self._column(name(field_id, kind)) for kind in KINDS}
            self._ends[key] = End({kind: found for kind, found in columns.items() if found is not None}, self.size)
        return self._ends[key]

    def _column(self, name: str) -> Any:
        place = self._table.schema.get_field_index(name)
        if place < 0:
            return None
        column = self._table.column(place)
        return column if self._is_whole else column.take(pa.array(self.rows))


def _valid(values: pa.Array) -> Flags:
    found: Flags = values.is_valid().to_numpy(zero_copy_only=False)
    return found
