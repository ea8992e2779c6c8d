"""Rows in the layout of their table: a part of them at once is split by partition, and sorted.

Rows that are equal in all columns of the layout keep their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.arrow_batches import chunks
from supertable.application.storage.layout.partition_values import partition_values
from supertable.domain.layout.layouts import Layout
from supertable.domain.schema.schemas import Schema

LEAST_ROWS = 1_000
"""Fewer rows are neither sorted nor split."""
LEAST_ROWS_OF_PARTITION = 4_000
"""Rows that have fewer in each partition on average share files, until a compaction splits them."""

_MOST_ROWS = 1_000_000
_MOST_BYTES = 128 * 1024 * 1024
_MOST_GROUP_ROWS = 122_880
_UNSORTABLE = (pa.types.is_nested, pa.types.is_float16)

Order = npt.NDArray[np.integer]
Run = Iterable[pa.Table]
"""Row groups that may share a file."""


@dataclass(slots=True)
class Arrangement:
    """Arranges the rows of one write. `most_partitions`: up to so many get a file each, and more share files.

    `least_rows`: they share files too if a partition gets fewer rows on average.

    `unique`: leaves out rows whose order matters, as of those with one key all but one; None: no order matters, or none
    changes. `orders`: for each part, the place from which each row came, if the caller wants to know them.
    """

    layout: Layout
    schema: Schema
    most_partitions: float = 64
    least_rows: int = LEAST_ROWS_OF_PARTITION
    orders: list[Order] | None = None
    unique: Callable[[pa.Table], pa.Table] | None = None

    def runs(self, groups: Iterable[pa.Table]) -> Iterator[Run]:
        """The rows of `groups`, none of which is empty, in runs. A run must be read before the next is asked for."""
        parts = chunks(iter(groups), _MOST_ROWS, _MOST_BYTES)
        if self.layout.partition_by:
            for part in parts:
                yield from self._arranged(part)
        elif self.layout.sort_by:
            yield (group for part in parts for group in self._arranged(part)[0])
        else:
            yield groups

    def _arranged(self, part: pa.Table) -> list[list[pa.Table]]:
        if self.unique:
            part = self.unique(part)
        if part.num_rows < min(LEAST_ROWS, self.least_rows):
            self._note(np.arange(part.num_rows))
            return [[part]]
        numbers, count = _partitions(part, self.layout, self.schema)
        order = self._order(part, numbers, count)
        self._note(order)
        rows = part.combine_chunks().take(pa.array(order))
        if count > 1 and self._splits(part.num_rows, count):
            starts = np.flatnonzero(np.diff(numbers[order], prepend=-1)).tolist()
            ends = [*starts[1:], part.num_rows]
            return [_groups(rows.slice(start, end - start)) for start, end in zip(starts, ends, strict=True)]
        return [_groups(rows)]

    def _splits(self, rows: int, partitions: int) -> bool:
        return partitions <= self.most_partitions and rows >= partitions * self.least_rows

    def _order(self, part: pa.Table, numbers: Order, count: int) -> Order:
        """A stable order: by partition, and in it by the sort columns."""
        columns = [column for column in self.layout.sort_by if _is_sortable(part.schema.field(column.name).type)]
        if not columns:
            return np.argsort(numbers, kind="stable") if count > 1 else np.arange(part.num_rows)
        keys = [part.column(column.name) for column in columns]
        directions = ["descending" if column.descending else "ascending" for column in columns]
        names = [str(number) for number in range(len(keys) + 1)]
        table = pa.table([pa.array(numbers), *keys], names)
        found: Order = pc.sort_indices(table, list(zip(names, ["ascending", *directions], strict=True))).to_numpy()
        return found.astype(np.int64)

    def _note(self, order: Order) -> None:
        if self.orders is not None:
            self.orders.append(order.astype(np.int32))


def _groups(rows: pa.Table) -> list[pa.Table]:
    return [rows.slice(start, _MOST_GROUP_ROWS) for start in range(0, max(rows.num_rows, 1), _MOST_GROUP_ROWS)]


def _partitions(rows: pa.Table, layout: Layout, schema: Schema) -> tuple[Order, int]:
    """The number of each row's partition, from 0 in the order of their values, and how many there are."""
    numbers, count = np.zeros(rows.num_rows, np.int64), 1
    for partition in layout.partition_by:
        values, nulls = partition_values(rows, partition, schema)
        for part in (nulls, values):
            found, places = np.unique(part, return_inverse=True)
            if len(found) > 1:
                joined = numbers * len(found) + places
                distinct, numbers = np.unique(joined, return_inverse=True)
                count = len(distinct)
    return numbers, count


def _is_sortable(kind: pa.DataType) -> bool:
    return not any(test(kind) for test in _UNSORTABLE)
