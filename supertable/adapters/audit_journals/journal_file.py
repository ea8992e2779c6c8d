"""One file of a journal, locked by `flock` while the process that has it lives."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SEGMENT_BYTES = 8 << 20
OPEN, SEALED = ".open", ".sealed"


@dataclass(slots=True)
class JournalFile:
    """A file that this process has locked. `process`: the process that locked it; a forked child does not use it."""

    path: Path
    descriptor: int
    size: int
    process: int = field(default_factory=os.getpid)

    def append(self, lines: bytes) -> None:
        """All of them, or none if an error is raised."""
        if os.write(self.descriptor, lines) != len(lines):
            os.ftruncate(self.descriptor, self.size)
            raise OSError(errno.ENOSPC, "the disk is full")
        self.size += len(lines)

    def content(self) -> bytes:
        return b"".join(iter(lambda: os.read(self.descriptor, SEGMENT_BYTES), b""))

    def seal(self) -> None:
        if self.path.suffix == OPEN:
            self.path = self.path.rename(self.path.with_suffix(SEALED))

    def close(self) -> None:
        if self.process == os.getpid():
            with suppress(OSError):
                fcntl.flock(self.descriptor, fcntl.LOCK_UN)  # closing is not enough when a forked child has it open too
        os.close(self.descriptor)


def lock_when_free(path: Path, patience_seconds: float) -> JournalFile | None:
    """As `try_lock`, but where a live process has locked the file, wait for it for a while."""
    deadline = time.monotonic() + patience_seconds
    while (file := try_lock(path)) is None and os.access(path, os.W_OK) and time.monotonic() < deadline:
        time.sleep(0.01)
    return file


def try_lock(path: Path) -> JournalFile | None:
    """The file, locked; None if a live process has locked it, it was removed, or it is another user's."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.stat(path).st_ino == os.fstat(descriptor).st_ino:  # noqa: PTH116
            return JournalFile(path, descriptor, os.fstat(descriptor).st_size)
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
