"""Journals as files on this machine, one event to a line, locked by `flock` while their process lives.

`{name}.open` is appended to. When its process has ended, another process takes it over, to append or to export it.
Before the export it is renamed to `{name}.sealed` and never changes again, so a name always means the same events.
"""

from __future__ import annotations

import errno
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from supertable.adapters.audit_journals.disk_reserve import DiskReserve, is_full
from supertable.adapters.audit_journals.journal_file import (
    OPEN,
    SEALED,
    SEGMENT_BYTES,
    JournalFile,
    lock_when_free,
    try_lock,
)
from supertable.adapters.audit_journals.lines import decoded, encoded
from supertable.application.ports.audit_journals import Segment, Waiting
from supertable.domain.audit import AuditEvent
from supertable.domain.errors import AuditUnavailable
from supertable.domain.names import name_key

_PROBE_BYTES = 4096
_PATIENCE_SECONDS = 10
_NUMBERS = itertools.count()
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_LOG = logging.getLogger(__name__)


class FileAuditJournals:
    """Each organization has a folder in `folder`, created with its first event.

    `unless_read_only`: if this process may not write the folder, events are not recorded, and a warning is logged once.
    This is for lakes that are stored entirely on this machine, and not for services.
    """

    def __init__(self, folder: Path, unless_read_only: bool = False) -> None:
        self._folder = folder
        self._unless_read_only = unless_read_only
        self._warned = False
        self._journals: dict[str, _Journal] = {}
        self._reserve = DiskReserve(folder / "reserve")

    def append(self, *events: AuditEvent) -> None:
        lines = b"".join(map(encoded, events))
        try:
            self._append(self._journal(events[0].organization), lines)
        except OSError as error:
            if not self._unless_read_only or error.errno not in _READ_ONLY:
                raise _unavailable(error) from error
            if not self._warned:
                self._warned = True
                _LOG.warning("audit events are not recorded: %s: %s", self._folder, error.strerror)

    def prepare_service(self, reserve_bytes: int) -> None:
        self._unless_read_only = False
        try:
            self._reserve.fill(reserve_bytes)
        except OSError as error:
            _LOG.warning("no space is reserved for a full disk: %s: %s", self._folder, error.strerror)

    def use_reserve(self) -> None:
        self._reserve.release(only_if_low=True)
        try:
            self._write_probe()
        except OSError as error:
            if error.errno in _READ_ONLY:
                raise _unavailable(error) from error

    def shortage(self) -> str:
        return self._reserve.shortage()

    def check(self) -> None:
        try:
            self._write_probe()
        except OSError as error:
            raise _unavailable(error) from error

    def own_bytes(self, organization: str) -> int:
        return self._journal(organization).own_bytes

    def waiting(self, organization: str) -> Waiting:
        try:
            return self._journal(organization).waiting()
        except OSError as error:
            raise _unavailable(error) from error

    def drain(self, organization: str, take: Callable[[Segment], None]) -> None:
        try:
            self._journal(organization).drain(organization, take)
        except OSError as error:
            raise _unavailable(error) from error

    def organizations(self) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self._folder) if (self._folder / name).is_dir())  # noqa: PTH208
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        for journal in list(self._journals.values()):
            journal.close()

    def _write_probe(self) -> None:
        probe = self._folder / f"~{os.getpid()}-{threading.get_ident()}"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            probe.write_bytes(b"x" * _PROBE_BYTES)
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)

    def _append(self, journal: _Journal, lines: bytes) -> None:
        try:
            journal.append(lines)
        except OSError as error:
            if not is_full(error) or not self._reserve.release():
                raise
            journal.append(lines)

    def _journal(self, organization: str) -> _Journal:
        key = name_key(organization)
        found = self._journals.get(key)
        return found or self._journals.setdefault(key, _Journal(self._folder / key))


class _Journal:
    """The journal of one organization."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._current: JournalFile | None = None
        self._sealed_bytes = 0
        # Re-entrant: the garbage collector may end a query, which appends an event, while another is being appended.
        self._lock = threading.RLock()
        self._exporting = threading.Lock()

    @property
    def own_bytes(self) -> int:
        current = self._current
        return self._sealed_bytes + (current.size if current else 0)

    def append(self, lines: bytes) -> None:
        with self._lock:
            self._open().append(lines)
            if self.own_bytes - self._sealed_bytes >= SEGMENT_BYTES:
                self._seal()

    def waiting(self) -> Waiting:
        """Leaves out the files of other live processes, which export them themselves."""
        with self._lock:
            current = self._current
            sizes = [(current.path.name, current.size)] if current else []
        for path in self._paths():
            file = try_lock(path)
            if file is not None:
                sizes.append((path.name, file.size))
                file.close()
        sizes = [(name, size) for name, size in sizes if size]
        return Waiting(sum(size for _, size in sizes), min((_began_us(name) for name, _ in sizes), default=None))

    def drain(self, organization: str, take: Callable[[Segment], None]) -> None:
        with self._exporting:
            with self._lock:
                self._seal()
            try:
                for path in self._paths():
                    # What another process exports now was recorded first, so it comes first in the log.
                    file = lock_when_free(path, _PATIENCE_SECONDS) if path.suffix == SEALED else try_lock(path)
                    if file is not None:
                        _drain(file, organization, take)
            finally:
                self._sealed_bytes = sum(_size(path) for path in self._paths() if path.suffix == SEALED)

    def close(self) -> None:
        with self._lock:
            file, self._current = self._current, None
            if file is not None:
                file.close()

    def __del__(self) -> None:
        self.close()

    def _open(self) -> JournalFile:
        current = self._current
        if current is None or current.process != os.getpid():
            file = self._take_over() or self._create()
            if self._current is not current:  # an event of the garbage collector has opened one: see `_lock`
                file.close()
            else:
                self._current = file
        assert self._current is not None
        return self._current

    def _take_over(self) -> JournalFile | None:
        """A file of an ended process, to append to. Removes its last line if that is incomplete."""
        for path in self._paths():
            file = try_lock(path) if path.suffix == OPEN else None
            if file is None:
                continue
            if file.size < SEGMENT_BYTES:
                complete_bytes = file.content().rfind(b"\n") + 1
                os.ftruncate(file.descriptor, complete_bytes)
                file.size = complete_bytes
                return file
            file.close()
        return None

    def _create(self) -> JournalFile:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            name = f"{time.time_ns() // 1000:020d}-{os.getpid()}-{next(_NUMBERS)}-{os.urandom(4).hex()}{OPEN}"
            path = self._folder / name
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            file = try_lock(path)
            if file is not None:  # else another process has taken it over before it was locked
                return file

    def _seal(self) -> None:
        file, self._current = self._current, None
        if file is None or file.process != os.getpid():
            return
        self._sealed_bytes += file.size
        try:
            file.seal()
        finally:
            file.close()  # if it was not sealed, the next export or event takes it over

    def _paths(self) -> list[Path]:
        try:
            names = sorted(os.listdir(self._folder))  # noqa: PTH208 - only names are needed
        except FileNotFoundError:
            return []
        return [self._folder / name for name in names if name.endswith((OPEN, SEALED))]


def _drain(file: JournalFile, organization: str, take: Callable[[Segment], None]) -> None:
    try:
        file.seal()
        events = tuple(decoded(file.content(), organization, _began_us(file.path.name)))
        if events:
            take(Segment(file.path.stem, events))
        file.path.unlink()
    finally:
        file.close()


def _began_us(name: str) -> int:
    return int(name.partition("-")[0])


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _unavailable(error: OSError) -> AuditUnavailable:
    return AuditUnavailable(error.strerror or str(error))
