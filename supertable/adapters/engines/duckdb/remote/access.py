"""How DuckDB reads an object store itself."""

from __future__ import annotations

from typing import Protocol

import duckdb

from supertable.application.ports.engines.file_sources import DirectReads
from supertable.application.ports.engines.running_queries import Stopped


class RemoteAccess(Protocol):
    def attach(self, database: duckdb.DuckDBPyConnection) -> str:
        """Lets the database, before it is locked, read the store. Returns the URL, ending with a slash, under which it
        may read. Raises `MissingExtra`, and `StoreUnavailable` if the store cannot sign addresses.
        """

    def begin(self, stopped: Stopped) -> DirectReads:
        """Begins the reads of one query, in any database that this was attached to."""
