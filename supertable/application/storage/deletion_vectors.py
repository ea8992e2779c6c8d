"""Deletion vectors: which rows of a data file are dead. All vectors of one commit are stored in one object.

The object is a sealed Arrow stream of (file, bitmap); bit i of a bitmap, most significant first, is row i.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from supertable.application.ports.clocks import Identifiers
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.domain.errors import ObjectDamaged, ObjectMissing
from supertable.domain.storage_layout import deletes_path, file_key
from supertable.domain.table.data_files import DataFile, DeletionVector

_SCHEMA = pa.schema([pa.field("file", pa.string(), nullable=False), pa.field("bitmap", pa.binary(), nullable=False)])
_CACHE_BYTES = 32 * 1024 * 1024

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DeadRowsOfFile:
    """The rows to mark dead in one file. `file`: as the snapshot has it. `positions`: row numbers, from 0."""

    file: DataFile
    positions: Positions


class DeletionVectors:
    """Writes and reads deletion vectors. They are immutable; recently used ones are cached. Thread-safe."""

    def __init__(self, store: ObjectStore, identifiers: Identifiers) -> None:
        self._store = store
        self._identifiers = identifiers
        self._cache: OrderedDict[str, dict[str, bytes]] = OrderedDict()
        self._cached_bytes = 0
        self._lock = threading.Lock()

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        """The dead rows of `file`, exactly as committed. Raises `ObjectMissing` and `ObjectDamaged`."""
        vector = file.deletes
        if vector is None:
            return bytes(_bitmap_bytes(file.rows))
        key = vector.key(folder)
        bitmap = self._vectors(key, vector.digest).get(file.path)
        if bitmap is None:
            raise ObjectDamaged(key, "it lacks the vector of a file that refers to it")
        if len(bitmap) != _bitmap_bytes(file.rows) or int.from_bytes(bitmap).bit_count() != vector.rows:
            raise ObjectDamaged(key, "a vector in it has another number of rows than the commit recorded")
        return bitmap

    def extended(self, folder: str, marked: Mapping[str, DeadRowsOfFile]) -> dict[str, DeletionVector]:
        """Write new vectors, with more rows marked dead, and return them by path of the data file.

        Positions that are dead already are ignored. Nothing is written if `marked` is empty.
        """
        if not marked:
            return {}
        bitmaps = {path: self.with_positions(folder, mark) for path, mark in marked.items()}
        path = deletes_path(self._identifiers.new())
        key = file_key(folder, path)
        body = _encoded(bitmaps)
        data = sealed(key, body)
        digest = data[: data.index(b"\n")].decode()
        with self._store.open_writer(key) as target:
            target.write(data)
        self._cache_vectors(key, bitmaps)
        return {
            name: DeletionVector(path, int.from_bytes(bitmap).bit_count(), digest) for name, bitmap in bitmaps.items()
        }

    def with_positions(self, folder: str, mark: DeadRowsOfFile) -> bytes:
        """The file's bitmap with these rows dead too. Nothing is written."""
        present = np.frombuffer(self.bitmap(folder, mark.file), dtype=np.uint8)
        dead = np.unpackbits(present)
        dead[mark.positions] = 1
        return np.packbits(dead).tobytes()

    def _vectors(self, key: str, digest: str) -> dict[str, bytes]:
        with self._lock:
            cached = self._cache.get(key)
            if cached is not None:
                self._cache.move_to_end(key)
                return cached
        data = self._store.read(key)
        if data is None:
            raise ObjectMissing(key)
        if data[: len(digest)] != digest.encode():
            raise ObjectDamaged(key, "its digest is not the one that the commit recorded")
        vectors = _decoded(key, opened(key, data))
        self._cache_vectors(key, vectors)
        return vectors

    def _cache_vectors(self, key: str, vectors: dict[str, bytes]) -> None:
        with self._lock:
            if key in self._cache:
                return
            self._cache[key] = vectors
            self._cached_bytes += _size(vectors)
            while self._cached_bytes > _CACHE_BYTES and len(self._cache) > 1:
                _, dropped = self._cache.popitem(last=False)
                self._cached_bytes -= _size(dropped)


def _size(vectors: Mapping[str, bytes]) -> int:
    return sum(len(bitmap) for bitmap in vectors.values())


def _bitmap_bytes(rows: int) -> int:
    return (rows + 7) // 8


def _encoded(bitmaps: Mapping[str, bytes]) -> bytes:
    table = pa.table([list(bitmaps), list(bitmaps.values())], schema=_SCHEMA)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _SCHEMA, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _decoded(key: str, body: bytes) -> dict[str, bytes]:
    try:
        with pa.ipc.open_stream(body) as reader:
            table = reader.read_all()
        return dict(zip(table.column("file").to_pylist(), table.column("bitmap").to_pylist(), strict=True))
    except (pa.ArrowInvalid, KeyError, OSError) as error:
        raise ObjectDamaged(key, f"it is not a valid set of deletion vectors ({error})") from error
