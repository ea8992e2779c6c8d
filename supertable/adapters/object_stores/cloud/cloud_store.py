"""An object store in a cloud bucket: what S3, Azure and Google have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar

from supertable.adapters.object_stores.cloud.buckets import Bucket, ObjectInfo, Replaced
from supertable.adapters.object_stores.cloud.ranged_reads import complete, ranges
from supertable.adapters.object_stores.keys import check_folder_prefix, check_key, check_prefix, is_key, is_segment
from supertable.adapters.object_stores.local.file_system import VolatileFileSystem
from supertable.adapters.object_stores.local.temp_file_writer import TempFileWriter
from supertable.adapters.object_stores.local.temp_files import TempFile, TempFiles
from supertable.application.ports.object_stores import ObjectChanged, ObjectRange, ObjectWriter, StoredObject
from supertable.domain.errors import StoreUnavailable

_Item = TypeVar("_Item")


class CloudObjectStore:
    """The objects of `bucket` whose keys begin with `prefix` (a folder, or empty); others are never touched.

    Names that are not valid keys are ignored, such as the folder markers of some tools. A streamed object is written to
    a file in `spool_folder`, and uploaded when it is complete.
    """

    def __init__(self, bucket: Bucket, prefix: str, spool_folder: Path) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._spool_folder = spool_folder
        self._temp_files = TempFiles(spool_folder, VolatileFileSystem())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._bucket!r}, {self._prefix!r})"

    def put_if_absent(self, key: str, data: bytes) -> None:
        whole = self._whole(key)
        with self._errors_reported("create", key):
            self._bucket.create(whole, data)

    def settle(self, key: str) -> bytes | None:
        """A plain read: these stores are strongly consistent, and a confirmed write is durable."""
        return self._get("settle", key)

    def put(self, key: str, data: bytes) -> None:
        whole = self._whole(key)
        with self._errors_reported("write", key):
            self._bucket.put(whole, data)

    def open_writer(self, key: str) -> AbstractContextManager[ObjectWriter]:
        """See the port. An error after `close` does not remove the object: a commit may already need it."""
        return self._streaming(key, self._whole(key))

    def read(self, key: str) -> bytes | None:
        return self._get("read", key)

    def chunks(self, key: str) -> Iterator[bytes]:
        return self._each_reported("read", key, ranges(self._bucket, self._whole(key)))

    def read_range(self, key: str, start: int, length: int, fingerprint: str | None) -> ObjectRange | None:
        whole, tag = self._whole(key), fingerprint and fingerprint.rpartition("-")[0]
        with self._errors_reported("read", key):
            try:
                found = self._bucket.get_range(whole, start, length, tag)
            except Replaced:
                raise ObjectChanged(key) from None
            if found is None:
                return None
            return ObjectRange(complete(found, start, length), found.info.bytes, _fingerprint(found.info))

    def fingerprint(self, key: str) -> str | None:
        with self._errors_reported("read", key):
            found = self._bucket.find(self._whole(key))
        return None if found is None else _fingerprint(found)

    def size(self, key: str) -> int | None:
        with self._errors_reported("read", key):
            found = self._bucket.find(self._whole(key))
        return None if found is None else found.bytes

    def list(self, prefix: str, start_after: str = "") -> Iterator[StoredObject]:
        whole = self._prefix + check_prefix(prefix)
        after = self._prefix + start_after if start_after else ""
        return self._each_reported("list", prefix or "/", self._relative(self._bucket.list(whole, after)))

    def folders(self, prefix: str) -> Iterator[str]:
        whole = self._prefix + check_folder_prefix(prefix)
        with self._errors_reported("list", prefix or "/"):
            return iter(sorted(filter(is_segment, self._bucket.folders(whole))))

    def delete(self, keys: Iterable[str]) -> None:
        rest = iter(keys)
        while batch := list(islice(rest, self._bucket.max_deleted_keys)):
            whole = [self._whole(key) for key in batch]
            with self._errors_reported("delete", _summary(batch)):
                self._bucket.delete(whole)

    def location(self, key: str) -> str:
        return self._bucket.url(self._whole(key))

    def signed_location(self, key: str, seconds: int) -> str:
        with self._errors_reported("sign an address of", key):
            return self._bucket.signed_url(self._whole(key), seconds)

    def _whole(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _get(self, action: str, key: str) -> bytes | None:
        whole = self._whole(key)
        with self._errors_reported(action, key):
            return self._bucket.get(whole)

    def _relative(self, objects: Iterator[StoredObject]) -> Iterator[StoredObject]:
        skip = len(self._prefix)
        for found in objects:
            if is_key(key := found.key[skip:]):
                yield StoredObject(key, found.bytes, found.modified_at_us)

    @contextmanager
    def _streaming(self, key: str, whole: str) -> Iterator[ObjectWriter]:
        with self._errors_reported("write", key):
            self._spool_folder.mkdir(parents=True, exist_ok=True)
            temp_file = self._temp_files.create()
        writer = TempFileWriter(temp_file, key, lambda: self._upload(temp_file, key, whole))
        try:
            yield writer
            writer.finish()
        finally:
            writer.abort()

    def _upload(self, temp_file: TempFile, key: str, whole: str) -> None:
        with self._errors_reported("write", key):
            try:
                self._bucket.upload(whole, temp_file.path)
            except BaseException:
                with suppress(*self._bucket.failures, OSError):
                    self._bucket.delete([whole])  # the upload may have succeeded; no other writer uses this key
                raise

    @contextmanager
    def _errors_reported(self, action: str, key: str) -> Iterator[None]:
        try:
            yield
        except Replaced as error:
            raise StoreUnavailable(action, key, "the object was replaced while it was being read") from error
        except self._bucket.failures as error:
            # The SDK's error may contain signed addresses, so it must not become the cause.
            raise StoreUnavailable(action, key, self._bucket.reason(error)) from None
        except OSError as error:
            raise StoreUnavailable(action, key, error.strerror or str(error)) from error

    def _each_reported(self, action: str, key: str, items: Iterator[_Item]) -> Iterator[_Item]:
        with self._errors_reported(action, key):
            yield from items


def _summary(keys: Sequence[str]) -> str:
    return keys[0] if len(keys) == 1 else f"{keys[0]} and {len(keys) - 1:,} more"


def _fingerprint(info: ObjectInfo) -> str:
    return f"{info.tag}-{info.bytes}"
