"""Deletion vectors: which rows of a data file are dead. All vectors of one commit are stored in one object.

The object is a sealed Arrow stream of (file, bitmap); bit i of a bitmap, most significant first, is row i. A few dead
rows have no object: their positions are in the commit record, beside those of the file's last object, if it has one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from supertable.application.ports.clocks import Identifiers
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.positions import Positions, distinct
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.domain.errors import ObjectDamaged, ObjectMissing
from supertable.domain.storage_layout import deletes_path, file_key
from supertable.domain.table.data_files import DataFile, DeletionVector

_SCHEMA = pa.schema([pa.field("file", pa.string(), nullable=False), pa.field("bitmap", pa.binary(), nullable=False)])
_CACHE_BYTES = 32 * 1024 * 1024
_MOST_IN_RECORD = 128
"""Positions of one file in commit records. More become an object, so that snapshots stay small."""


@dataclass(frozen=True, slots=True)
class DeadRowsOfFile:
    """The rows to mark dead in one file. `file`: as the snapshot has it. `positions`: row numbers, from 0."""

    file: DataFile
    positions: Positions


@dataclass(frozen=True, slots=True)
class _Counted:
    """A bitmap, whose `rows` are counted once, and not at each use."""

    bitmap: bytes
    rows: int


class DeletionVectors:
    """Writes and reads deletion vectors. They are immutable; recently used ones are cached. Thread-safe.

    `inline_rows`: so many dead rows of one commit become positions in its record, not an object.
    """

    def __init__(self, store: ObjectStore, identifiers: Identifiers, inline_rows: int = 0) -> None:
        self._store = store
        self._identifiers = identifiers
        self._inline_rows = inline_rows
        self._cache: OrderedDict[str, dict[str, _Counted]] = OrderedDict()
        self._cached_bytes = 0
        self._lock = threading.Lock()

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        """The dead rows of `file`, exactly as committed. Raises `ObjectMissing` and `ObjectDamaged`."""
        vector = file.deletes
        if vector is None:
            return bytes(_bitmap_bytes(file.rows))
        found = self._stored_bitmap(folder, file) if vector.stored else _Counted(bytes(_bitmap_bytes(file.rows)), 0)
        if vector.positions:
            found = _with_positions(found.bitmap, np.array(vector.positions), file.key(folder), file.rows)
        if found.rows != vector.rows:
            key = vector.key(folder) if vector.stored else file.key(folder)
            raise ObjectDamaged(key, "it has another number of dead rows than the commit recorded")
        return found.bitmap

    def extended(self, folder: str, marked: Mapping[str, DeadRowsOfFile]) -> dict[str, DeletionVector]:
        """Write new vectors, with more rows marked dead, and return them by path of the data file.

        Positions that are dead already are ignored. Nothing is written if `marked` is empty, or has so few rows that
        the commit's record takes them.
        """
        if not marked:
            return {}
        few = self._in_record(folder, marked)
        if few is not None:
            return few
        bitmaps = {path: _counted(self.with_positions(folder, mark)) for path, mark in marked.items()}
        path = deletes_path(self._identifiers.new())
        key = file_key(folder, path)
        body = _encoded(bitmaps)
        data = sealed(key, body)
        digest = data[: data.index(b"\n")].decode()
        with self._store.open_writer(key) as target:
            target.write(data)
        self._cache_vectors(key, bitmaps)
        return {name: DeletionVector(path, found.rows, digest) for name, found in bitmaps.items()}

    def _in_record(self, folder: str, marked: Mapping[str, DeadRowsOfFile]) -> dict[str, DeletionVector] | None:
        """The vectors with their new dead rows as positions; None: these are too many."""
        if sum(len(mark.positions) for mark in marked.values()) > self._inline_rows:
            return None
        vectors = {path: self._with_more_positions(folder, mark) for path, mark in marked.items()}
        return None if any(len(vector.positions) > _MOST_IN_RECORD for vector in vectors.values()) else vectors

    def _with_more_positions(self, folder: str, mark: DeadRowsOfFile) -> DeletionVector:
        vector = mark.file.deletes or DeletionVector("", 0, "")
        new = distinct(mark.positions)
        if mark.file.deletes:
            dead = np.frombuffer(self.bitmap(folder, mark.file), dtype=np.uint8)
            new = new[dead[new >> 3] >> (7 - (new & 7)).astype(np.uint8) & 1 == 0]
        positions = tuple(sorted((*vector.positions, *new.tolist())))
        return replace(vector, rows=vector.rows + len(new), positions=positions)

    def with_positions(self, folder: str, mark: DeadRowsOfFile) -> bytes:
        """The file's bitmap with these rows dead too. Nothing is written."""
        present = np.frombuffer(self.bitmap(folder, mark.file), dtype=np.uint8)
        dead = np.unpackbits(present)
        dead[mark.positions] = 1
        return np.packbits(dead).tobytes()

    def _stored_bitmap(self, folder: str, file: DataFile) -> _Counted:
        vector = file.deletes
        assert vector is not None
        key = vector.key(folder)
        found = self._vectors(key, vector.digest).get(file.path)
        if found is None:
            raise ObjectDamaged(key, "it lacks the vector of a file that refers to it")
        stored = vector.rows - len(vector.positions)
        if len(found.bitmap) != _bitmap_bytes(file.rows) or found.rows != stored:
            raise ObjectDamaged(key, "a vector in it has another number of rows than the commit recorded")
        return found

    def _vectors(self, key: str, digest: str) -> dict[str, _Counted]:
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

    def _cache_vectors(self, key: str, vectors: dict[str, _Counted]) -> None:
        with self._lock:
            if key in self._cache:
                return
            self._cache[key] = vectors
            self._cached_bytes += _size(vectors)
            while self._cached_bytes > _CACHE_BYTES and len(self._cache) > 1:
                _, dropped = self._cache.popitem(last=False)
                self._cached_bytes -= _size(dropped)


def _size(vectors: Mapping[str, _Counted]) -> int:
    return sum(len(found.bitmap) for found in vectors.values())


def _counted(bitmap: bytes) -> _Counted:
    return _Counted(bitmap, int.from_bytes(bitmap).bit_count())


def _with_positions(bitmap: bytes, positions: Positions, key: str, rows: int) -> _Counted:
    if positions.min() < 0 or positions.max() >= rows:
        raise ObjectDamaged(key, "the commit recorded dead rows that it does not have")
    bits = np.frombuffer(bitmap, dtype=np.uint8).copy()
    np.bitwise_or.at(bits, positions >> 3, (0x80 >> (positions & 7)).astype(np.uint8))
    return _counted(bits.tobytes())


def _bitmap_bytes(rows: int) -> int:
    return (rows + 7) // 8


def _encoded(bitmaps: Mapping[str, _Counted]) -> bytes:
    table = pa.table([list(bitmaps), [found.bitmap for found in bitmaps.values()]], schema=_SCHEMA)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _SCHEMA, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _decoded(key: str, body: bytes) -> dict[str, _Counted]:
    try:
        with pa.ipc.open_stream(body) as reader:
            table = reader.read_all()
        bitmaps = map(_counted, table.column("bitmap").to_pylist())
        return dict(zip(table.column("file").to_pylist(), bitmaps, strict=True))
    except (pa.ArrowInvalid, KeyError, OSError, TypeError) as error:
        raise ObjectDamaged(key, f"it is not a valid set of deletion vectors ({error})") from error
