"""Data files and deletion vectors of a store in a local folder, whose files engines open directly."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

import pyarrow as pa

from supertable.application.ports.engines.running_queries import Stopped
from supertable.application.ports.object_stores import ObjectStore, ObjectWriter
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.files.verified_files import VerifiedFiles
from supertable.application.storage.inline_rows import InlineRows
from supertable.domain.errors import QueryCancelled
from supertable.domain.table.data_files import DataFile


class LocalFiles:
    """A `FileSource`. Open files are protected only by the reader's lease: see `ports/leases`."""

    def __init__(self, store: ObjectStore, vectors: DeletionVectors) -> None:
        self._store = store
        self._vectors = vectors
        self._verified = VerifiedFiles(store)
        self._inline = InlineRows()

    def exists(self, key: str) -> bool:
        """See `FileSource.exists`."""
        return self._store.size(key) is not None

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        """See `DeletionVectors.bitmap`."""
        return self._vectors.bitmap(folder, file)

    def inline_rows(self, folder: str, files: Sequence[DataFile]) -> pa.Table:
        """See `InlineRows.table`."""
        return self._inline.table(folder, files)

    def open(self, files: Sequence[tuple[str, DataFile]], stopped: Stopped) -> OpenLocalFiles:
        locations = []
        for folder, file in files:
            if stopped():
                raise QueryCancelled
            key = file.key(folder)
            self._verified.check(key, file)
            locations.append(self._store.location(key))
        return OpenLocalFiles(locations)

    def open_writer(self, key: str) -> AbstractContextManager[ObjectWriter]:
        """Writes a new data file."""
        return self._store.open_writer(key)


class OpenLocalFiles:
    failure = None

    def __init__(self, locations: Sequence[str]) -> None:
        self.locations = locations

    def close(self) -> None:
        """No-op: no resource is held."""
