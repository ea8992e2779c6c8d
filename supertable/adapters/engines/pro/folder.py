"""The folder of one process's copies, which no other user can read, and which goes with the process."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import weakref
from contextlib import suppress
from pathlib import Path

_LOCK = "lock"


class ProcessFolder:
    """A folder of its own within `root`. It goes with `close`, or when the process ends. If that is killed, the kernel
    releases its lock; the next process that makes a folder here removes those without a holder."""

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(root / _LOCK):
            for left in root.iterdir():
                if left.is_dir():
                    _remove_if_left(left)
            self.path = root / secrets.token_hex(8)
            self.path.mkdir(mode=0o700)
            descriptor = _opened(self.path / _LOCK)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._end = weakref.finalize(self, _end, self.path, descriptor, os.getpid())

    def new(self) -> Path:
        """A new folder within it."""
        folder = self.path / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        return folder

    def close(self) -> None:
        """Removes the folder. No-op the second time, and in a process that was forked from its owner."""
        self._end()


def _end(folder: Path, descriptor: int, process: int) -> None:
    if process == os.getpid():
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


class _locked:  # noqa: N801 - used like a function
    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> None:
        self._descriptor = _opened(self._file)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _remove_if_left(folder: Path) -> None:
    with suppress(OSError):
        descriptor = _opened(folder / _LOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


def _opened(file: Path) -> int:
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
