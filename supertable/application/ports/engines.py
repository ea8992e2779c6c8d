"""SQL engines. An engine parses and checks a statement with its own parser, and runs only the checked form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

import pyarrow as pa

from supertable.domain.errors import SupertableError
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
    """A range of versions: from the one after `after` (0: from the first) to `up_to`, inclusive (None: the newest)."""

    after: int
    up_to: int | None


class Show(StrEnum):
    """What a SHOW statement lists. `VERSIONS`: of the table that the relation names, as `table_versions` does."""

    TABLES = "tables"
    ALL_TABLES = "all tables"
    SCHEMAS = "schemas"
    DATABASES = "databases"
    VERSIONS = "versions"


@dataclass(frozen=True, slots=True)
class Relation:
    """One reference to a catalog table in a statement. `id` is unique in the statement.

    `parts` is the name as written, one to three parts: table; supertable.table; organization.supertable.table.
    `at`: the version to read; None: the newest. `changes`: set for `table_changes('name', after, up_to)`, which stands
    for the changes of the table's rows; None: the reference stands for the rows themselves. `show`: set where it stands
    for a listing; then `parts` names a supertable or, for versions, a table. `view`: the view in whose
    query it stands, the outermost of several; empty: it stands in the statement itself.
    """

    id: int
    parts: tuple[str, ...]
    at: VersionAt | TagAt | TimestampAt | None
    changes: ChangesRequest | None = None
    show: Show | None = None
    view: str = ""


class Statement(Protocol):
    """A checked statement of one engine. Immutable; may be bound and run many times."""

    @property
    def relations(self) -> Sequence[Relation]: ...

    @property
    def explain(self) -> bool:
        """Whether the statement is an EXPLAIN: its result is the plan, not rows."""

    @property
    def analyze(self) -> bool:
        """Whether the plan is that of a run, with the rows and times of operators: EXPLAIN ANALYZE."""

    @property
    def shape(self) -> str:
        """The statement with placeholders in place of values, for the audit log."""

    @property
    def values_query(self) -> str:
        """The query of the first values of a PIVOT that are not known, one text column; empty: all are known.

        Until then the statement cannot run: it is parsed again with these values too.
        """

    def predicate(
        self,
        relation_id: int,
        schemas: Mapping[int, Schema],
        parameters: Sequence[Any] | Mapping[str, Any] = (),
    ) -> Predicate:
        """The necessary condition on one relation's rows that follows from the statement's WHERE, for file pruning.

        `schemas`: by relation id, of all relations; one that is missing (a union of tables) has unknown columns.
        `parameters`: values to use in comparisons with parameters; without them, these comparisons prune nothing.
        """


@dataclass(frozen=True, slots=True)
class Union:
    """A relation that names a supertable: the union of its tables by column name; `_table` has the table's name."""

    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True)
class ChangeStep:
    """The rows that one version deleted and inserted, both read under the schema of `Changes`."""

    version: int
    deleted: Scan
    inserted: Scan


@dataclass(frozen=True, slots=True)
class Changes:
    """Changed rows, with columns `_change` and `_version` before the table's columns.

    `_change` is `insert` or `delete`. Where one version deletes and inserts a row with the same key, it is
    `update_before` and `update_after`. Without `keys` there are no updates. `steps` are in order of version.
    """

    schema: Schema
    keys: tuple[str, ...]
    steps: tuple[ChangeStep, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """Rows that no table holds, such as a listing. `read` begins to read them; every call from the first row on."""

    names: tuple[str, ...]
    read: Callable[[], pa.RecordBatchReader]

    @classmethod
    def of(cls, table: pa.Table) -> Given:
        return cls(tuple(table.schema.names), table.to_reader)


Source = Scan | Union | Changes | Given
"""The data that a relation is bound to."""


@dataclass(frozen=True, slots=True)
class ViewText:
    """The query of a view. `supertable`: that of the names in it that have one part."""

    supertable: str
    sql: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a statement's text does not say.

    `pivots`: the values of PIVOTs that name none, in the order of their `Statement.values_query`. `views`: the names
    that stand for views, as in `Relation.parts`; their queries become parts of the statement.
    """

    pivots: tuple[tuple[str, ...], ...] = ()
    views: tuple[tuple[tuple[str, ...], ViewText], ...] = ()


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one query; None: no bound. More than `max_rows` rows raise `ResultTooLarge`; no result is cut short.

    `user`: the caller; an engine that many users share is fair between them.
    """

    max_rows: int | None = None
    timeout_seconds: float | None = None
    user: str = ""

    def within(self, seconds: float | None) -> Limits:
        """The same bounds with a time limit of at most `seconds`; None: of any length."""
        limits = [limit for limit in (self.timeout_seconds, seconds) if limit is not None]
        return replace(self, timeout_seconds=min(limits, default=None))


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """A part of a result as the bytes of an Arrow stream, and how many rows begin in it."""

    num_rows: int
    parts: list[bytes]


class RunningQuery(Protocol):
    """A query whose rows have not all been read. Holds engine resources until it is exhausted or closed."""

    @property
    def reader(self) -> pa.RecordBatchReader:
        """The rows as a stream. The first access starts the query.

        Raises, here or while reading, `InvalidStatement` for errors that only planning finds, `QueryFailed` and
        `Damaged`.
        """

    def encoded(self) -> Iterator[EncodedRows] | None:
        """The rows as one Arrow stream, in place of `reader`; None: the engine has only that.

        Columns of the same name are numbered. Raises what `reader` raises.
        """

    def cancel(self) -> None:
        """Stop the query, from any thread: its reader raises `QueryCancelled`. No-op after the end."""

    def close(self) -> None:
        """Stop the query if it still runs, and release its resources. No-op the second time."""


Stopped = Callable[[], bool]
"""Returns whether the query was cancelled or has exceeded its time."""


class OpenFiles(Protocol):
    """Data files that are readable until `close`. `locations` are absolute paths and URLs, in the order requested."""

    @property
    def locations(self) -> Sequence[str]: ...

    @property
    def failure(self) -> SupertableError | None:
        """The first error of a read of these files that the engine made through us; None: there was none."""

    def close(self) -> None:
        """No-op the second time."""


class DirectReads(Protocol):
    """The reads that an engine makes from the object store itself, for one query."""

    @property
    def failure(self) -> SupertableError | None:
        """See `OpenFiles.failure`."""

    def locate(self, key: str, file: DataFile) -> str:
        """The location by which the engine reads the object until `close`. Thread-safe.

        Raises `Damaged` if it is missing or has another size, `StoreUnavailable` and `QueryCancelled`.
        """

    def close(self) -> None:
        """Ends all reads, soon. No-op the second time."""


BeginReads = Callable[[Stopped], DirectReads]
"""Begins the direct reads of a query. Raises an error, such as `MissingExtra`, if the engine cannot read the store."""


class FileSource(Protocol):
    """Access to verified data files and deletion vectors, for engines."""

    def open(self, files: Sequence[tuple[str, DataFile]], stopped: Stopped) -> OpenFiles:
        """Open files given as (folder of the table, file); duplicates are allowed.

        Raises `Damaged` if one is missing or is not what was written, `StoreUnavailable`, and `QueryCancelled` soon
        after `stopped()` becomes true.
        """

    def exists(self, key: str) -> bool:
        """Whether storage has the object, whatever happened to files on this machine. Raises `StoreUnavailable`."""

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        """The dead rows of `file`, one bit a row: bit i, most significant bit first, is row i. Raises `Damaged`."""


class Engine(Protocol):
    """Thread-safe. Raises `InvalidStatement` and `StatementRefused` for SQL that cannot or may not run."""

    @property
    def name(self) -> str: ...

    def parse(self, sql: str, known: Known = NOTHING_KNOWN) -> Statement: ...

    def shape(self, sql: str) -> str:
        """`Statement.shape` for SQL that was refused; empty if it cannot be derived. Never raises."""

    def run(
        self,
        statement: Statement,
        scans: Mapping[int, Source],
        parameters: Sequence[Any] | Mapping[str, Any],
        limits: Limits,
    ) -> RunningQuery:
        """Compile the view chain of every relation (`scans`, by relation id) into the statement, ready to start.

        Nothing runs before the reader is first accessed.
        """

    def close(self) -> None: ...
