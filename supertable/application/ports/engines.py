"""What runs SQL. An engine parses and judges the statement with its own parser, and runs only what it judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from supertable.domain.scan.predicates import Predicate
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import DataFile


@dataclass(frozen=True, slots=True)
class VersionAt:
    """`AT (VERSION => n)`."""

    version: int


@dataclass(frozen=True, slots=True)
class TagAt:
    """`AT (VERSION => 'name')`: the version that a tag names."""

    tag: str


@dataclass(frozen=True, slots=True)
class TimestampAt:
    """`AT (TIMESTAMP => t)`: the newest version committed at or before `at_us`, microseconds since 1970 UTC."""

    at_us: int


@dataclass(frozen=True, slots=True)
class ChangesRequest:
    """The versions after `after` (0: all), up to and including `up_to` (None: the newest)."""

    after: int
    up_to: int | None


@dataclass(frozen=True, slots=True)
class Relation:
    """One reference to a catalog table in a statement. `id` is unique in the statement.

    `parts` is the name as written, one to three parts: table; supertable.table; organization.supertable.table.
    `changes`: not the table's rows are meant, but what became of them, as `table_changes('name', after, up_to)`.
    """

    id: int
    parts: tuple[str, ...]
    at: VersionAt | TagAt | TimestampAt | None
    changes: ChangesRequest | None = None


class Statement(Protocol):
    """A checked statement of one engine. Immutable; may be bound and run many times."""

    @property
    def relations(self) -> Sequence[Relation]: ...

    @property
    def explain(self) -> bool:
        """Whether the plan is asked for, not the rows."""

    @property
    def shape(self) -> str:
        """The statement with placeholders where values are, for the audit log."""

    def predicate(
        self,
        relation_id: int,
        schemas: Mapping[int, Schema],
        parameters: Sequence[Any] | Mapping[str, Any] = (),
    ) -> Predicate:
        """What the statement's WHERE says about one relation, given the schemas of all (by relation id).

        Relations that are missing in `schemas` (a union of tables) have unknown columns. Comparisons with
        `parameters` count too, when their values are given.
        """

    def cannot_fail(self, schema: Schema, parameters: Sequence[Any] | Mapping[str, Any]) -> bool:
        """Whether it reads one table, and asks of these of its columns only what cannot fail, whatever their values."""


@dataclass(frozen=True, slots=True)
class Union:
    """A relation that names a supertable: the union by name of its tables, with their names in `_table`."""

    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True)
class ChangeStep:
    """The rows that one version took away, and those that it brought; both under the schema of `Changes`."""

    version: int
    gone: Scan
    came: Scan


@dataclass(frozen=True, slots=True)
class Changes:
    """Changed rows, with `_change` and `_version` before the table's columns.

    `_change` is insert or delete; where a version takes away and brings a row of one key, update_before and
    update_after. Without `keys` there are no updates.
    """

    schema: Schema
    keys: tuple[str, ...]
    steps: tuple[ChangeStep, ...]


Source = Scan | Union | Changes
"""What a relation stands for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one query; None: no bound. More rows than `max_rows` is `ResultTooLarge`, never a cut result."""

    max_rows: int | None = None
    timeout_seconds: float | None = None


class RunningQuery(Protocol):
    """A query whose rows have not all been taken. Holds engine resources until exhausted or closed."""

    @property
    def reader(self) -> pa.RecordBatchReader:
        """The rows as a stream; the query starts when it is first asked for.

        Raises, here or while reading, `InvalidStatement` for what only planning finds, `QueryFailed` and `Damaged`.
        """

    def cancel(self) -> None:
        """Stop it from any thread; the reader then raises `QueryCancelled`. No effect after the end."""

    def close(self) -> None: ...


Stopped = Callable[[], bool]
"""Whether a query was cancelled, or has run out of time."""


class OpenFiles(Protocol):
    """Data files that may be read until `close`. `locations` are absolute paths and URLs, in the order asked for."""

    @property
    def locations(self) -> Sequence[str]: ...

    def close(self) -> None:
        """No-op the second time."""


class FileSource(Protocol):
    """What an engine asks before it opens data files."""

    def open(self, files: Sequence[tuple[str, DataFile]], stopped: Stopped) -> OpenFiles:
        """Files by folder, one may come twice. Raises `Damaged` unless each is there and is what was written,
        `StoreUnavailable`, and `QueryCancelled` soon after `stopped` is true."""

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        """The dead rows of `file`: bit i, most significant bit first, is row i. Raises `Damaged`."""


class Engine(Protocol):
    """Thread-safe. Raises `InvalidStatement` and `StatementRefused` for SQL that cannot or may not run."""

    @property
    def name(self) -> str: ...

    def parse(self, sql: str) -> Statement: ...

    def shape(self, sql: str) -> str:
        """As `Statement.shape`, of SQL that was refused; empty where nothing can be said of it. Never raises."""

    def run(
        self,
        statement: Statement,
        scans: Mapping[int, Source],
        parameters: Sequence[Any] | Mapping[str, Any],
        limits: Limits,
    ) -> RunningQuery:
        """Compile the view chain of every relation (by id) into the statement, ready to start."""

    def close(self) -> None: ...


class RowFinder(Protocol):
    """Finds rows inside data files, for writes. Positions are row numbers within the Parquet file, from 0."""

    def duplicates(self, batch: pa.Table, keys: Sequence[str], sequence: str | None) -> pa.Array | None:
        """Row numbers to keep (ascending) so that each key stays once, or None where all keys differ.

        Per key the highest sequence wins, nulls lowest; among equals the last row. Nulls are equal to each other,
        NaN too. Without `sequence` the last row wins.
        """

    def matching_keys(self, scan: Scan, batch: pa.Table, keys: Sequence[str], sequence: str | None) -> KeyMatches:
        """Live rows of `scan` whose key is in `batch` (whose keys are unique)."""

    def matching_predicate(self, scan: Scan, predicate: CheckedPredicate) -> dict[str, pa.Array]:
        """Positions of the live rows for which the predicate is true, by data file path; files without one left out."""

    def completed(self, given: Scan, table: Scan, keys: Sequence[str]) -> AbstractContextManager[pa.RecordBatchReader]:
        """The rows of `given`, which has some columns of `table`, with all columns of `table`.

        What is not given comes from the live row with the same key, and is null where there is none. Keys are unique
        in both. Streams; the reader is valid within the block.
        """

    def superseded(self, scan: Scan, keys: Sequence[str], sequence: str | None) -> dict[str, pa.Array]:
        """Positions of rows of `scan` that a later row of `scan` with the same key supersedes, by data file path.

        `scan.files` is in the order in which the rows came. Bounded memory: may spill to disk.
        """

    def live_rows(self, scan: Scan, order_by: Sequence[str]) -> AbstractContextManager[pa.RecordBatchReader]:
        """The live rows, and after the columns of `scan.schema` two of int64 that say where each row lies.

        These are the file, as its place in `scan.files`, and the row's position in it. The rows are sorted by the
        columns `order_by`, nulls last, and then by where they lie; without such columns they come in any order.
        Streams, may spill to disk; the reader is valid within the block.
        """

    def check_predicate(self, text: str, schema: Schema) -> CheckedPredicate:
        """Parse and judge a WHERE expression over the columns of one table. Raises `InvalidStatement`."""


@dataclass(frozen=True, slots=True)
class KeyMatches:
    """What an upsert or delete by keys finds.

    `superseded`: positions to mark dead, by data file path. `by`: row numbers of the batch (ascending) that supersede
    them. `stale`: those (ascending) that lose against a live row with a newer sequence; none without a sequence column.
    """

    superseded: dict[str, pa.Array]
    by: pa.Array
    stale: pa.Array


class CheckedPredicate(Protocol):
    @property
    def text(self) -> str:
        """The expression as the engine understood it."""

    @property
    def necessary(self) -> Predicate:
        """What file pruning can use of it."""
