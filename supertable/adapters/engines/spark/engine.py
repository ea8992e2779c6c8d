"""The engine port, implemented by clusters of Spark."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from supertable.adapters.engines.duckdb.scan.kept_bitmaps import KeptBitmaps
from supertable.adapters.engines.duckdb.scan.source_sql import sees_part
from supertable.adapters.engines.duckdb.scan.summary_sql import known_values
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.spark.clusters import Cluster, Clusters
from supertable.adapters.engines.spark.errors import ConnectionLost, SparkError, why_away
from supertable.adapters.engines.spark.relations.handed_over import HandedOver
from supertable.adapters.engines.spark.relations.locations import Locations
from supertable.adapters.engines.spark.relations.relation_views import relation_views
from supertable.adapters.engines.spark.relations.scan_views import FileViews
from supertable.adapters.engines.spark.running import SparkRun, Work
from supertable.adapters.engines.spark.sessions.pool import SessionPool
from supertable.adapters.engines.spark.sessions.session import Session
from supertable.adapters.engines.spark.translation.binding import Binder
from supertable.adapters.engines.spark.translation.translator import SparkQuery, translated
from supertable.application.ports.engines.engine import Engine
from supertable.application.ports.engines.file_sources import FileSource
from supertable.application.ports.engines.parsed_statements import Parameters, Statement
from supertable.application.ports.engines.running_queries import Limits, RunningQuery
from supertable.application.ports.engines.sources import Scans, scans_of
from supertable.application.ports.object_stores import ObjectStore
from supertable.domain.errors import EngineUnavailable, InvalidStatement, MissingExtra, NotOnSpark

KNOWN = "the snapshot knows the answer"


@dataclass(frozen=True, slots=True)
class SparkOptions:
    """`root`: the URI by which the clusters find the storage. `batch_size`: files that one view reads."""

    clusters: tuple[Cluster, ...]
    root: str
    query_seconds: float = 300
    connect_seconds: float = 10
    batch_size: int = 500


class SparkEngine:
    """Runs the checked statements of `lite` on clusters, as far as Spark is proven to answer them alike."""

    name = "spark"

    def __init__(self, lite: Engine, store: ObjectStore, stored: FileSource, options: SparkOptions) -> None:
        """`lite`: answers what the snapshot knows."""
        self._lite = lite
        self._store = store
        self._stored = KeptBitmaps(stored)
        self._options = options
        self._pool = SessionPool(options.connect_seconds)
        self._clusters = Clusters(options.clusters, options.connect_seconds, self._pool.prepare)
        self._binder = Binder()
        self._swept: set[str] = set()

    def run(self, statement: Statement, scans: Scans, parameters: Parameters, limits: Limits) -> RunningQuery:
        """Raises `NotOnSpark` besides."""
        checked = _checked(statement)
        if known_values(checked.summaries, scans) is not None:
            running = self._lite.run(statement, scans, parameters, limits)
            running.instead = KNOWN
            return running
        files = self._files()
        query = self._translated(checked, scans, parameters, files)
        work = Work(lambda: self._session(_bytes(scans)), files.steps, query, files.handed.close)
        return SparkRun(work, limits.within(self._options.query_seconds))

    def unavailable(self) -> str:
        return self._clusters.unavailable()

    def unfit(self, statement: Statement, scans: Scans, parameters: Parameters) -> str:
        """See the port. The bytes to read do not count for a role that sees a part of them. Connects, so that a query
        is not given to a server that has just gone."""
        if not any(map(sees_part, scans.values())) and (why := self._clusters.unfit(_bytes(scans))):
            return why
        try:
            self._translated(_checked(statement), scans, parameters, self._files())
        except NotOnSpark:
            return "it does not answer all parts of the statement as the other engines do"
        except InvalidStatement:
            return ""
        return self._unready(_bytes(scans))

    def held(self, scans: Scans) -> bool:
        del scans
        return False

    def close(self) -> None:
        self._pool.close()
        self._binder.close()

    def _unready(self, size: int) -> str:
        """Why no cluster gives a session now; empty: one does."""
        why = ""
        for cluster in self._clusters.for_query(size):
            if not (why := self._pool.ready(cluster)):
                return ""
            self._clusters.lost(cluster, why)
        return why

    def _session(self, size: int) -> Session:
        """A session of the first cluster that gives one. Raises `EngineUnavailable`."""
        why = ""
        for cluster in self._clusters.for_query(size):
            try:
                return self._pool.take(cluster)
            except (ConnectionLost, SparkError, MissingExtra) as error:
                why = why_away(error)
                self._clusters.lost(cluster, why)
        raise EngineUnavailable("SPARK", why)

    def _files(self) -> FileViews:
        return FileViews(
            store=self._store,
            stored=self._stored,
            locations=Locations(self._options.root),
            batch_size=self._options.batch_size,
            token=f"st_{secrets.token_hex(8)}",
            handed=HandedOver(self._store, self._swept),
        )

    def _translated(
        self, statement: DuckDBStatement, scans: Scans, parameters: Parameters, files: FileViews
    ) -> SparkQuery:
        return translated(self._binder, statement, relation_views(scans, statement.counted, files), parameters)


def _checked(statement: Statement) -> DuckDBStatement:
    """The statement as DuckDB has checked it; services wrap it for their executors."""
    found = getattr(statement, "checked", statement)
    assert isinstance(found, DuckDBStatement)
    return found


def _bytes(scans: Scans) -> int:
    return sum(scan.bytes_to_read for source in scans.values() for scan in scans_of(source))
