"""Leases in Redis, which cost a query nothing: each process says about every second what it reads.

1. A process is known before its first lease is given out, so whoever looks for leases knows whom to wait for.
2. What it says is dated by the server's clock before it looks at its own leases.
3. Who looks takes the time, asks everyone, and waits for words that are newer, or for their speakers to be given up.
4. What may have been forgotten (a wiped server, a failover) is waited out: by then whoever lives has spoken again.
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
_SAID_TIMES = 10  # before a word runs out
_PAUSE_SECONDS = 0.005


class RedisLeases:
    """A process that was not heard of for `lasts_seconds` reads no more; if it stood still, its queries may then fail.

    `live` fails rather than miss a lease. Where Redis does not answer, leases protect nothing, and a warning says so
    once; a vacuum elsewhere waits for what the process said last to run out.
    """

    def __init__(self, server: RedisServer, keys: Callable[[], Keys], lasts_seconds: float = _LASTS_SECONDS) -> None:
        self._server = server
        self._keys = keys
        self._lasts_seconds = lasts_seconds
        self._ask = RedisScript(server, "ask")
        self._warned = False
        self._speaker = self._new_speaker()

    def begin(self) -> Lease:
        if self._speaker.process != os.getpid() or self._speaker.is_stopped:
            self._speaker = self._new_speaker()  # a forked child has no part in its parent's leases
        lease = RedisLease(self._speaker.held, self)
        try:
            self._speaker.make_known()
        except SupertableError as error:
            if not self._warned:
                self._warned = True
                _LOG.warning("queries are not protected from vacuums: %s", error)
        return lease

    def live(self) -> list[LiveLease]:
        deadline = time.monotonic() + 3 * self._lasts_seconds
        try:
            moment, known_ms, *said = self._asked(0)
            while known_ms < self._lasts_seconds * 1000 or any(spoke <= moment for spoke, _ in said):
                if time.monotonic() > deadline:
                    raise StoreUnavailable("list", "the leases", "a process did not say in time what it reads")
                time.sleep(_PAUSE_SECONDS)
                _, known_ms, *said = self._asked(moment)
        except (CatalogUnavailable, CatalogDamaged) as error:
            raise StoreUnavailable("list", "the leases", str(error)) from error
        return [lease for _, words in said for lease in _decoded(words)]

    def close(self) -> None:
        self._speaker.stop()
        self._speaker.take_leave()

    def _asked(self, moment: int) -> Sequence[Any]:
        reply: Sequence[Any] = self._ask([self._keys().readers], [uuid.uuid4().hex, moment])
        return reply

    def _new_speaker(self) -> _Speaker:
        speaker = _Speaker(self._server, self._keys, self._lasts_seconds)
        weakref.finalize(self, speaker.stop)
        return speaker


class RedisLease:
    def __init__(self, held: dict[str, LiveLease], leases: RedisLeases) -> None:
        self._held = held
        self._leases = leases  # which speak for it as long as they are no garbage
        self._id = f"{os.getpid()}-{next(_NUMBERS)}"
        self._began_at_us = time.time_ns() // 1000
        held[self._id] = LiveLease(self._id, self._began_at_us, None)

    def restrict_to(self, spans: Mapping[str, Collection[Span]]) -> None:
        if self._id in self._held:
            said = {log: tuple(parts) for log, parts in spans.items()}
            self._held[self._id] = LiveLease(self._id, self._began_at_us, said)

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


class _Speaker:
    """One process, and the thread that speaks for it. `held`: its leases by id."""

    def __init__(self, server: RedisServer, keys: Callable[[], Keys], lasts_seconds: float) -> None:
        self.process = os.getpid()
        self.held: dict[str, LiveLease] = {}
        self._id = uuid.uuid4().hex
        self._server = server
        self._keys = keys
        self._lasts_seconds = lasts_seconds
        self._pause_seconds = lasts_seconds / _SAID_TIMES
        self._say = RedisScript(server, "say")
        self._spoke_at = (float("-inf"), float("-inf"))
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def make_known(self) -> None:
        """Returns at once when it has spoken lately, by either clock. Raises what the server and the store do."""
        if max(now - then for now, then in zip(_now(), self._spoke_at, strict=True)) < self._lasts_seconds / 2:
            return
        self._speak()
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._speak_on, name="supertable-leases", daemon=True)
                self._thread.start()

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        """The thread ends soon. Asks the server nothing: the collector of garbage calls this, in any thread."""
        self._stopped.set()

    def take_leave(self) -> None:
        """Whoever looks for leases need not wait for this process any more."""
        if self._thread is None or self.process != os.getpid():
            return
        with suppress(SupertableError):
            self._said("", 0)

    def _speak_on(self) -> None:
        while not self._stopped.is_set():
            try:
                with self._server.answering() as client:
                    client.blpop([self._keys().asked(self._id)], timeout=self._pause_seconds)
                if not self._stopped.is_set():
                    self._speak()
            except SupertableError:
                self._stopped.wait(self._pause_seconds)
        self.take_leave()

    def _speak(self) -> None:
        at = _now()
        with self._server.answering() as client:
            seconds, microseconds = client.time()
        self._said(_encoded(list(self.held.values())), seconds * 1_000_000 + microseconds)
        self._spoke_at = at

    def _said(self, words: str, stamp_us: int) -> None:
        lasts_ms = round(self._lasts_seconds * 1000)
        self._say([self._keys().readers], [uuid.uuid4().hex, self._id, lasts_ms, stamp_us, words])


def _now() -> tuple[float, float]:
    """One of them may stand still while the machine sleeps, the other may be set."""
    return time.monotonic(), time.time()


def _encoded(leases: list[LiveLease]) -> str:
    return json.dumps([(lease.id, lease.began_at_us, lease.spans) for lease in leases])


def _decoded(words: bytes) -> list[LiveLease]:
    return [
        LiveLease(name, began_at_us, None if spans is None else _spans(spans))
        for name, began_at_us, spans in json.loads(words)
    ]


def _spans(given: dict[str, list[list[int]]]) -> dict[str, tuple[Span, ...]]:
    return {log: tuple((first, last) for first, last in parts) for log, parts in given.items()}
