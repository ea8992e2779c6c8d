"""Locks between threads and processes of one machine: `flock` on one small file for each name."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FIRST_PAUSE_SECONDS = 0.001
_LONGEST_PAUSE_SECONDS = 0.02


class FileLocks:
    """The kernel releases a lock when its holder dies, however it dies. The empty files remain.

    If the folder cannot be used (permissions, a file system without `flock`), no lock is held and no caller waits.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    @contextmanager
    def hold(self, name: str, wait_seconds: float) -> Iterator[bool]:
        descriptor = self._acquire(name, time.monotonic() + wait_seconds)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                _release(descriptor)

    def _acquire(self, name: str, deadline: float) -> int | None:
        path = self._folder / hashlib.sha256(name.encode()).hexdigest()[:32]
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                descriptor = self._try_acquire(path)
            except OSError:
                return None
            left = deadline - time.monotonic()
            if descriptor is not None or left <= 0:
                return descriptor
            time.sleep(min(left, pause * random.uniform(0.5, 1.5)))
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _try_acquire(self, path: Path) -> int | None:
        """The descriptor that holds the lock; None if another caller holds it. Raises OSError if locks do not work."""
        descriptor = _open(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except (BlockingIOError, FileNotFoundError):
            pass  # another caller holds it; or the file was removed, so that the next caller would lock another file
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o666)


def _release(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing is not enough when a forked child has it open too
    finally:
        os.close(descriptor)
