"""A folder of a local (or properly mounted) file system as an object store."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from supertable.adapters.object_stores.keys import check_folder_prefix, check_key, check_prefix
from supertable.adapters.object_stores.local.durable_folders import DurableFolders
from supertable.adapters.object_stores.local.file_system import FileSystem
from supertable.adapters.object_stores.local.folder_listing import FolderListing
from supertable.adapters.object_stores.local.ranged_reads import fingerprint_of, read_range
from supertable.adapters.object_stores.local.temp_file_writer import TempFileWriter
from supertable.adapters.object_stores.local.temp_files import TempFile, TempFiles
from supertable.application.ports.object_stores import (
    ObjectRange,
    ObjectWriter,
    PutAmbiguous,
    PutConflict,
    StoredObject,
)
from supertable.domain.errors import StoreUnavailable, UnsafeStore

_Item = TypeVar("_Item")

# No key contains "~", so no key and no listing reaches the temporary files.
_TEMP_FOLDER = "~drafts"
_CHUNK_BYTES = 1024 * 1024
_READ_BYTES = 1 << 24
_ABSENT = (FileNotFoundError, NotADirectoryError)
_NO_LINKS = {errno.EPERM, errno.EXDEV, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
_LINK_LOST = {errno.EIO, errno.EINTR, errno.ETIMEDOUT, errno.ESTALE, errno.ECONNRESET}


class LocalObjectStore:
    """Objects as files under `root`, which is created at the first write.

    An object's bytes are written to a temporary file and synced. Then the file gets the object's name in one step: by
    `link`, which fails if the name is taken, or by `replace`. So an object is complete whenever it is visible.
    """

    def __init__(self, root: Path, file_system: FileSystem | None = None) -> None:
        self._root = root.resolve()
        self._folder = str(self._root)
        self._pattern = glob.escape(self._folder)
        self._fs = file_system or FileSystem()
        self._folders = DurableFolders(self._root, self._fs)
        self._temp_files = TempFiles(self._root / _TEMP_FOLDER, self._fs)
        self._listing = FolderListing(self._root, self._fs)

    def put_if_absent(self, key: str, data: bytes) -> None:
        path = self._path(key)
        with _errors_reported("create", key):
            if self._size(path) is not None:
                raise PutConflict(key)
            with self._temp_file(data) as temp_file:
                self._link_if_absent(temp_file, path, key)
        with _ambiguous(key):
            self._folders.sync(path.parent)

    def settle(self, key: str) -> bytes | None:
        path = self._path(key)
        folder = path.parent
        with _errors_reported("settle", key):
            try:
                descriptor = self._fs.open(path)
            except _ABSENT:
                return None
            try:
                self._fs.fsync(descriptor)
                self._folders.make(folder)
                self._folders.sync(folder)
                return self._read(descriptor)
            except IsADirectoryError:
                return None
            finally:
                self._fs.close(descriptor)

    def put(self, key: str, data: bytes) -> None:
        path = self._path(key)
        with _errors_reported("write", key):
            with self._temp_file(data) as temp_file:
                self._place(path, lambda: self._fs.replace(temp_file.path, path))
            self._folders.sync(path.parent)

    def open_writer(self, key: str) -> AbstractContextManager[ObjectWriter]:
        """See the port. An error after `close` does not remove the object: a commit may already need it."""
        return self._streaming(key, self._path(key))

    def read(self, key: str) -> bytes | None:
        path = self._path(key)
        with _errors_reported("read", key):
            try:
                descriptor = self._fs.open(path)
            except _ABSENT:
                return None
            try:
                return self._read(descriptor)
            except IsADirectoryError:
                return None
            finally:
                self._fs.close(descriptor)

    def chunks(self, key: str) -> Iterator[bytes]:
        with _errors_reported("read", key):
            try:
                descriptor = self._fs.open(self._path(key))
            except _ABSENT:
                raise KeyError(key) from None
            try:
                while part := self._fs.read(descriptor, _CHUNK_BYTES):
                    yield part
            finally:
                self._fs.close(descriptor)

    def read_range(self, key: str, start: int, length: int, fingerprint: str | None) -> ObjectRange | None:
        path = self._path(key)
        with _errors_reported("read", key):
            try:
                return read_range(self._fs, path, start, length, fingerprint)
            except (*_ABSENT, IsADirectoryError):
                return None

    def fingerprint(self, key: str) -> str | None:
        with _errors_reported("read", key):
            try:
                found = self._fs.stat(self._text(key))
            except _ABSENT:
                return None
        return fingerprint_of(found)

    def size(self, key: str) -> int | None:
        with _errors_reported("read", key):
            return self._size(self._text(key))

    def list(self, prefix: str, start_after: str = "") -> Iterator[StoredObject]:
        objects = self._listing.objects(check_prefix(prefix), start_after)
        return _each_reported("list", prefix or "/", objects)

    def folders(self, prefix: str) -> Iterator[str]:
        with _errors_reported("list", prefix or "/"):
            names = self._listing.folders(check_folder_prefix(prefix))
        return _each_reported("list", prefix or "/", names)

    def delete(self, keys: Iterable[str]) -> None:
        touched: set[Path] = set()
        for key in keys:
            path = self._path(key)
            with _errors_reported("delete", key):
                try:
                    self._fs.unlink(path)
                except (*_ABSENT, IsADirectoryError):
                    continue
            touched.add(path.parent)
        for folder in sorted(touched):
            with _errors_reported("delete", str(folder.relative_to(self._root))):
                self._sync_if_there(folder)

    def location(self, key: str) -> str:
        """The absolute path, with glob characters escaped because engines read paths as patterns."""
        return f"{self._pattern}/{check_key(key)}"

    def signed_location(self, key: str, seconds: int) -> str:  # noqa: ARG002 - a path needs no signature
        return self.location(key)

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _text(self, key: str) -> str:  # a `Path` costs more than a call of the system
        return f"{self._folder}/{check_key(key)}"

    def _size(self, path: Path | str) -> int | None:
        try:
            found = self._fs.stat(path)
        except _ABSENT:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def _read(self, descriptor: int) -> bytes:
        parts = []
        while part := self._fs.read(descriptor, _READ_BYTES):
            parts.append(part)
        return b"".join(parts)

    def _new_temp_file(self) -> TempFile:
        self._folders.make(self._root)
        try:
            return self._temp_files.create()
        except FileNotFoundError:  # the root was removed
            self._folders.forget()
            self._folders.make(self._root)
            return self._temp_files.create()

    @contextmanager
    def _temp_file(self, data: bytes) -> Iterator[TempFile]:
        temp_file = self._new_temp_file()
        try:
            temp_file.write(data)
            temp_file.seal()
            yield temp_file
        finally:
            temp_file.discard()

    @contextmanager
    def _streaming(self, key: str, path: Path) -> Iterator[ObjectWriter]:
        with _errors_reported("write", key):
            temp_file = self._new_temp_file()
        writer = TempFileWriter(temp_file, key, lambda: self._publish(temp_file, path))
        try:
            yield writer
            writer.finish()
        finally:
            writer.abort()

    def _publish(self, temp_file: TempFile, path: Path) -> None:
        try:
            self._place(path, lambda: self._link(temp_file, path))
            self._folders.sync(path.parent)
        except FileExistsError:
            raise
        except OSError:
            with suppress(OSError):
                self._fs.unlink(path)  # no other writer uses this name
            raise

    def _place(self, path: Path, place: Callable[[], None]) -> None:
        """Make the folder durable and call `place`, which names a file there. Retries if the folder was removed."""
        folder = path.parent
        self._folders.make(folder)
        try:
            place()
        except FileNotFoundError:
            self._folders.forget()
            self._folders.make(folder)
            place()

    def _link(self, temp_file: TempFile, path: Path) -> None:
        try:
            self._fs.link(temp_file.path, path)
        except OSError as error:
            if error.errno in _NO_LINKS:
                raise UnsafeStore(
                    f"The file system of {self._root} cannot link files ({_reason(error)}), and commits need that. "
                    "Use a local file system, or object storage."
                ) from error
            raise

    def _link_if_absent(self, temp_file: TempFile, path: Path, key: str) -> None:
        self._folders.make(path.parent)
        try:
            self._place(path, lambda: self._link(temp_file, path))
        except FileExistsError as error:
            with _ambiguous(key):
                if self._same_file(temp_file.path, path):  # a network file system has sent the request twice
                    return
                if self._size(path) is not None:
                    raise PutConflict(key) from error
            raise
        except OSError as error:
            if error.errno in _LINK_LOST:
                raise PutAmbiguous(f"{key}: {_reason(error)}") from error
            raise

    def _same_file(self, one: Path, other: Path) -> bool:
        return os.path.samestat(self._fs.stat(one), self._fs.stat(other))

    def _sync_if_there(self, folder: Path) -> None:
        with suppress(*_ABSENT):
            self._folders.sync(folder)


@contextmanager
def _errors_reported(action: str, key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(action, key, _reason(error)) from error


@contextmanager
def _ambiguous(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PutAmbiguous(f"{key}: {_reason(error)}") from error


def _each_reported(action: str, key: str, items: Iterator[_Item]) -> Iterator[_Item]:
    with _errors_reported(action, key):
        yield from items


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
