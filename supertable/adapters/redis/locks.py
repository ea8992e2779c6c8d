"""Locks in Redis: a token that expires unless it is renewed, and a queue of the callers that wait."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from supertable.adapters.redis.client import RedisScript, RedisServer
from supertable.adapters.redis.keys import Keys
from supertable.domain.errors import CatalogDamaged, CatalogUnavailable

_LOG = logging.getLogger(__name__)
_LASTS_SECONDS = 1.5
_RENEWED_EVERY_SECONDS = 0.4
_LONGEST_PAUSE_SECONDS = 0.5
_SILENT_SECONDS = 1.5


class RedisLocks:
    """First come, first served. A holder that dies or stands still loses its lock within 2 seconds.

    A release wakes the next in the queue; besides, each one that waits asks again twice a second. While Redis does not
    answer, no lock is held and no caller waits. `keys` is called when a key is needed.
    """

    def __init__(self, server: RedisServer, keys: Callable[[], Keys]) -> None:
        self._server = server
        self._keys = keys
        self._acquire_script = RedisScript(server, "acquire")
        self._release_script = RedisScript(server, "release")
        self._renew_script = RedisScript(server, "renew")
        self._held = _HeldLocks()

    @contextmanager
    def hold(self, name: str, wait_seconds: float) -> Iterator[bool]:
        token = uuid.uuid4().hex
        held = self._wait_for(name, token, time.monotonic() + wait_seconds)
        if held:
            self._keep_renewed(name, token)
        try:
            yield held
        finally:
            if held:
                self._release(name, token)

    def _wait_for(self, name: str, token: str, deadline: float) -> bool:
        """Whether the lock was acquired before the deadline."""
        try:
            while True:
                waits = time.monotonic() < deadline
                acquired, lasts_ms = self._try_acquire(name, token, waits)
                left = deadline - time.monotonic()
                if acquired:
                    return True
                if not waits:
                    self._release_script(self._lock_keys(name), [token])  # leaves the queue
                    return False
                pause = (lasts_ms + 5) / 1000 if lasts_ms else _LONGEST_PAUSE_SECONDS / 5
                with self._server.client() as client:
                    turn = self._keys().turn(name, token)
                    client.blpop([turn], timeout=max(0.001, min(left, pause, _LONGEST_PAUSE_SECONDS)))
        except (CatalogUnavailable, CatalogDamaged) as error:
            _LOG.info("continuing without the lock %s: %s", name, error)
            return False
        except BaseException:
            self._release(name, token)
            raise

    def _try_acquire(self, name: str, token: str, waits: bool) -> tuple[bool, int]:
        """Whether it was acquired; else also for how many milliseconds at most another caller still holds it."""
        arguments = [token, *(str(round(number)) for number in (_LASTS_SECONDS * 1000, waits, _SILENT_SECONDS * 1000))]
        acquired, lasts_ms = self._acquire_script(self._lock_keys(name), arguments)
        return bool(acquired), int(lasts_ms)

    def _lock_keys(self, name: str) -> list[str]:
        keys = self._keys()
        return [keys.lock(name), keys.queue(name), keys.seen(name)]

    def _keep_renewed(self, name: str, token: str) -> None:
        if self._held.process != os.getpid():
            self._held = _HeldLocks()  # a forked child inherits the parent's locks, which are not its own
        held = self._held
        with held.lock:
            held.tokens[token] = self._keys().lock(name)
            if not held.renewing:
                held.renewing = True
                threading.Thread(target=self._renew, args=(held,), name="supertable-locks", daemon=True).start()

    def _release(self, name: str, token: str) -> None:
        with self._held.lock:
            self._held.tokens.pop(token, None)
        with suppress(CatalogUnavailable, CatalogDamaged):  # the lock then expires
            self._release_script(self._lock_keys(name), [token])

    def _renew(self, held: _HeldLocks) -> None:
        """Renew the held locks until there are none; the next lock starts a new thread."""
        while True:
            time.sleep(_RENEWED_EVERY_SECONDS)
            with held.lock:
                tokens = dict(held.tokens)
                if not tokens:
                    held.renewing = False
                    return
            with suppress(CatalogUnavailable, CatalogDamaged):
                self._renew_script(list(tokens.values()), [str(round(_LASTS_SECONDS * 1000)), *tokens])


class _HeldLocks:
    """The locks that this process holds: their keys by token."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.tokens: dict[str, str] = {}
        self.renewing = False
