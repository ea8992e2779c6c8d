"""Spark clusters, and which of them takes a query."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from supertable.domain.engine_choice import size_text

_GOOD_SECONDS, _BAD_SECONDS = 15.0, 2.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server of the HiveServer2 protocol, such as Spark's Thrift server.

    `auth`: NONE, NOSASL, LDAP, CUSTOM or KERBEROS. `service`: of KERBEROS. `min_bytes`, `max_bytes`: the sizes of the
    queries that it takes, both included; `max_bytes` None: of any size.
    """

    host: str
    port: int = 10_000
    auth: str = "NONE"
    user: str = ""
    password: str = field(default="", repr=False)
    service: str = "hive"
    min_bytes: int = 0
    max_bytes: int | None = None

    def takes(self, size: int) -> bool:
        return self.min_bytes <= size and (self.max_bytes is None or size <= self.max_bytes)

    def distance(self, size: int) -> int:
        """How many bytes a query is too small or too large; 0: it is neither."""
        too_large = 0 if self.max_bytes is None else size - self.max_bytes
        return max(self.min_bytes - size, too_large, 0)


def answers(cluster: Cluster, seconds: float) -> bool:
    """Whether the server accepts connections."""
    try:
        with socket.create_connection((cluster.host, cluster.port), seconds):
            return True
    except OSError:
        return False


class Clusters:
    """The clusters of this process, and which of them were there when last looked for. Thread-safe."""

    def __init__(
        self,
        clusters: Sequence[Cluster],
        connect_seconds: float,
        probe: Callable[[Cluster, float], bool] = answers,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.all = tuple(clusters)
        self._seconds = connect_seconds
        self._probe = probe
        self._clock = clock
        self._states = {cluster: _State() for cluster in self.all}
        self._lock = threading.Lock()

    def unavailable(self) -> str:
        """Why no cluster is there; empty: one is. Only the first call waits for an answer."""
        return "" if self._there() else "its cluster does not answer"

    def unfit(self, size: int) -> str:
        """Why none of the clusters that are there takes a query that reads `size` bytes; empty: one does."""
        if any(cluster.takes(size) for cluster in self._there()):
            return ""
        return f"no cluster that answers takes {size_text(size)}"

    def for_query(self, size: int) -> Sequence[Cluster]:
        """The clusters that may run a query which reads `size` bytes, best first: those with the nearest window.

        If none is there, all are named, so that a connection tells why.
        """
        return sorted(self._there() or self.all, key=lambda cluster: cluster.distance(size))

    def lost(self, cluster: Cluster) -> None:
        """A connection to the cluster failed."""
        self._states[cluster].found(False, self._clock())

    def _there(self) -> list[Cluster]:
        return [cluster for cluster in self.all if self._is_there(cluster)]

    def _is_there(self, cluster: Cluster) -> bool:
        state = self._states[cluster]
        with self._lock:
            known, due = state.known, state.is_due(self._clock())
            if known and due:
                state.looking = True
        if not known:
            self._look(cluster)
        elif due:
            threading.Thread(target=self._look, args=(cluster,), daemon=True).start()
        return state.there

    def _look(self, cluster: Cluster) -> None:
        self._states[cluster].found(self._probe(cluster, self._seconds), self._clock())


@dataclass(slots=True)
class _State:
    there: bool = False
    known: bool = False
    looking: bool = False
    looked_at: float = 0.0

    def is_due(self, now: float) -> bool:
        seconds = _GOOD_SECONDS if self.there else _BAD_SECONDS
        return not self.looking and now - self.looked_at >= seconds

    def found(self, there: bool, now: float) -> None:
        self.there, self.known, self.looking, self.looked_at = there, True, False, now
