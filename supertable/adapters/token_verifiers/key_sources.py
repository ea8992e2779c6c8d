"""Where keys are read from, and how long they are cached."""

from __future__ import annotations

import logging
import threading
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Protocol

from supertable.adapters.token_verifiers.keys import Key, KeySet, UnusableKeys, keys_from_text
from supertable.application.ports.clocks import Clock
from supertable.domain.errors import Unavailable

_LOG = logging.getLogger(__name__)
_MAX_BYTES = 1_048_576
_TIMEOUT_SECONDS = 3
_PORTION_BYTES = 65_536


class Keys(Protocol):
    """The keys of an issuer."""

    def find(self, kid: str | None) -> Key | None:
        """The key with this id; for None the key, if there is only one. Raises `Unavailable` if keys cannot be read."""


class CachedKeys:
    """Keys that the issuer may change. They are read again after `refresh_seconds`, and for an unknown id.

    `pause_seconds`: the least time between two reads, so that invented ids do not cause a flood of reads. While the
    keys cannot be read, those read last are used for `trust_seconds`. Thread-safe.
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
        key = self._cached(kid, self._refresh_seconds)
        if key:
            return key
        key = self._cached(kid, self._trust_seconds)
        if self._lock.acquire(blocking=key is None):  # with an old key, do not wait for another thread's read
            try:
                self._refresh()
            finally:
                self._lock.release()
        key = self._cached(kid, self._trust_seconds)
        if key is None and self._failed:
            raise Unavailable("The keys that verify signed tokens could not be read. It is safe to try again.")
        return key

    def _cached(self, kid: str | None, seconds: float) -> Key | None:
        keys = self._keys
        return keys.find(kid) if keys and self._clock.monotonic_seconds() - self._read_at < seconds else None

    def _refresh(self) -> None:
        now = self._clock.monotonic_seconds()
        if self._tried_at is not None and now - self._tried_at < self._pause_seconds:
            return
        self._tried_at = now
        try:
            self._keys = keys_from_text(self._read())
            self._read_at, self._failed = now, False
        except (OSError, HTTPException, UnusableKeys) as error:
            self._failed = True
            _LOG.warning("the keys of signed tokens could not be read: %s", error)


def file_reader(path: Path) -> Callable[[], bytes]:
    """The returned function raises OSError."""
    return path.read_bytes


def url_reader(url: str, clock: Clock) -> Callable[[], bytes]:
    """The returned function follows no redirect and raises OSError and HTTPException."""

    def read() -> bytes:
        deadline = clock.monotonic_seconds() + _TIMEOUT_SECONDS
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            if response.url != url:
                raise OSError("the address redirects to another one")
            body = b""
            while portion := response.read1(_PORTION_BYTES):
                body += portion
                if len(body) > _MAX_BYTES:
                    raise OSError(f"the document is longer than {_MAX_BYTES:,} bytes")
                if clock.monotonic_seconds() > deadline:
                    raise OSError(f"the document was not complete after {_TIMEOUT_SECONDS} s")
            return body

    return read
