"""One table, from Python."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from supertable.application.arrow_schemas import arrow_schema
from supertable.application.results import ColumnInfo, HistoryEntry, TableInfo, WriteResult
from supertable.application.tables import OpenTable, Place
from supertable.config.container import Container
from supertable.domain.commits import CommitInfo


class Table:
    """A name, not a copy: every method looks at the newest version."""

    def __init__(self, container: Container, place: Place, name: str) -> None:
        self._container = container
        self._place = place
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def schema(self) -> pa.Schema:
        """The columns; field ids and comments are in the fields' metadata."""
        return arrow_schema(self._open().snapshot.schema)

    def info(self) -> TableInfo:
        return TableInfo.of(self._open())

    def columns(self) -> list[ColumnInfo]:
        return ColumnInfo.of(self._open())

    def history(self, limit: int = 100) -> list[HistoryEntry]:
        """The newest `limit` commits, newest first."""
        table = self._open()
        return [
            HistoryEntry.of(commit) for commit in self._container.tables().commits(table, table.snapshot.version, limit)
        ]

    def restore(self, version: int, properties: Mapping[str, str] | None = None) -> WriteResult:
        """A new version with the rows and columns of an older one. Raises `VersionNotFound`."""
        return self._container.restore_version()(self._place, self._name, version, CommitInfo(dict(properties or {})))

    def _open(self) -> OpenTable:
        return self._container.tables().open(self._place, self._name)

    def __repr__(self) -> str:
        info = self.info()
        return f"<Table {info.name}: {info.rows:,} rows at version {info.version}>"
