"""Sessions for queries. Each serves one query: no view, setting or error of it can meet another.

Since opening a session takes as long as a small query, one more is opened while a query runs, for the next.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from supertable.adapters.engines.spark.clusters import Cluster
from supertable.adapters.engines.spark.errors import ConnectionLost, SparkError, why_away
from supertable.adapters.engines.spark.sessions.session import Session
from supertable.domain.errors import MissingExtra

_SPARE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Spare:
    """`expiry` closes the session if no query takes it."""

    session: Session
    expiry: threading.Timer


class SessionPool:
    """Thread-safe."""

    def __init__(self, connect_seconds: float, spare_seconds: float = _SPARE_SECONDS) -> None:
        self._connect_seconds = connect_seconds
        self._spare_seconds = spare_seconds
        self._spares: dict[Cluster, _Spare] = {}
        self._opening: set[Cluster] = set()
        self._closed = False
        self._lock = threading.Lock()

    def take(self, cluster: Cluster) -> Session:
        """A session of its own. Raises `ConnectionLost`, `SparkError`, and `MissingExtra`."""
        session = self._spare_of(cluster) or Session(cluster, self._connect_seconds)
        threading.Thread(target=self.prepare, args=(cluster,), daemon=True).start()
        return session

    def ready(self, cluster: Cluster) -> str:
        """Makes sure that the next query finds a session. Returns why that is not possible; empty: it does."""
        session = self._spare_of(cluster)
        if session is None:
            return self.prepare(cluster)
        self._opened(cluster, session)
        return ""

    def prepare(self, cluster: Cluster) -> str:
        """Opens a spare session, unless there is one. Returns why that is not possible; empty: it is."""
        with self._lock:
            if self._closed or cluster in self._spares or cluster in self._opening:
                return ""
            self._opening.add(cluster)
        session = None
        try:
            session = Session(cluster, self._connect_seconds)
        except (ConnectionLost, SparkError, MissingExtra) as error:
            return why_away(error)
        finally:
            self._opened(cluster, session)
        return ""

    def close(self) -> None:
        with self._lock:
            self._closed = True
            spares = list(self._spares)
        for cluster in spares:
            self._end_spare(cluster)

    def _spare_of(self, cluster: Cluster) -> Session | None:
        with self._lock:
            spare = self._spares.pop(cluster, None)
        if spare is None:
            return None
        spare.expiry.cancel()
        if spare.session.answers():
            return spare.session
        spare.session.close()
        return None

    def _opened(self, cluster: Cluster, session: Session | None) -> None:
        with self._lock:
            self._opening.discard(cluster)
            if session is None:
                return
            if not self._closed and cluster not in self._spares:
                expiry = threading.Timer(self._spare_seconds, self._end_spare, (cluster, session))
                expiry.daemon = True
                self._spares[cluster] = _Spare(session, expiry)
                expiry.start()
                return
        session.close()

    def _end_spare(self, cluster: Cluster, only: Session | None = None) -> None:
        """Closes the spare session of the cluster, if it is `only`; None: any."""
        with self._lock:
            spare = self._spares.get(cluster)
            if spare is None or (only is not None and spare.session is not only):
                return
            del self._spares[cluster]
        spare.expiry.cancel()
        spare.session.close()
