"""One SQLite file, shared by threads and processes, which may be removed, replaced or damaged while it is open."""

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

# A forked child must neither use nor close the connections of its parent.
_inherited: list[OpenFile] = []


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A connection, the process that opened it, and the file (`device:inode`) that it is open on."""

    connection: sqlite3.Connection
    process: int
    file: str


class SqliteFile:
    """Connections to the file `path`, which is created with `schema` if it is missing.

    A lock on `<path>-lock` makes opening the file and setting it aside exclude each other between processes. So no
    connection is opened on a file that is being created, nor while its write-ahead log is being removed.
    """

    def __init__(self, path: Path, schema: str, busy_seconds: float) -> None:
        self._path = path.resolve()
        self._name = str(self._path)
        self._schema = schema
        self._busy_seconds = busy_seconds
        self._idle: list[OpenFile] = []
        self._damaged = _MISSING

    @contextmanager
    def opened(self) -> Iterator[OpenFile]:
        """A connection for this thread alone, outside any transaction.

        After an error it is closed, which rolls back. Errors of SQLite and the operating system, inside the block too,
        become `CatalogUnavailable` and `CatalogDamaged`.
        """
        with self._errors_translated(), self._damage_noted():
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
        """Rename the file that was found damaged to `<path>.damaged`; the next use creates a new one.

        No-op if another process has done so.
        """
        with self._errors_translated(), self._exclusive():
            if _file_id(self._path) != self._damaged:
                return
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
            elif current.file != _file_id(self._name):
                _close(current)
            else:
                return current

    def _open(self) -> OpenFile:
        try:
            return self._open_once()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_IOERR_SHORT_READ:
                raise
        return self._open_once()  # a file that was removed while it was being opened; a damaged one fails again

    def _open_once(self) -> OpenFile:
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
                _write(lock, " ".join(self._file_ids()))
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
            raise CatalogUnavailable(f"{self._path} is a database of another program; move it, or the catalog")
        if found > _FORMAT:
            raise FormatTooNew(str(self._path), found, _FORMAT)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten, not only unlinked
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
                    raise CatalogUnavailable(f"another process has been opening {self._path} for too long")
                time.sleep(0.002)
            yield lock
        finally:
            _unlock(lock)

    def _remove_foreign_log(self, lock: int) -> None:
        """Remove the write-ahead log of an earlier file, which SQLite would replay: it finds logs by their names."""
        file, log = self._file_ids()
        earlier_file, _, earlier_log = os.pread(lock, 200, 0).decode("ascii", "replace").partition(" ")
        if file == _MISSING or (file != earlier_file and log == earlier_log):
            self._remove_write_ahead_log()

    def _remove_write_ahead_log(self) -> None:
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                self._beside(suffix).unlink()

    def _file_ids(self) -> tuple[str, str]:
        """The ids of the file and of its write-ahead log. The lock file has those of the last opening."""
        return _file_id(self._path), _file_id(self._beside("-wal"))

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(self._path.name + suffix)

    @contextmanager
    def _damage_noted(self) -> Iterator[None]:
        """Remember which file is damaged. One that was removed meanwhile is not: it is `CatalogUnavailable`."""
        file = _file_id(self._name)
        try:
            yield
        except (sqlite3.Error, CatalogDamaged) as error:
            if _file_id(self._path) != file:
                raise CatalogUnavailable(f"{self._path} was removed while it was used: {error}") from error
            self._damaged = file
            raise

    @contextmanager
    def _errors_translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _translation(self._path, error) from error
        except OSError as error:
            raise CatalogUnavailable(f"{self._path}: {error.strerror or error}") from error


def _file_id(path: Path | str) -> str:
    try:
        found = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return _MISSING
    return f"{found.st_dev:x}:{found.st_ino:x}"


def _translation(path: Path, error: sqlite3.Error) -> CatalogDamaged | CatalogUnavailable:
    """The error by SQLite's primary result code. An error without one is Python's: a value could not be decoded."""
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


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode("ascii"), 0)


def _close(opened: OpenFile) -> None:
    with suppress(sqlite3.Error):
        opened.connection.close()
