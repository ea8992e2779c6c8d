"""Leases in Redis. They add no round trip to a query: each process publishes about every second what it reads.

1. A process publishes before its first lease is returned, so a vacuum knows which processes to wait for.
2. A process reads the server's clock before it collects its leases, and publishes both together as its report.
3. `live` takes the server's time, requests a report from every process, and waits until each process has published a
   newer report or its last one has expired.
4. After a restart, a wipe or a failover of the server, `live` waits as long as a report lasts: by then every process
   that is alive has published again.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

from supertable.adapters.redis.client import RedisScript, RedisServer
from supertable.adapters.redis.keys import Keys
from supertable.application.ports.leases import Lease, LiveLease, Span
from supertable.domain.errors import CatalogDamaged, CatalogUnavailable, StoreUnavailable, SupertableError

_LOG = logging.getLogger(__name__)
_LASTS_SECONDS = 10.0
_REPORTS_PER_LIFETIME = 10
_PAUSE_SECONDS = 0.005


class RedisLeases:
    """The leases of a process that publishes nothing for `lasts_seconds` expire; its queries may then fail.

    `live` raises rather than miss a lease. While Redis does not answer, leases protect nothing, and a warning is logged
    once; a vacuum on another machine waits until the last report of this process expires. `keys` is called when a key
    is needed.
    """

    def __init__(self, server: RedisServer, keys: Callable[[], Keys], lasts_seconds: float = _LASTS_SECONDS) -> None:
        self._server = server
        self._keys = keys
        self._lasts_seconds = lasts_seconds
        self._ask_script = RedisScript(server, "ask")
        self._warned = False
        self._publisher = self._new_publisher()

    def begin(self) -> Lease:
        if self._publisher.process != os.getpid() or self._publisher.is_stopped:
            self._publisher = self._new_publisher()  # a forked child does not publish its parent's leases
        lease = RedisLease(self._publisher.held, self)
        try:
            self._publisher.start()
        except SupertableError as error:
            if not self._warned:
                self._warned = True
                _LOG.warning("queries are not protected from vacuum: %s", error)
        return lease

    def live(self) -> list[LiveLease]:
        deadline = time.monotonic() + 3 * self._lasts_seconds
        try:
            asked_at_us, remembered_ms, *reports = self._reports(0)
            while remembered_ms < self._lasts_seconds * 1000 or any(at_us <= asked_at_us for at_us, _ in reports):
                if time.monotonic() > deadline:
                    raise StoreUnavailable("list", "the leases", "a process did not report in time what it reads")
                time.sleep(_PAUSE_SECONDS)
                _, remembered_ms, *reports = self._reports(asked_at_us)
        except (CatalogUnavailable, CatalogDamaged) as error:
            raise StoreUnavailable("list", "the leases", str(error)) from error
        return [lease for _, report in reports for lease in _decoded(report)]

    def close(self) -> None:
        self._publisher.stop()
        self._publisher.withdraw()

    def _reports(self, asked_at_us: int) -> Sequence[Any]:
        """When reports were requested, for how many ms the server has forgotten none, and the reports of the processes,
        each with its time. 0: request new reports now.
        """
        reply: Sequence[Any] = self._ask_script([self._keys().readers], [uuid.uuid4().hex, asked_at_us])
        return reply

    def _new_publisher(self) -> _Publisher:
        publisher = _Publisher(self._server, self._keys, self._lasts_seconds)
        weakref.finalize(self, publisher.stop)
        return publisher


class RedisLease:
    def __init__(self, held: dict[str, LiveLease], leases: RedisLeases) -> None:
        self._held = held
        self._leases = leases  # keeps them, and so their publisher, from being collected
        self._id = f"{os.getpid()}-{next(_NUMBERS)}"
        self._began_at_us = time.time_ns() // 1000
        held[self._id] = LiveLease(self._id, self._began_at_us, None)

    def restrict_to(self, spans: Mapping[str, Collection[Span]]) -> None:
        if self._id in self._held:
            copied = {log: tuple(parts) for log, parts in spans.items()}
            self._held[self._id] = LiveLease(self._id, self._began_at_us, copied)

    def close(self) -> None:
        self._held.pop(self._id, None)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


_NUMBERS = itertools.count(1)


class _Publisher:
    """Publishes the leases of this process, in a thread of its own. `held`: the leases by id."""

    def __init__(self, server: RedisServer, keys: Callable[[], Keys], lasts_seconds: float) -> None:
        self.process = os.getpid()
        self.held: dict[str, LiveLease] = {}
        self._id = uuid.uuid4().hex
        self._server = server
        self._keys = keys
        self._lasts_seconds = lasts_seconds
        self._pause_seconds = lasts_seconds / _REPORTS_PER_LIFETIME
        self._say_script = RedisScript(server, "say")
        self._published_at = (float("-inf"), float("-inf"))
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Publish, unless that was done lately by both clocks, and start the thread. Raises what the server raises."""
        if max(now - then for now, then in zip(_now(), self._published_at, strict=True)) < self._lasts_seconds / 2:
            return
        self._publish()
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="supertable-leases", daemon=True)
                self._thread.start()

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        """End the thread soon. Does not call the server: the garbage collector calls this, in any thread."""
        self._stopped.set()

    def withdraw(self) -> None:
        """Remove this process's report, so that no vacuum waits for it. No-op if it never started, and in a child."""
        if self._thread is None or self.process != os.getpid():
            return
        with suppress(SupertableError):
            self._store("", 0)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with self._server.client() as client:
                    client.blpop([self._keys().asked(self._id)], timeout=self._pause_seconds)
                if not self._stopped.is_set():
                    self._publish()
            except SupertableError:
                self._stopped.wait(self._pause_seconds)
        self.withdraw()

    def _publish(self) -> None:
        started_at = _now()
        with self._server.client() as client:
            seconds, microseconds = client.time()
        self._store(_encoded(list(self.held.values())), seconds * 1_000_000 + microseconds)
        self._published_at = started_at

    def _store(self, report: str, at_us: int) -> None:
        """Store the report; an empty one removes it. `at_us`: the server's time before the leases were collected."""
        lasts_ms = round(self._lasts_seconds * 1000)
        self._say_script([self._keys().readers], [uuid.uuid4().hex, self._id, lasts_ms, at_us, report])


def _now() -> tuple[float, float]:
    """Two clocks: the monotonic one may stop while the machine sleeps, the other may be adjusted."""
    return time.monotonic(), time.time()


def _encoded(leases: list[LiveLease]) -> str:
    return json.dumps([(lease.id, lease.began_at_us, lease.spans) for lease in leases])


def _decoded(report: bytes) -> list[LiveLease]:
    return [
        LiveLease(name, began_at_us, None if spans is None else _spans(spans))
        for name, began_at_us, spans in json.loads(report)
    ]


def _spans(given: dict[str, list[list[int]]]) -> dict[str, tuple[Span, ...]]:
    return {log: tuple((first, last) for first, last in parts) for log, parts in given.items()}
