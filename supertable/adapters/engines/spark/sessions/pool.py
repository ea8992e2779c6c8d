"""Sessions for queries. Each serves one query: no view, setting or error of it can meet another.

Since opening a session takes as long as a small query, one more is opened while a query runs, for the next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from supertable.adapters.engines.spark.clusters import Cluster, Clusters
from supertable.adapters.engines.spark.errors import ConnectionLost, SparkError, away
from supertable.adapters.engines.spark.sessions.session import Session

_SPARE_SECONDS = 60.0


class SessionPool:
    """Thread-safe."""

    def __init__(self, clusters: Clusters, connect_seconds: float) -> None:
        self._clusters = clusters
        self._connect_seconds = connect_seconds
        self._spare: dict[Cluster, tuple[Session, float]] = {}
        self._opening: set[Cluster] = set()
        self._closed = False
        self._lock = threading.Lock()

    def take(self, candidates: Sequence[Cluster]) -> Session:
        """A session of the first of the clusters that answers. Raises `EngineUnavailable`, and `MissingExtra`."""
        for cluster in candidates:
            try:
                session = self._spare_of(cluster) or Session(cluster, self._connect_seconds)
            except (ConnectionLost, SparkError):
                self._clusters.lost(cluster)
            else:
                self._open_spare(cluster)
                return session
        raise away()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            spare = [session for session, _ in self._spare.values()]
            self._spare.clear()
        for session in spare:
            session.close()

    def _spare_of(self, cluster: Cluster) -> Session | None:
        with self._lock:
            session, opened_at = self._spare.pop(cluster, (None, 0.0))
        if session is None:
            return None
        if time.monotonic() - opened_at < _SPARE_SECONDS and session.answers():
            return session
        session.close()
        return None

    def _open_spare(self, cluster: Cluster) -> None:
        with self._lock:
            if self._closed or cluster in self._spare or cluster in self._opening:
                return
            self._opening.add(cluster)
        threading.Thread(target=self._opened_spare, args=(cluster,), daemon=True).start()

    def _opened_spare(self, cluster: Cluster) -> None:
        session = None
        try:
            session = Session(cluster, self._connect_seconds)
        except (ConnectionLost, SparkError):
            pass
        with self._lock:
            self._opening.discard(cluster)
            if session is not None and not self._closed:
                self._spare[cluster] = session, time.monotonic()
                return
        if session is not None:
            session.close()
