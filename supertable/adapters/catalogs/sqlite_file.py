"""One SQLite file of many threads and processes; it may be removed, replaced or damaged while it is open."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from supertable.domain.errors import CatalogDamaged, CatalogUnavailable, FormatTooNew

_APPLICATION = 0x53545442  # "STTB", in the file's header
_FORMAT = 1
_MISSING = "none"
_IDLE_CONNECTIONS = 16
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH}

# SQLite's connections must not be used in a forked child, and not be closed there either.
_inherited: list[OpenFile] = []


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A connection, the process that opened it, and the file (`device:inode`) that it is open on."""

    connection: sqlite3.Connection
    process: int
    file: str


class SqliteFile:
    """Hands out connections to `path`, which is made with `schema` when it is missing.

    Opening, and setting a file aside, exclude each other between processes by a lock on `<path>-lock`. So no
    connection is opened on a half-made file, nor while its write-ahead log is being removed.
    """

    def __init__(self, path: Path, schema: str, busy_seconds: float) -> None:
        self._path = path.resolve()
        self._schema = schema
        self._busy_seconds = busy_seconds
        self._idle: list[OpenFile] = []

    @contextmanager
    def opened(self) -> Iterator[OpenFile]:
        """A connection for this thread alone, outside any transaction.

        After an error it is closed, which rolls back. Raises CatalogUnavailable and CatalogDamaged for all
        that SQLite and the operating system report, inside the block too.
        """
        with self._translated():
            current = self._take()
            try:
                yield current
            except BaseException:
                _close(current)
                raise
            if len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(current)
            else:
                _close(current)

    def set_aside(self) -> None:
        """Rename a damaged file to `<path>.damaged`; whoever opens the path next makes a new one."""
        with self._translated(), self._exclusive():
            self._remove_write_ahead_log()
            with suppress(FileNotFoundError):
                self._path.replace(self._beside(".damaged"))

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            _close(self._idle.pop())

    def _take(self) -> OpenFile:
        while True:
            try:
                current = self._idle.pop()
            except IndexError:
                return self._open()
            if current.process != os.getpid():
                _inherited.append(current)
            elif current.file != _file_id(self._path):
                _close(current)
            else:
                return current

    def _open(self) -> OpenFile:
        with self._exclusive() as lock:
            self._remove_foreign_log(lock)
            connection = sqlite3.connect(
                self._path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
                file = _file_id(self._path)
                if file == _MISSING:
                    raise CatalogUnavailable(f"{self._path} was removed while it was being opened")
                _write(lock, " ".join(self._note()))
            except BaseException:
                connection.close()
                raise
            return OpenFile(connection, os.getpid(), file)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        is_new = (application, found, tables) == (0, 0, 0)
        if not is_new and application != _APPLICATION:
            raise CatalogUnavailable(f"{self._path} is a database of another program; move one of the two")
        if found > _FORMAT:
            raise FormatTooNew(str(self._path), found, _FORMAT)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cell_size_check = ON")
        if is_new:
            marks = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_FORMAT};"
            connection.executescript(f"BEGIN IMMEDIATE; {self._schema} {marks} COMMIT;")

    @contextmanager
    def _exclusive(self) -> Iterator[int]:
        deadline = time.monotonic() + self._busy_seconds
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._beside("-lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            while not _try_lock(lock):
                if time.monotonic() > deadline:
                    raise CatalogUnavailable(f"{self._path} is being opened by another process for too long")
                time.sleep(0.002)
            yield lock
        finally:
            _unlock(lock)

    def _remove_foreign_log(self, lock: int) -> None:
        """SQLite finds the write-ahead log by its name, and would replay that of an earlier file."""
        file, log = self._note()
        noted_file, _, noted_log = os.pread(lock, 200, 0).decode("ascii", "replace").partition(" ")
        if file == _MISSING or (file != noted_file and log == noted_log):
            self._remove_write_ahead_log()

    def _remove_write_ahead_log(self) -> None:
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                self._beside(suffix).unlink()

    def _note(self) -> tuple[str, str]:
        """Which file goes with which write-ahead log."""
        return _file_id(self._path), _file_id(self._beside("-wal"))

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _translation(self._path, error) from error
        except OSError as error:
            raise CatalogUnavailable(f"{self._path}: {error.strerror or error}") from error


def _file_id(path: Path) -> str:
    try:
        found = path.stat()
    except FileNotFoundError:
        return _MISSING
    return f"{found.st_dev:x}:{found.st_ino:x}"


def _translation(path: Path, error: sqlite3.Error) -> CatalogDamaged | CatalogUnavailable:
    """By SQLite's primary result code. An error without one is Python's, about a value it cannot decode."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    if code & 0xFF in _DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return CatalogDamaged(f"{path}: {error}")
    return CatalogUnavailable(f"{path}: {error}")


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unlock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing is not enough when a forked child has it open too
    finally:
        os.close(descriptor)


def _write(descriptor: int, note: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, note.encode("ascii"), 0)


def _close(opened: OpenFile) -> None:
    with suppress(sqlite3.Error):
        opened.connection.close()
