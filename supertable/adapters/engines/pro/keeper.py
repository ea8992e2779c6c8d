"""What Pro keeps for statements that run here, or in other processes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack

from supertable.adapters.engines.duckdb import DuckDBInstance
from supertable.adapters.engines.pro.cache import Cache
from supertable.adapters.engines.pro.generations.generation import Generation
from supertable.adapters.engines.pro.generations.islands import Island
from supertable.adapters.engines.pro.options import ProOptions
from supertable.adapters.engines.pro.plans import Plan, island_key, relation_key
from supertable.adapters.engines.pro.task import Task
from supertable.application.ports.engines.file_sources import FileSource
from supertable.application.ports.engines.sources import Source
from supertable.domain.scan.scan_plan import Scan


class Keeper:
    """A cache that is made when it is first used. Thread-safe."""

    def __init__(self, source: DuckDBInstance, stored: FileSource, options: ProOptions) -> None:
        """`source`: the instance that reads data files."""
        self._source = source
        self._stored = stored
        self._options = options
        self._cache: Cache | None = None
        self._closed = False
        self._lock = threading.Lock()

    def cache(self) -> Cache | None:
        """None: there is no place for what it keeps, as on a disk that is full or cannot be written."""
        with self._lock:
            if self._cache is None and not self._closed and not self.unavailable():
                try:
                    self._cache = Cache(self._source, self._stored, self._options)
                except OSError:
                    return None
            return self._cache

    def held(self, scans: Mapping[int, Source]) -> bool:
        """Whether there are generations of exactly the versions that are read, though perhaps not of all columns.
        Older ones are refreshed in the background."""
        read = [scan for scan in scans.values() if isinstance(scan, Scan)]
        cache = self._cache
        if cache is None or not read or len(read) < len(scans):
            return False
        island = island_key(read)
        found = [cache.known(island, relation_key(scan)) for scan in read]
        held = [one is not None and one.held(scan) for one, scan in zip(found, read, strict=True)]
        return all(held)

    def rows(self, plan: Plan) -> int | None:
        """The number of rows of the first relation that the plan reads, at exactly its version; None: it is not held
        now."""
        cache = self.cache()
        if cache is None:
            return None
        scan = plan.reads[0].scan
        return cache.relation(cache.island(plan.island), relation_key(scan)).rows(scan)

    def unavailable(self) -> str:
        """See `Engine.unavailable`."""
        if not self._options.cache_bytes:
            return "SUPERTABLE_PRO_CACHE_BYTES is 0, so that it may keep nothing"
        if self._options.publishes and self._options.folder is None:
            return "SUPERTABLE_PRO_CACHE_IN is memory, which the processes of a service do not share"
        return ""

    def size(self) -> int:
        """The bytes of all that is kept."""
        return self._cache.size() if self._cache is not None else 0

    def settle(self) -> None:
        """Waits until nothing is made in the background."""
        if self._cache is not None:
            self._cache.background.settle()

    def settled(self) -> bool:
        """Whether nothing is made in the background, and the queries that were asked so far would, asked again, merge
        nothing. Once it is true after a query, only another version, query or want of space makes it false."""
        return self._cache is None or self._cache.settled()

    def close(self) -> None:
        with self._lock:
            cache, self._cache = self._cache, None
            self._closed = True
        if cache is not None:
            cache.close()


def held_generations(
    cache: Cache, island: Island, plan: Plan, task: Task, held: ExitStack
) -> dict[int, Generation] | None:
    """The generations of all that the plan reads, at exactly its versions, until `held` is closed; None: one is not
    there now."""
    found = {}
    for number, read in plan.reads.items():
        generation = cache.relation(island, relation_key(read.scan)).hold(read.scan, read.fields, task)
        if generation is None:
            return None
        held.callback(island.release, generation)
        found[number] = generation
    return found


def sources_sql(plan: Plan, found: Mapping[int, Generation]) -> dict[int, str]:
    """The SQL of the subquery of each relation."""
    fenced = plan.statement.may_fail
    reads = {n: found[n].sql(read.fields, plan.unnamed, fenced) for n, read in plan.reads.items()}
    return {**plan.counts, **reads}
