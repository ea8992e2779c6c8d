"""The row finder port: what a caller's own expression decides is found by executors, everything else in process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import pyarrow as pa

from supertable.adapters.engines.executors.engine import rows_of
from supertable.adapters.engines.executors.messages.requests import CheckPredicate, FindRows, Request
from supertable.adapters.engines.executors.messages.safe_pickles import predicate_of
from supertable.adapters.engines.executors.pool import ExecutorPool
from supertable.adapters.engines.executors.turns import Turns
from supertable.adapters.engines.executors.work import Work
from supertable.application.ports.engines.callers import Caller
from supertable.application.ports.engines.file_sources import FileSource
from supertable.application.ports.engines.row_finders import CheckedPredicate, ConditionScope, KeyMatches, RowFinder
from supertable.application.ports.engines.running_queries import Limits
from supertable.domain.layout.layouts import SortColumn
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.schemas import Schema


class ExecutorRowFinder:
    """`finder` does in process what runs SQL of ours alone. `seconds`: the time limit of one search."""

    def __init__(
        self, finder: RowFinder, pool: ExecutorPool, turns: Turns, stored: FileSource, seconds: float | None
    ) -> None:
        self._finder = finder
        self._pool = pool
        self._turns = turns
        self._stored = stored
        self._seconds = seconds

    def duplicates(
        self, batch: pa.Table, keys: Sequence[str], sequence: str | None, first_wins: bool = False
    ) -> pa.Array | None:
        return self._finder.duplicates(batch, keys, sequence, first_wins)

    def matching_keys(self, scan: Scan, batch: pa.Table, keys: Sequence[str], sequence: str | None) -> KeyMatches:
        return self._finder.matching_keys(scan, batch, keys, sequence)

    def completed(self, given: Scan, table: Scan, keys: Sequence[str]) -> AbstractContextManager[pa.RecordBatchReader]:
        return self._finder.completed(given, table, keys)

    def superseded(
        self, scan: Scan, keys: Sequence[str], sequence: str | None, first_wins: bool = False
    ) -> dict[str, pa.Array]:
        return self._finder.superseded(scan, keys, sequence, first_wins)

    def live_rows(self, scan: Scan, order_by: Sequence[SortColumn]) -> AbstractContextManager[pa.RecordBatchReader]:
        return self._finder.live_rows(scan, order_by)

    def key_rows(
        self, scan: Scan, columns: Sequence[str], hashed: Sequence[str]
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        return self._finder.key_rows(scan, columns, hashed)

    def hashed_keys(self, schema: Schema, batch: pa.Table, keys: Sequence[str]) -> pa.Table:
        return self._finder.hashed_keys(schema, batch, keys)

    def matching_predicate(
        self, scan: Scan, predicate: CheckedPredicate, caller: Caller | None = None
    ) -> dict[str, pa.Array]:
        if caller is None:
            return self._finder.matching_predicate(scan, predicate)
        with self._begun(FindRows(scan, predicate), caller) as work:
            found = rows_of(work).read_all()
        paths = found["path"].to_pylist()
        return {path: found["rows"][number].values for number, path in enumerate(paths)}

    def check_predicate(
        self, text: str, schema: Schema, caller: Caller | None = None, scope: ConditionScope | None = None
    ) -> CheckedPredicate:
        if caller is None:
            return self._finder.check_predicate(text, schema, scope=scope)
        with self._begun(CheckPredicate(text, schema, scope), caller) as work:
            answer = bytes(work.next_data())
            work.next_data()  # the end
        return predicate_of(answer)

    @contextmanager
    def _begun(self, request: Request, caller: Caller) -> Iterator[Work]:
        limits = Limits(timeout_seconds=self._seconds, user=caller.user).within(self._pool.limits.max_seconds)
        work = Work(self._pool, self._turns, self._stored, limits)
        with caller.may_cancel(work.cancel):
            try:
                work.begin(request)
                yield work
            finally:
                work.close()
