"""EXPLAIN: the plan of a query, below the engine that it is the plan of."""

from __future__ import annotations

from itertools import chain

import pyarrow as pa

from supertable.application.ports.engines.running_queries import RunningQuery
from supertable.application.queries.engines import Chosen


class ExplainedQuery:
    """A `RunningQuery` whose one column of text begins with the engine and the reason for it."""

    def __init__(self, running: RunningQuery, chosen: Chosen) -> None:
        """`chosen`: by what `running` knows before it starts."""
        self.instead = running.instead
        self._running = running
        self._line = f"ENGINE {chosen.name}: {chosen.reason}"
        self._reader: pa.RecordBatchReader | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        if self._reader is None:
            plan = self._running.reader
            line = pa.record_batch([pa.array([self._line])], schema=plan.schema)
            self._reader = pa.RecordBatchReader.from_batches(plan.schema, chain([line], plan))
        return self._reader

    def encoded(self) -> None: ...

    def cancel(self) -> None:
        self._running.cancel()

    def close(self) -> None:
        self._running.close()
