"""Where keys come from, and how long those at hand are used."""

from __future__ import annotations

import logging
import threading
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Protocol

from supertable.adapters.token_verifiers.keys import Key, KeySet, UnusableKeys, of_text
from supertable.application.ports.clocks import Clock
from supertable.domain.errors import Unavailable

_LOG = logging.getLogger(__name__)
_MOST_BYTES = 1_048_576
_TIMEOUT_SECONDS = 3
_PORTION_BYTES = 65_536


class Keys(Protocol):
    def find(self, kid: str | None) -> Key | None:
        """The key of that id; for None the only one there is. Raises `Unavailable` where it cannot be told."""


class CachedKeys:
    """Keys that change now and then. They are read again when they are old, and for an id that is not among them.

    `pause_seconds`: the least time between two readings, so that made-up ids cause no storm of them. While they cannot
    be read, those at hand are used for `trust_seconds`. Thread-safe.
    """

    def __init__(
        self,
        read: Callable[[], bytes],
        clock: Clock,
        refresh_seconds: float = 300,
        pause_seconds: float = 30,
        trust_seconds: float = 3600,
    ) -> None:
        self._read = read
        self._clock = clock
        self._refresh_seconds = refresh_seconds
        self._pause_seconds = pause_seconds
        self._trust_seconds = trust_seconds
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._read_at = 0.0
        self._tried_at: float | None = None
        self._failed = False

    def find(self, kid: str | None) -> Key | None:
        key = self._at_hand(kid, self._refresh_seconds)
        if key:
            return key
        key = self._at_hand(kid, self._trust_seconds)
        if self._lock.acquire(blocking=key is None):  # whoever has an old key need not wait for another's reading
            try:
                self._refresh()
            finally:
                self._lock.release()
        key = self._at_hand(kid, self._trust_seconds)
        if key is None and self._failed:
            raise Unavailable("The keys that tokens are checked with could not be read; it is safe to try again.")
        return key

    def _at_hand(self, kid: str | None, seconds: float) -> Key | None:
        keys = self._keys
        return keys.find(kid) if keys and self._clock.monotonic_seconds() - self._read_at < seconds else None

    def _refresh(self) -> None:
        now = self._clock.monotonic_seconds()
        if self._tried_at is not None and now - self._tried_at < self._pause_seconds:
            return
        self._tried_at = now
        try:
            self._keys = of_text(self._read())
            self._read_at, self._failed = now, False
        except (OSError, HTTPException, UnusableKeys) as error:
            self._failed = True
            _LOG.warning("the keys of signed tokens could not be read: %s", error)


def file_reader(path: Path) -> Callable[[], bytes]:
    return path.read_bytes


def url_reader(url: str, clock: Clock) -> Callable[[], bytes]:
    def read() -> bytes:
        ends = clock.monotonic_seconds() + _TIMEOUT_SECONDS
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            if response.url != url:
                raise OSError("the address leads to another one")
            body = b""
            while portion := response.read1(_PORTION_BYTES):
                body += portion
                if len(body) > _MOST_BYTES:
                    raise OSError(f"it is longer than {_MOST_BYTES:,} bytes")
                if clock.monotonic_seconds() > ends:
                    raise OSError(f"it was not there after {_TIMEOUT_SECONDS} s")
            return body

    return read
