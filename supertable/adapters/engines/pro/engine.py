"""The Pro engine: statements over generations, or over files, as Lite runs them, where there is none of the version."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from supertable.adapters.engines.duckdb import DuckDBEngine, DuckDBInstance
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.pro.cache import Cache
from supertable.adapters.engines.pro.options import ProOptions
from supertable.adapters.engines.pro.plans import island_key, plan_of, relation_key
from supertable.adapters.engines.pro.pro_query import ProRun
from supertable.application.ports.engines.file_sources import FileSource
from supertable.application.ports.engines.parsed_statements import Statement
from supertable.application.ports.engines.running_queries import Limits, RunningQuery
from supertable.application.ports.engines.sources import Source
from supertable.domain.scan.scan_plan import Scan


class ProEngine:
    """Runs the checked statements of `lite`. It keeps what they read as long as its budget allows."""

    name = "pro"

    def __init__(self, lite: DuckDBEngine, source: DuckDBInstance, stored: FileSource, options: ProOptions) -> None:
        """`source`: the instance that reads data files."""
        self._lite = lite
        self._source = source
        self._stored = stored
        self._options = options
        self._cache: Cache | None = None
        self._closed = False
        self._lock = threading.Lock()

    def run(
        self,
        statement: Statement,
        scans: Mapping[int, Source],
        parameters: Sequence[Any] | Mapping[str, Any],
        limits: Limits,
    ) -> RunningQuery:
        assert isinstance(statement, DuckDBStatement)
        plan = plan_of(statement, scans) if self._options.cache_bytes else None
        cache = self._opened() if plan is not None else None
        if plan is None or cache is None:
            return self._lite.run(statement, scans, parameters, limits)
        return ProRun(cache, self._lite, plan, parameters, limits).query()

    def held(self, scans: Mapping[int, Source]) -> bool:
        """Whether there are generations of exactly the versions that are read, though perhaps not of all columns."""
        read = [scan for scan in scans.values() if isinstance(scan, Scan)]
        cache = self._cache
        if cache is None or not read or len(read) < len(scans):
            return False
        island = island_key(read)
        found = [cache.known(island, relation_key(scan)) for scan in read]
        held = [one is not None and one.held(scan) for one, scan in zip(found, read, strict=True)]
        return all(held)

    def unavailable(self) -> str:
        """See `Engine.unavailable`."""
        return "" if self._options.cache_bytes else "SUPERTABLE_PRO_CACHE_BYTES is 0, so that it may keep nothing"

    def size(self) -> int:
        """The bytes of all that it keeps."""
        return self._cache.size() if self._cache is not None else 0

    def settle(self) -> None:
        """Waits until nothing is made in the background."""
        if self._cache is not None:
            self._cache.background.settle()

    def close(self) -> None:
        with self._lock:
            cache, self._cache = self._cache, None
            self._closed = True
        if cache is not None:
            cache.close()

    def _opened(self) -> Cache | None:
        """None: there is no place for what it keeps, as on a disk that is full or cannot be written."""
        with self._lock:
            if self._cache is None and not self._closed:
                try:
                    self._cache = Cache(self._source, self._stored, self._options)
                except OSError:
                    return None
            return self._cache
