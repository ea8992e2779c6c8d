"""Spark clusters, and which of them takes a query."""

from __future__ import annotations

import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from supertable.domain.engine_choice import size_text

_LOG = logging.getLogger(__name__)
AWAY = "its cluster does not answer"
_SECONDS = {"": 15.0, AWAY: 2.0}
"""After which a cluster is looked for again, by what was found."""
_REFUSED_SECONDS = 30.0
"""The same, where it refused a session: accounts may be locked after some attempts."""
_FIRST_WAIT, _LATER_WAIT = (2.0, math.inf), (0.25, 2.0)
"""Seconds to wait until a cluster accepts connections, and then until it opens a session."""


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
    """The clusters of this process, and which of them were there when last looked for. Thread-safe.

    A look connects, and signs in where that was not yet done or failed. It runs in a thread of its own. Where nobody is
    known to be there, one caller waits for it, but not for long: the first for two seconds until the cluster accepts
    connections, and then as long as a connection may take; later ones for a quarter of a second, and then two seconds.
    """

    def __init__(
        self,
        clusters: Sequence[Cluster],
        connect_seconds: float,
        sign_in: Callable[[Cluster], str] = lambda _: "",
        probe: Callable[[Cluster, float], bool] = answers,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sign_in`: why no query can run on the cluster, which accepts connections; empty: queries can."""
        self.all = tuple(clusters)
        self._seconds = connect_seconds
        self._sign_in = sign_in
        self._probe = probe
        self._clock = clock
        self._states = {cluster: _State() for cluster in self.all}
        self._lock = threading.Lock()

    def unavailable(self) -> str:
        """Why no cluster is there, as words that any caller may read; empty: one is."""
        return "" if self._there() else self._states[self.all[0]].away

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

    def lost(self, cluster: Cluster, away: str) -> None:
        """No session could be opened. `away`: why."""
        self._found(cluster, away)

    def _there(self) -> list[Cluster]:
        for cluster in self.all:
            self._look_if_due(cluster)
        states = self._states.values()
        connecting, signing_in = _FIRST_WAIT if any(state.is_new for state in states) else _LATER_WAIT
        ends_at = time.monotonic() + min(connecting, self._seconds)
        for state in states:
            if state.connected.wait(max(ends_at - time.monotonic(), 0)):
                state.known.wait(min(signing_in, self._seconds))
            state.wait_no_more()
        return [cluster for cluster in self.all if not self._states[cluster].away]

    def _look_if_due(self, cluster: Cluster) -> None:
        state = self._states[cluster]
        with self._lock:
            due = state.is_due(self._clock())
            if due:
                state.begin()
        if due:
            threading.Thread(target=self._look, args=(cluster,), daemon=True).start()

    def _look(self, cluster: Cluster) -> None:
        try:
            away = self._state_of(cluster)
        except Exception as error:  # noqa: BLE001 - the next look must come, whatever this one met
            _LOG.error("looking for a cluster of Spark failed: %s", type(error).__name__)  # its text may hold secrets
            away = AWAY
        self._found(cluster, away)

    def _state_of(self, cluster: Cluster) -> str:
        """Why no query can run there; empty: it can."""
        state = self._states[cluster]
        if not self._probe(cluster, self._seconds):
            return AWAY
        state.connected.set()
        return self._sign_in(cluster) if state.away else ""

    def _found(self, cluster: Cluster, away: str) -> None:
        with self._lock:
            self._states[cluster].found(away, self._clock())


@dataclass(slots=True)
class _State:
    """`away`: why no query can run there; empty: it can. `connected`, `known`: the look is so far, or nobody waits for
    it any more."""

    away: str = AWAY
    is_new: bool = True
    looking: bool = False
    looked_at: float = -math.inf
    connected: threading.Event = field(default_factory=threading.Event)
    known: threading.Event = field(default_factory=threading.Event)

    def is_due(self, now: float) -> bool:
        return not self.looking and now - self.looked_at >= _SECONDS.get(self.away, _REFUSED_SECONDS)

    def begin(self) -> None:
        self.looking = True
        if self.away:
            self.connected.clear()
            self.known.clear()

    def found(self, away: str, now: float) -> None:
        self.away, self.looking, self.looked_at = away, False, now
        self.wait_no_more()

    def wait_no_more(self) -> None:
        self.is_new = False
        self.connected.set()
        self.known.set()
