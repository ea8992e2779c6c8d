"""Reads by ranges through our object store: DuckDB has no credentials, and knows the store's files by numbers only."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from itertools import count
from weakref import WeakValueDictionary

import duckdb

from supertable.application.ports.engines.running_queries import Stopped
from supertable.application.storage.files.ranged_files import RangedFile, RangeReads
from supertable.domain.errors import MissingExtra, SupertableError
from supertable.domain.table.data_files import DataFile

_Open = WeakValueDictionary[str, RangedFile]


class RangeAccess:
    """A `RemoteAccess`. A location is valid only for the query that it was made for, and cannot be guessed. Nor can the
    folder of all locations: else a local folder of this name could be read too.

    `extra`: the optional dependency that has the package fsspec.
    """

    def __init__(self, reads: Callable[[Stopped], RangeReads], extra: str) -> None:
        self._reads = reads
        self._extra = extra
        self._folder = f"stobj://{secrets.token_hex(16)}/"
        self._open: _Open = WeakValueDictionary()

    def attach(self, database: duckdb.DuckDBPyConnection) -> str:
        try:
            from supertable.adapters.engines.duckdb.remote.range_file_system import RangeFileSystem
        except ImportError:
            raise MissingExtra("Reading object storage by DuckDB", self._extra) from None
        database.register_filesystem(RangeFileSystem(self._open))
        return self._folder

    def begin(self, stopped: Stopped) -> QueryLocations:
        return QueryLocations(self._folder, self._open, self._reads, stopped)


class QueryLocations:
    """The `DirectReads` of one query. They end when it is closed or garbage-collected."""

    def __init__(self, folder: str, opened: _Open, reads: Callable[[Stopped], RangeReads], stopped: Stopped) -> None:
        self._open = opened
        closed = threading.Event()  # no reference to `self`, which would be a cycle
        self._closed = closed
        self._reads = reads(lambda: closed.is_set() or stopped())
        self._prefix = f"{folder}{secrets.token_hex(16)}/"
        self._numbers = count()
        self._files: list[RangedFile] = []

    @property
    def failure(self) -> SupertableError | None:
        return self._reads.failure

    def locate(self, key: str, file: DataFile) -> str:
        opened = self._reads.open(key, file)
        location = f"{self._prefix}{next(self._numbers)}.parquet"
        self._files.append(opened)
        self._open[location] = opened
        return location

    def close(self) -> None:
        self._closed.set()
        self._files.clear()
