"""Leases between threads and processes of one machine: a small file for each, locked by `flock` while it is held."""

from __future__ import annotations

import errno
import fcntl
import itertools
import json
import logging
import os
import re
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from supertable.application.ports.leases import Lease, LiveLease, Span
from supertable.domain.errors import StoreUnavailable

_LOG = logging.getLogger(__name__)
_NAME = re.compile(r"(\d{20})-\d+-\d+")
_NUMBERS = itertools.count()
_MOST_BYTES = 1 << 26


class FileLeases:
    """The kernel releases a lock when its holder dies, however it dies; `live` removes the file that remains.

    If the folder cannot be used, leases protect nothing, and a warning is logged once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._warned = False

    def begin(self) -> Lease:
        try:
            return self.acquire()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise StoreUnavailable("protect", "what is read", error.strerror or str(error)) from error
            if not self._warned:
                self._warned = True
                _LOG.warning("queries are not protected from vacuum: %s: %s", self._folder, error.strerror)
            return _NoLease()

    def acquire(self) -> Lease:
        """As `begin`, but raises OSError if the folder cannot be used."""
        while (lease := self._try_acquire()) is None:
            pass
        return lease

    def live(self) -> list[LiveLease]:
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - only names are needed
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreUnavailable("list", "the leases", error.strerror or str(error)) from error
        found = (self._live_lease(name, matched) for name in names if (matched := _NAME.fullmatch(name)))
        return [lease for lease in found if lease is not None]

    def close(self) -> None:
        """No-op: nothing is open."""

    def _try_acquire(self) -> FileLease | None:
        """None: `live` of another process has removed the file before it was locked."""
        name = f"{time.time_ns() // 1000:020d}-{os.getpid()}-{next(_NUMBERS)}"
        path = self._folder / name
        descriptor = _created(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return FileLease(path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _live_lease(self, name: str, matched: re.Match[str]) -> LiveLease | None:
        """The lease of a file; None, and the file is removed, if no process holds it."""
        path = self._folder / name
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError:
            return LiveLease(name, int(matched[1]), None)  # another user's lease: any version may be in use
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return LiveLease(name, int(matched[1]), _decoded(os.pread(descriptor, _MOST_BYTES, 0)))
        else:
            path.unlink(missing_ok=True)
            return None
        finally:
            os.close(descriptor)


class FileLease:
    """A lease in a file of its own. Closing it in a forked child does not end it for the parent."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._process = os.getpid()
        self._open = [descriptor]

    def restrict_to(self, spans: Mapping[str, Collection[Span]]) -> None:
        for descriptor in self._open:
            with suppress(OSError):  # on failure the lease still covers everything
                os.pwrite(descriptor, _encoded(spans), 0)

    def close(self) -> None:
        try:
            descriptor = self._open.pop()  # atomic: two threads may close the lease
        except IndexError:
            return
        if self._process == os.getpid():
            with suppress(OSError):
                self._path.unlink()
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing is not enough when a child still has it open
        os.close(descriptor)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class _NoLease:
    def restrict_to(self, spans: Mapping[str, Collection[Span]]) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def _created(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o666)


def _encoded(spans: Mapping[str, Collection[Span]]) -> bytes:
    """One line. Data without the line feed at its end was not written completely."""
    return json.dumps({log: list(parts) for log, parts in spans.items()}).encode() + b"\n"


def _decoded(data: bytes) -> dict[str, tuple[Span, ...]] | None:
    if not data.endswith(b"\n"):
        return None
    try:
        return {log: tuple((first, last) for first, last in parts) for log, parts in json.loads(data).items()}
    except (ValueError, AttributeError, TypeError):
        return None
