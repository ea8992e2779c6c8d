"""A locked-down DuckDB database in memory, which the queries of one engine share."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import duckdb

from supertable.adapters.engines.duckdb.remote.access import RemoteAccess
from supertable.adapters.engines.duckdb.types import literal
from supertable.application.ports.engines.file_sources import DirectReads
from supertable.application.ports.engines.running_queries import Stopped
from supertable.domain.errors import SupertableError

_START = {
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


class DuckDBInstance:
    """A database that opens at its first use. It holds no data: a query's tables and variables belong to its cursor.

    `root`: the only local folder whose files may be read; None: no local files. `remote`: how it reads an object
    store. Without `temp_directory` nothing spills to disk, and queries that do not fit into memory fail. `spill_bytes`:
    how much may spill; None: as much as DuckDB wants. `more_settings`: statements that set what holds here besides.
    """

    def __init__(
        self,
        root: str | None,
        memory_limit: str | None,
        threads: int | None,
        temp_directory: Path | None,
        remote: RemoteAccess | None = None,
        spill_bytes: int | None = None,
        more_settings: Sequence[str] = (),
    ) -> None:
        self._more_settings = more_settings
        self._folders = [root] if root else []
        self._remote = remote
        self._spill_bytes = spill_bytes
        self._remote_error: SupertableError | None = None
        self._memory_limit = memory_limit
        self._threads = threads
        self._temp_directory = temp_directory
        self._lock = threading.Lock()
        self._database: duckdb.DuckDBPyConnection | None = None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A new connection to the database, which the caller closes."""
        with self._lock:
            if self._database is None:
                self._database = self._open()
            return self._database.cursor()

    def begin_reads(self, stopped: Stopped) -> DirectReads:
        """Begins a query's reads of the object store. Raises the error, such as a missing package, if DuckDB cannot
        read it."""
        self.cursor().close()
        error = self._remote_error
        if error is not None:
            self.abandon()  # the next database tries again
            raise error
        assert self._remote is not None
        return self._remote.begin(stopped)

    @property
    def memory_limit(self) -> str:
        """The limit as error messages name it."""
        return self._memory_limit or "four fifths of the machine's memory"

    def abandon(self) -> None:
        """Discards the database after a fatal error, when DuckDB refuses all work. The next cursor opens a new one.

        Running queries keep the old database until they end.
        """
        with self._lock:
            self._database = None

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _open(self) -> duckdb.DuckDBPyConnection:
        database = duckdb.connect(":memory:", config=dict(_START))
        folders = [*self._folders, *self._opened_remote(database)]
        for setting in self._settings(folders):
            database.execute(setting)
        return database

    def _opened_remote(self, database: duckdb.DuckDBPyConnection) -> list[str]:
        """The folder of the object store; empty if DuckDB cannot read it, since local copies still can be read."""
        remote = self._remote
        if remote is None:
            return []
        try:
            folder = remote.attach(database)
        except SupertableError as error:
            self._remote_error = error
            return []
        self._remote_error = None
        return [folder]

    def _settings(self, folders: list[str]) -> list[str]:
        temporary = str(self._temp_directory) if self._temp_directory else ""
        settings = [
            "SET GLOBAL TimeZone = 'UTC'",
            "SET GLOBAL error_on_division_by_zero = false",
            "SET GLOBAL lambda_syntax = 'ENABLE_SINGLE_ARROW'",
            "SET enable_external_file_cache = false",
            f"SET temp_directory = {literal(temporary)}",
            *self._more_settings,
        ]
        if self._memory_limit:
            settings.append(f"SET memory_limit = {literal(self._memory_limit)}")
        if self._spill_bytes is not None:
            settings.append(f"SET max_temp_directory_size = '{self._spill_bytes // 2**20}MiB'")
        if self._threads:
            settings.append(f"SET threads = {int(self._threads)}")
        if folders:
            settings.append(f"SET allowed_directories = [{', '.join(map(literal, folders))}]")
        return [*settings, "SET enable_external_access = false", "SET lock_configuration = true"]
