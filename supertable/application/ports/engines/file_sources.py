"""How engines open data files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import pyarrow as pa

from supertable.application.ports.engines.running_queries import Stopped
from supertable.domain.errors import SupertableError
from supertable.domain.table.data_files import DataFile


class OpenFiles(Protocol):
    """Data files that are readable until `close`. `locations` are absolute paths and URLs, in the order requested."""

    @property
    def locations(self) -> Sequence[str]: ...

    @property
    def failure(self) -> SupertableError | None:
        """The first error of a read of these files that the engine made through us; None: there was none."""

    def close(self) -> None:
        """No-op the second time."""


class DirectReads(Protocol):
    """The reads that an engine makes from the object store itself, for one query."""

    @property
    def failure(self) -> SupertableError | None:
        """See `OpenFiles.failure`."""

    def locate(self, key: str, file: DataFile) -> str:
        """The location by which the engine reads the object until `close`. Thread-safe.

        Raises `Damaged` if it is missing or has another size, `StoreUnavailable` and `QueryCancelled`.
        """

    def close(self) -> None:
        """Ends all reads, soon. No-op the second time."""


BeginReads = Callable[[Stopped], DirectReads]
"""Begins the direct reads of a query. Raises an error, such as `MissingExtra`, if the engine cannot read the store."""


class FileSource(Protocol):
    """Access to verified data files, rows and deletion vectors, for engines."""

    def open(self, files: Sequence[tuple[str, DataFile]], stopped: Stopped) -> OpenFiles:
        """Open files given as (folder of the table, file); duplicates are allowed.

        Raises `Damaged` if one is missing or is not what was written, `StoreUnavailable`, and `QueryCancelled` soon
        after `stopped()` becomes true.
        """

    def exists(self, key: str) -> bool:
        """Whether storage has the object, whatever happened to files on this machine. Raises `StoreUnavailable`."""

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        """The dead rows of `file`, one bit a row: bit i, most significant bit first, is row i. Raises `Damaged`."""

    def inline_rows(self, folder: str, files: Sequence[DataFile]) -> pa.Table:
        """The rows of files without objects, which were written under one schema, file by file, dead ones included.

        The columns are named by field id: see `application.storage.inline_rows`. Raises `Damaged`.
        """
