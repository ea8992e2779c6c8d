"""The engine port over executors: statements are parsed and checked here, and run there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from supertable.adapters.engines.duckdb.counted_rows import counted_rows
from supertable.adapters.engines.executors.messages.requests import RunStatement
from supertable.adapters.engines.executors.pool import ExecutorPool
from supertable.adapters.engines.executors.turns import Turns
from supertable.adapters.engines.executors.work import Work
from supertable.application.ports.engines.engine import RunsEverything
from supertable.application.ports.engines.file_sources import FileSource
from supertable.application.ports.engines.parsed_statements import NOTHING_KNOWN, Known, Parameters, Relation, Statement
from supertable.application.ports.engines.running_queries import EncodedRows, Limits, RunningQuery
from supertable.application.ports.engines.sources import Scans, Source
from supertable.application.ports.engines.updates import CheckedUpdate, UpdatingEngine
from supertable.domain.scan.first_rows import FirstRows
from supertable.domain.scan.predicates import Predicate
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.scan.summaries import Summary
from supertable.domain.schema.schemas import Schema

_PART_BYTES = 128 * 1024
"""Memory of parts so small is reused. New memory costs more than the copy."""


@dataclass(frozen=True, slots=True)
class ExecutorStatement:
    """A checked statement with its text, by which executors check it again."""

    sql: str
    known: Known
    checked: Statement

    @property
    def relations(self) -> Sequence[Relation]:
        return self.checked.relations

    @property
    def explain(self) -> bool:
        return self.checked.explain

    @property
    def analyze(self) -> bool:
        return self.checked.analyze

    @property
    def shape(self) -> str:
        return self.checked.shape

    @property
    def repeatable(self) -> bool:
        return self.checked.repeatable

    @property
    def values_query(self) -> str:
        return self.checked.values_query

    def predicate(
        self,
        relation_id: int,
        schemas: Mapping[int, Schema],
        parameters: Parameters = (),
    ) -> Predicate:
        return self.checked.predicate(relation_id, schemas, parameters)

    @property
    def summaries(self) -> Sequence[Summary]:
        return self.checked.summaries

    def is_counted(self, relation_id: int) -> bool:
        return self.checked.is_counted(relation_id)

    def first_rows(self, relation_id: int, schema: Schema) -> FirstRows | None:
        return self.checked.first_rows(relation_id, schema)


class ExecutorEngine(RunsEverything):
    """Parses by `engine`, and runs by executors."""

    def __init__(self, engine: UpdatingEngine, pool: ExecutorPool, turns: Turns, stored: FileSource) -> None:
        self._engine = engine
        self._pool = pool
        self._turns = turns
        self._stored = stored

    @property
    def name(self) -> str:
        return self._engine.name

    def parse(self, sql: str, known: Known = NOTHING_KNOWN) -> Statement:
        return ExecutorStatement(sql, known, self._engine.parse(sql, known))

    def parse_update(self, sql: str) -> CheckedUpdate:
        parsed = self._engine.parse_update(sql)
        return replace(parsed, query=ExecutorStatement(parsed.sql, NOTHING_KNOWN, parsed.query))

    def shape(self, sql: str) -> str:
        return self._engine.shape(sql)

    def run(self, statement: Statement, scans: Scans, parameters: Parameters, limits: Limits) -> RunningQuery:
        assert isinstance(statement, ExecutorStatement)
        if (counted := counted_rows(statement.checked, scans, parameters, limits)) is not None:
            return counted
        return ExecutorQuery(*self.prepared(statement, scans, parameters, limits))

    def prepared(
        self, statement: ExecutorStatement, scans: Scans, parameters: Parameters, limits: Limits
    ) -> tuple[Work, RunStatement]:
        """What `ExecutorQuery` takes."""
        sources = {number: _without_snapshot(source) for number, source in scans.items()}
        request = RunStatement(statement.sql, sources, parameters, limits, known=statement.known)
        return Work(self._pool, self._turns, self._stored, limits), request

    def unavailable(self) -> str:
        return self._engine.unavailable()

    def held(self, scans: Scans) -> bool:
        return self._engine.held(scans)

    def close(self) -> None:
        self._pool.close()
        self._engine.close()


class ExecutorQuery:
    """A query in an executor. It starts at the first access to `reader`."""

    instead = ""

    def __init__(self, work: Work, request: RunStatement) -> None:
        self._work = work
        self._request = request
        self._reader: pa.RecordBatchReader | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        if self._reader is None:
            self._begin(self._request)
            self._reader = rows_of(self._work)
        return self._reader

    def encoded(self) -> Iterator[EncodedRows]:
        self._begin(replace(self._request, distinct_names=True))
        return _encoded(self._work)

    def cancel(self) -> None:
        self._work.cancel()

    def _begin(self, request: RunStatement) -> None:
        self._work.begin(request)

    def close(self) -> None:
        self._work.close()


def _without_snapshot(source: Source) -> Source:
    """The source as an executor needs it, which reads no other files."""
    return replace(source, snapshot=None) if isinstance(source, Scan) else source


def rows_of(work: Work) -> pa.RecordBatchReader:
    """The rows that an executor sends. The work ends with the last row, or when the reader is garbage-collected."""
    try:
        received = pa.ipc.open_stream(pa.PythonFile(_Stream(work), mode="r"))
    except BaseException:
        work.close()
        raise
    return pa.RecordBatchReader.from_batches(received.schema, _batches(received, work))


def _batches(received: pa.RecordBatchReader, work: Work) -> Iterator[pa.RecordBatch]:
    try:
        yield from received
        work.next_data()  # the end
    finally:
        work.close()


def _encoded(work: Work) -> Iterator[EncodedRows]:
    before = 0
    try:
        while data := work.next_data():
            yield EncodedRows(
                work.rows - before, [bytes(data[at : at + _PART_BYTES]) for at in range(0, len(data), _PART_BYTES)]
            )
            before = work.rows
    finally:
        work.close()


class _Stream:
    """A file of the data that an executor sends, for Arrow's reader, which raises what `read` raises."""

    closed = False

    def __init__(self, work: Work) -> None:
        self._work = work
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int) -> pa.Buffer:
        """`size` bytes; fewer only at the end."""
        found = pa.allocate_buffer(size)
        room = memoryview(found).cast("B")
        while room and (self._left or self._next()):
            count = min(len(room), len(self._left))
            room[:count] = self._left[:count]
            room, self._left = room[count:], self._left[count:]
        return found.slice(0, size - len(room))

    def _next(self) -> bool:
        self._left = self._work.next_data()
        return len(self._left) > 0
