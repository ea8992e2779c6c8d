"""Finding rows inside data files, for writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from supertable.application.ports.engines.callers import Caller
from supertable.domain.layout.layouts import SortColumn
from supertable.domain.scan.predicates import Predicate
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.schemas import Schema


class RowFinder(Protocol):
    """Finds rows inside data files, for writes. Positions are row numbers within the Parquet file, from 0."""

    def duplicates(
        self, batch: pa.Table, keys: Sequence[str], sequence: str | None, first_wins: bool = False
    ) -> pa.Array | None:
        """Row numbers (ascending) to keep so that each key occurs once; None if no key occurs twice.

        Per key, the row with the highest sequence wins (null is lowest); among equals, the last row. Without
        `sequence` the last row wins. With `first_wins` it is the first row, whatever its sequence. As keys, nulls are
        equal to each other, and so are NaNs.
        """

    def matching_keys(self, scan: Scan, batch: pa.Table, keys: Sequence[str], sequence: str | None) -> KeyMatches:
        """Live rows of `scan` whose key is in `batch`. Keys in `batch` must be unique."""

    def matching_predicate(
        self, scan: Scan, predicate: CheckedPredicate, caller: Caller | None = None
    ) -> dict[str, pa.Array]:
        """Positions of the live rows of `scan` for which the predicate is true, by data file path.

        Files without such rows are left out. `caller`: who wrote the expression; None: SuperTable itself.
        Raises `QueryCancelled` if the caller cancels.
        """

    def completed(self, given: Scan, table: Scan, keys: Sequence[str]) -> AbstractContextManager[pa.RecordBatchReader]:
        """The rows of `given`, which has some columns of `table`, completed to all columns of `table`.

        Columns that are not given come from the live row with the same key; they are null if there is none. Keys must
        be unique in both. Streams; the reader is valid within the block.
        """

    def superseded(
        self, scan: Scan, keys: Sequence[str], sequence: str | None, first_wins: bool = False
    ) -> dict[str, pa.Array]:
        """Positions of rows of `scan` that a later row of `scan` with the same key supersedes, by data file path.

        `first_wins`: an earlier row supersedes them, whatever its sequence.
        `scan.files` must be in the order in which the rows were written. Memory is bounded: may spill to disk.
        """

    def live_rows(self, scan: Scan, order_by: Sequence[SortColumn]) -> AbstractContextManager[pa.RecordBatchReader]:
        """The live rows: the columns of `scan.schema`, followed by two int64 columns that locate each row.

        The two are the file, as its index in `scan.files`, and the row's position in that file. Rows are sorted by the
        columns `order_by`, then by location; if `order_by` is empty, their order is undefined.
        Streams, may spill to disk; the reader is valid within the block.
        """

    def key_rows(
        self, scan: Scan, columns: Sequence[str], hashed: Sequence[str]
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        """All rows, dead ones included, in no order: these columns, and two int64 columns as in `live_rows`.

        `hashed`: unless it is empty, a column of 64-bit hashes of these columns comes before the last two. Hashes are
        comparable within a process: keys that are equal as in `duplicates` have the same.
        Streams; the reader is valid within the block.
        """

    def hashed_keys(self, schema: Schema, batch: pa.Table, keys: Sequence[str]) -> pa.Table:
        """The keys of the batch in its order, as `key_rows` returns those of stored rows, with the column of hashes.

        `schema`: defines the key columns.
        """

    def check_predicate(
        self, text: str, schema: Schema, caller: Caller | None = None, scope: ConditionScope | None = None
    ) -> CheckedPredicate:
        """Parse and check a WHERE expression over the columns of one table. `caller`: who wrote it; None: SuperTable.

        `scope`: what the expression may name besides; None: nothing.

        Raises `InvalidStatement` and `StatementRefused`.
        """


@dataclass(frozen=True, slots=True)
class ConditionScope:
    """What the condition of a statement may name besides columns.

    `table`: the name by which the table's columns may be qualified, in parts; empty: none. `parameters`: exact values.
    """

    table: tuple[str, ...] = ()
    parameters: Sequence[Any] | Mapping[str, Any] = ()


@dataclass(frozen=True, slots=True)
class KeyMatches:
    """The live rows that match the keys of a batch, for an upsert or a delete by keys.

    `superseded`: positions to mark dead, by data file path. `by`: row numbers of the batch (ascending) that supersede
    them. `stale`: row numbers of the batch (ascending) that lose against a live row with a newer sequence; empty when
    there is no sequence column.
    """

    superseded: dict[str, pa.Array]
    by: pa.Array
    stale: pa.Array


class CheckedPredicate(Protocol):
    @property
    def text(self) -> str:
        """The expression as the engine parsed it, rendered back to SQL."""

    @property
    def necessary(self) -> Predicate:
        """The necessary condition that file pruning can use."""

    @property
    def is_exact(self) -> bool:
        """Whether `necessary` is true for exactly the rows for which the expression is."""
