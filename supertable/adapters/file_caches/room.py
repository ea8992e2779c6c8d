"""How many bytes a cache's folder has, and what is removed when there are too many.

A number in a file says how many bytes are there or promised; whoever writes takes room first. Where none is left, the
folder is looked through: the number is set right (a process that died gave nothing back), and the copies used least
recently are removed, as many as bring the folder to nine tenths of what it may have.

A copy is never removed from under a query. Each query holds a lease that is older than its use of any copy, and marks
what it uses by the time of access, under the shared lock of `in_use`. Removal takes that lock alone, and passes over
everything that was used after the oldest lease began.
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

_COARSE_CLOCK_NS = 2_000_000_000
"""Some file systems know times of access to two seconds only."""
_BATCH = 200
_FULL_SECONDS = 1.0


class SureLeases(Protocol):
    def take(self) -> Lease:
        """Raises OSError where there can be none."""

    def live(self) -> list[LiveLease]: ...


@dataclass(frozen=True, slots=True)
class _Copy:
    used_at_ns: int
    path: Path
    bytes: int


class Room:
    """The bytes under `root`, at most `max_bytes`, shared by everyone who uses the folder.

    `readers` are the leases of queries, `fills` those of whoever writes; the latter say how many bytes are coming.
    """

    def __init__(self, root: Path, max_bytes: int, readers: SureLeases, fills: SureLeases) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._readers = readers
        self._fills = fills
        self._counted = root / "~bytes"
        self.in_use = root / "~in_use"
        self._full_until = 0.0

    @contextmanager
    def claimed(self, wanted: int) -> Iterator[Claim]:
        """Room for so many bytes, to be written within the block. What `Claim.used` does not say is given back.

        Raises `NoCopy` when so much cannot be made free, and OSError.
        """
        claim = Claim(self)
        try:
            claim.grow(wanted)
            yield claim
        except BaseException:
            claim.used = 0
            raise
        finally:
            claim.end()

    def take(self, wanted: int) -> Lease:
        """The lease is for as long as the bytes are not all there."""
        if time.monotonic() < self._full_until:
            raise NoCopy("the cache is full of files in use")
        with locked(self._counted) as descriptor:
            total = _number(descriptor)
            if total is None or total + wanted > self._max_bytes:
                total = self._made_free(wanted)
            if total + wanted > self._max_bytes:
                _note(descriptor, total)
                self._full_until = time.monotonic() + _FULL_SECONDS
                raise NoCopy("the cache is full of files in use")
            fill = self._fills.take()
            fill.restrict_to({"bytes": [(0, wanted)]})
            _note(descriptor, total + wanted)
            return fill

    def add(self, bytes_: int) -> None:
        with locked(self._counted) as descriptor:
            total = _number(descriptor)
            if total is not None:
                _note(descriptor, max(total + bytes_, 0))

    def _made_free(self, wanted: int) -> int:
        """Remove copies until the wanted bytes fit well; how many bytes are left, or are coming."""
        found = [file for file in _files(self._root) if not self._is_own(file.path)]
        total = sum(file.bytes for file in found) + self._coming()
        goal = self._max_bytes * 9 // 10 - wanted
        copies = sorted((file for file in found if self._is_copy(file.path)), key=lambda file: file.used_at_ns)
        for start in range(0, len(copies), _BATCH):
            if total <= goal:
                break
            total -= self._removed(copies[start : start + _BATCH], total - goal)
        return total

    def _coming(self) -> int:
        return sum(last for fill in self._fills.live() for spans in (fill.spans or {}).values() for _, last in spans)

    def _is_own(self, path: Path) -> bool:
        """Whether it is one of the few small files by which the cache is ruled."""
        return path.relative_to(self._root).parts[0].startswith("~")

    def _is_copy(self, path: Path) -> bool:
        """Whether it is not half written still: no key has a `~`."""
        return not any(part.startswith("~") for part in path.relative_to(self._root).parts)

    def _removed(self, copies: list[_Copy], excess: int) -> int:
        """Remove the first copies, if nobody uses them, until `excess` bytes are gone; how many those were."""
        removed = 0
        with locked(self.in_use):
            oldest = min((lease.began_at_us * 1000 for lease in self._readers.live()), default=time.time_ns())
            for copy in copies:
                if removed >= excess:
                    break
                with suppress(FileNotFoundError):
                    if copy.path.stat().st_atime_ns < oldest - _COARSE_CLOCK_NS:
                        copy.path.unlink()
                        removed += copy.bytes
        return removed


class Claim:
    """Room that one writer has taken. `used`: how many bytes it has written."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._fills: list[Lease] = []
        self.bytes = 0
        self.used = 0

    def grow(self, wanted: int) -> None:
        """Take room for so many bytes more. Raises `NoCopy` and OSError."""
        self._fills.append(self._room.take(wanted))
        self.bytes += wanted

    def end(self) -> None:
        for fill in self._fills:
            fill.close()
        if self.bytes != self.used:
            with suppress(OSError):
                self._room.add(self.used - self.bytes)


def _files(folder: Path) -> Iterator[_Copy]:
    """Every file under the folder, those half written too; what vanishes meanwhile is passed over."""
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
                yield _Copy(found.st_atime_ns, Path(entry.path), found.st_size)


def _number(descriptor: int) -> int | None:
    text = os.pread(descriptor, 40, 0)
    return int(text) if text.isdigit() else None


def _note(descriptor: int, total: int) -> None:
    """Forty digits: the text is written in one piece, and never leaves an older one's end behind."""
    os.pwrite(descriptor, b"%040d" % total, 0)
