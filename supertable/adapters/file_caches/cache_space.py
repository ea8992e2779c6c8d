"""The space of a cache's folder: how many bytes are used or reserved, and which copies are evicted to make space.

A number in a file counts the bytes that are stored or reserved; a writer reserves space first. When none is left, the
folder is scanned: the number is corrected, because a process that died released nothing, and the least recently used
copies are evicted until nine tenths of the maximum are used.

A copy in use is never evicted. Each query holds a lease that began before it used any copy, and sets the access time of
every copy that it uses, under the shared lock of `in_use`. Eviction takes that lock exclusively, and skips every copy
that was used after the oldest lease began.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from supertable.adapters.file_caches.file_locks import locked
from supertable.application.ports.file_caches import NoCopy
from supertable.application.ports.leases import Lease, LiveLease

_ACCESS_TIME_NS = 2_000_000_000
"""The resolution of access times, which is two seconds on some file systems."""
_BATCH = 200
_FULL_SECONDS = 1.0


class StrictLeases(Protocol):
    """Leases whose absence is an error."""

    def acquire(self) -> Lease:
        """Raises OSError where no lease can be taken."""

    def live(self) -> list[LiveLease]: ...


@dataclass(frozen=True, slots=True)
class _File:
    used_at_ns: int
    path: Path
    bytes: int


class CacheSpace:
    """The bytes under `root`, at most `max_bytes`, shared by all processes that use the folder.

    `readers` are the leases of queries, `fills` those of writers. The end of the span of a writer's lease is the number
    of bytes that it has reserved.
    """

    def __init__(self, root: Path, max_bytes: int, readers: StrictLeases, fills: StrictLeases) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._readers = readers
        self._fills = fills
        self._total_file = root / "~bytes"
        self.in_use = root / "~in_use"
        self._full_until = 0.0

    @contextmanager
    def reserved(self, wanted: int) -> Iterator[Reservation]:
        """Space for so many bytes, to be written within the block. The end of the block releases unused bytes.

        Raises `NoCopy` when there is not enough space, and OSError.
        """
        reservation = Reservation(self)
        try:
            reservation.grow(wanted)
            yield reservation
        except BaseException:
            reservation.used = 0
            raise
        finally:
            reservation.end()

    def reserve(self, wanted: int) -> Lease:
        """Count the bytes as used. The caller closes the lease once they are written. Raises `NoCopy` and OSError."""
        if time.monotonic() < self._full_until:
            raise NoCopy("the cache is full of files in use")
        with locked(self._total_file) as descriptor:
            total = _read_total(descriptor)
            if total is None or total + wanted > self._max_bytes:
                total = self._evict_for(wanted)
            if total + wanted > self._max_bytes:
                _write_total(descriptor, total)
                self._full_until = time.monotonic() + _FULL_SECONDS
                raise NoCopy("the cache is full of files in use")
            fill = self._fills.acquire()
            fill.restrict_to({"bytes": [(0, wanted)]})
            _write_total(descriptor, total + wanted)
            return fill

    def add(self, bytes_: int) -> None:
        """Correct the number of used bytes by so many; negative: release them."""
        with locked(self._total_file) as descriptor:
            total = _read_total(descriptor)
            if total is not None:
                _write_total(descriptor, max(total + bytes_, 0))

    def _evict_for(self, wanted: int) -> int:
        """Evict copies until the wanted bytes fit. Returns how many bytes are still stored or reserved."""
        files = [file for file in _files(self._root) if not self._is_control_file(file.path)]
        total = sum(file.bytes for file in files) + self._reserved_bytes()
        goal = self._max_bytes * 9 // 10 - wanted
        copies = sorted((file for file in files if self._is_copy(file.path)), key=lambda file: file.used_at_ns)
        for start in range(0, len(copies), _BATCH):
            if total <= goal:
                break
            total -= self._evict(copies[start : start + _BATCH], total - goal)
        return total

    def _reserved_bytes(self) -> int:
        return sum(last for fill in self._fills.live() for spans in (fill.spans or {}).values() for _, last in spans)

    def _is_control_file(self, path: Path) -> bool:
        """Whether it is one of the cache's own small files: leases, locks, the number of bytes."""
        return path.relative_to(self._root).parts[0].startswith("~")

    def _is_copy(self, path: Path) -> bool:
        """Whether it is a complete copy, not a temporary file: no key contains `~`."""
        return not any(part.startswith("~") for part in path.relative_to(self._root).parts)

    def _evict(self, copies: list[_File], excess: int) -> int:
        """Remove the first copies that are not in use, until `excess` bytes are freed. Returns how many were freed."""
        freed = 0
        with locked(self.in_use):
            oldest = min((lease.began_at_us * 1000 for lease in self._readers.live()), default=time.time_ns())
            for copy in copies:
                if freed >= excess:
                    break
                with suppress(FileNotFoundError):
                    if copy.path.stat().st_atime_ns < oldest - _ACCESS_TIME_NS:
                        copy.path.unlink()
                        freed += copy.bytes
        return freed


class Reservation:
    """Space that one writer has reserved. `bytes`: how many it has reserved; `used`: how many it has written."""

    def __init__(self, space: CacheSpace) -> None:
        self._space = space
        self._fills: list[Lease] = []
        self.bytes = 0
        self.used = 0

    def grow(self, wanted: int) -> None:
        """Reserve so many more bytes. Raises `NoCopy` and OSError."""
        self._fills.append(self._space.reserve(wanted))
        self.bytes += wanted

    def end(self) -> None:
        """Release the bytes that are not used."""
        for fill in self._fills:
            fill.close()
        if self.bytes != self.used:
            with suppress(OSError):
                self._space.add(self.used - self.bytes)


def _files(folder: Path) -> Iterator[_File]:
    """Every file under the folder, temporary ones too. Skips files that are removed concurrently."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        with suppress(FileNotFoundError):
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
                continue
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(found.st_mode):
                yield _File(found.st_atime_ns, Path(entry.path), found.st_size)


def _read_total(descriptor: int) -> int | None:
    text = os.pread(descriptor, 40, 0)
    return int(text) if text.isdigit() else None


def _write_total(descriptor: int, total: int) -> None:
    """Always forty digits: one write, and nothing of a longer number remains."""
    os.pwrite(descriptor, b"%040d" % total, 0)
