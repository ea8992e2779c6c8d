"""Queries whose rows are sent while they run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from supertable.application.ports.engines.running_queries import EncodedRows, Limits, RunningQuery
from supertable.application.queries.run_query import PreparedQuery, RunQuery
from supertable.application.tables.namespace import Namespace
from supertable.domain.engine_choice import EngineName
from supertable.domain.errors import QueryCancelled, SupertableError
from supertable.entrypoints.encoding.results import Piece
from supertable.entrypoints.web.observability import metrics

Parameters = Sequence[Any] | Mapping[str, Any]


class QuerySource(ABC):
    """A response body that runs a query. It starts with the first piece and counts the query and its rows."""

    def __init__(
        self,
        run_query: RunQuery,
        namespace: Namespace,
        sql: str,
        parameters: Parameters,
        limits: Limits,
        engine: EngineName | None = None,
    ) -> None:
        """`engine`: the one that the caller asks for; None: none."""
        self._run_query = run_query
        self._namespace = namespace
        self._sql = sql
        self._parameters = parameters
        self._limits = limits
        self._engine = engine
        self._running: RunningQuery | None = None
        self._cancelled = False
        self.prepared: PreparedQuery | None = None
        """The query; None until it runs."""

    @property
    @abstractmethod
    def arrow(self) -> bool:
        """Whether the body is an Arrow stream, which some engines encode themselves."""

    @abstractmethod
    def encode(self, reader: pa.RecordBatchReader) -> Iterator[Piece]:
        """The body for the rows of the query."""

    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """Further headers. Called when the first piece is ready."""

    def pieces(self) -> Iterator[Piece]:
        prepared = self._run_query.prepare(self._namespace, self._sql, self._parameters, self._engine)
        self.prepared = prepared
        running = self._run_query.run(prepared, self._parameters, self._limits)
        self._running = running
        outcome = "broken off"
        try:
            if self._cancelled:
                raise QueryCancelled
            encoded = running.encoded() if self.arrow else None
            if encoded is None:
                yield from self.encode(_counted(running.reader))
            else:
                yield from _counted_parts(encoded)
            outcome = "done"
        except SupertableError:
            outcome = "failed"
            raise
        finally:
            metrics.QUERIES.labels(outcome).inc()
            running.close()

    def recheck(self) -> None:
        if self.prepared is not None:
            self._run_query.recheck(self.prepared)

    def cancel(self) -> None:
        self._cancelled = True
        if self._running is not None:
            self._running.cancel()


def _counted(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            metrics.ROWS.inc(batch.num_rows)
            yield batch

    return pa.RecordBatchReader.from_batches(reader.schema, batches())


def _counted_parts(encoded: Iterator[EncodedRows]) -> Iterator[Piece]:
    for rows in encoded:
        metrics.ROWS.inc(rows.num_rows)
        yield rows.parts
