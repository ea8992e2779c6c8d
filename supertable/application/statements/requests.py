"""What a statement is run with, and what it returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.engines.callers import Caller
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.ports.engines.sources import Given
from supertable.application.ports.engines.statements import Name
from supertable.application.queries.engines import Chosen
from supertable.application.queries.parameters import exact_parameters
from supertable.application.queries.run_query import RunQuery
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.engine_choice import EngineName
from supertable.domain.errors import InvalidInput, StatementRefused
from supertable.domain.names import name_key
from supertable.domain.table.commits import CommitInfo, Operation
from supertable.domain.table.idempotency import bound_key

DROPPED, RENAMED, NOTHING = "drop", "rename", "none"
"""Operations of statements that make no version: on the name of a table, or none at all."""
_NO_PARAMETERS: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class StatementOptions:
    """How a door runs statements.

    `writes`: whether statements that change something may run. `info`: of the commit. `limits`: of what is read.
    `engine`: the one that the caller asks for, for what is read; None: none. By `caller` the statement can be cancelled
    until its commit.
    """

    writes: bool = False
    info: CommitInfo = field(default_factory=CommitInfo)
    limits: Limits = field(default_factory=Limits)
    engine: EngineName | None = None
    caller: Caller | None = None


class ReadRows(NamedTuple):
    """`of_text`: the text and the parameters say what is read. They do not for frames, files and listings.

    `chosen`: the engine that reads the rows.
    """

    reader: pa.RecordBatchReader
    of_text: bool
    chosen: Chosen


@dataclass(frozen=True, slots=True)
class StatementRequest:
    """A statement to run: `sql` in the supertable and under the session of `namespace`."""

    namespace: Namespace
    sql: str
    parameters: Sequence[Any] | Mapping[str, Any] = _NO_PARAMETERS
    options: StatementOptions = field(default_factory=StatementOptions)

    @property
    def caller(self) -> Caller:
        return self.options.caller or Caller(self.namespace.session.user)

    def target(self, parts: Name) -> tuple[Namespace, str]:
        """The supertable and name of the table to change. Raises `StatementRefused` and `TableNotFound`."""
        namespace, name = self.namespace.named(parts)
        if len(parts) == 1 and name_key(name) == name_key(namespace.supertable):
            raise StatementRefused(f"{name} is the union of the tables of the supertable. Name one of its tables.")
        return namespace, name

    def bound_info(self, operation: Operation) -> CommitInfo:
        """The information of the commit, with its key bound to this statement and its parameters."""
        values = repr(exact_parameters(self.parameters))
        return bound_key(self.options.info, self.namespace.session.user, operation, "sql", self.sql, values)

    def refuse_key(self, verb: str) -> None:
        """Raises `InvalidInput` if there is an idempotency key, for statements that have no use for one."""
        if self.options.info.idempotency_key is not None:
            raise InvalidInput(f"{verb} takes no idempotency key. Nothing was changed.")

    @contextmanager
    def rows(self, run_query: RunQuery, sql: str) -> Iterator[ReadRows]:
        """The rows of a query of the caller, as a stream within the block. Raises what `RunQuery` raises."""
        prepared = run_query.prepare(self.namespace, sql, self.parameters, self.options.engine, may_keep=False)
        running = run_query.run(prepared, self.parameters, Limits(None, self.options.limits.timeout_seconds))
        try:
            with self.caller.may_cancel(running.cancel):
                is_given = any(isinstance(source, Given) for source in prepared.sources.values())
                yield ReadRows(running.reader, not is_given, prepared.chosen)
        finally:
            running.close()


@dataclass(frozen=True, slots=True)
class StatementResult:
    """What a statement did. `returned`: the rows of RETURNING; None: it has none. `chosen`: the engine that read what
    was written; None: nothing was read."""

    verb: str
    write: WriteResult
    returned: pa.Table | None = None
    chosen: Chosen | None = None

    @property
    def versions(self) -> Mapping[str, tuple[int, ...]]:
        """The version that the statement made, by table name."""
        return {self.write.table: (self.write.version,)}

    @property
    def rows(self) -> pa.Table:
        """The rows of RETURNING, or one row that tells what was done."""
        return pa.Table.from_pylist([asdict(self.write)]) if self.returned is None else self.returned


def unchanged(table: OpenTable, operation: str = NOTHING) -> WriteResult:
    """What a statement did that made no version of the table. `operation`: what it did to its name."""
    return WriteResult(table.name, table.snapshot.version, operation, 0, 0, 0, 0, 0, replayed=False)


def nothing(table: Name) -> WriteResult:
    """What a statement did that found no table, as `IF EXISTS` allows."""
    return WriteResult(table[-1], 0, NOTHING, 0, 0, 0, 0, 0, replayed=False)
