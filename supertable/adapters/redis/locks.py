"""Locks in Redis: a token that expires, renewed while it is held, and a queue for those who wait."""

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

    Who waits is woken by who is before, and looks by itself twice a second. Where Redis does not answer no lock is ever
    held, at no wait.
    """

    def __init__(self, server: RedisServer, keys: Callable[[], Keys]) -> None:
        self._server = server
        self._keys = keys
        self._acquire = RedisScript(server, "acquire")
        self._release = RedisScript(server, "release")
        self._renew = RedisScript(server, "renew")
        self._held = _Held()

    @contextmanager
    def hold(self, name: str, wait_seconds: float) -> Iterator[bool]:
        token = uuid.uuid4().hex
        held = self._waited_for(name, token, time.monotonic() + wait_seconds)
        if held:
            self._keep(name, token)
        try:
            yield held
        finally:
            if held:
                self._give_back(name, token)

    def _waited_for(self, name: str, token: str, deadline: float) -> bool:
        try:
            while True:
                waits = time.monotonic() < deadline
                taken, lasts_ms = self._asked(name, token, waits)
                left = deadline - time.monotonic()
                if taken:
                    return True
                if not waits:
                    self._release(self._names(name), [token])  # out of the queue
                    return False
                pause = (lasts_ms + 5) / 1000 if lasts_ms else _LONGEST_PAUSE_SECONDS / 5
                with self._server.answering() as client:
                    turn = self._keys().turn(name, token)
                    client.blpop([turn], timeout=max(0.001, min(left, pause, _LONGEST_PAUSE_SECONDS)))
        except (CatalogUnavailable, CatalogDamaged) as error:
            _LOG.info("going on without the lock %s: %s", name, error)
            return False
        except BaseException:
            self._give_back(name, token)
            raise

    def _asked(self, name: str, token: str, waits: bool) -> tuple[bool, int]:
        arguments = [token, *(str(round(number)) for number in (_LASTS_SECONDS * 1000, waits, _SILENT_SECONDS * 1000))]
        taken, lasts_ms = self._acquire(self._names(name), arguments)
        return bool(taken), int(lasts_ms)

    def _names(self, name: str) -> list[str]:
        keys = self._keys()
        return [keys.lock(name), keys.queue(name), keys.seen(name)]

    def _keep(self, name: str, token: str) -> None:
        if self._held.process != os.getpid():
            self._held = _Held()  # what a forked child inherits is its parent's
        held = self._held
        with held.lock:
            held.tokens[token] = self._keys().lock(name)
            if not held.renewing:
                held.renewing = True
                threading.Thread(target=self._renewed, args=(held,), name="supertable-locks", daemon=True).start()

    def _give_back(self, name: str, token: str) -> None:
        with self._held.lock:
            self._held.tokens.pop(token, None)
        with suppress(CatalogUnavailable, CatalogDamaged):  # then it expires
            self._release(self._names(name), [token])

    def _renewed(self, held: _Held) -> None:
        """Ends when nothing is held, to be started again."""
        while True:
            time.sleep(_RENEWED_EVERY_SECONDS)
            with held.lock:
                tokens = dict(held.tokens)
                if not tokens:
                    held.renewing = False
                    return
            with suppress(CatalogUnavailable, CatalogDamaged):
                self._renew(list(tokens.values()), [str(round(_LASTS_SECONDS * 1000)), *tokens])


class _Held:
    """The locks that this process holds: their keys by token."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.tokens: dict[str, str] = {}
        self.renewing = False
