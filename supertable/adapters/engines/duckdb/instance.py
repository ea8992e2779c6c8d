"""One locked-down DuckDB database in memory, shared by the queries of one engine object."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb

from supertable.adapters.engines.duckdb.types import literal

_START = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


class DuckDBInstance:
    """Opened when first used. Holds no data: a query's tables and variables live and die with its cursor.

    `root` is the one folder (or URL prefix) whose files may be read; None: no file at all. Without `temp_directory`
    nothing spills to disk, and what does not fit into memory fails.
    """

    def __init__(
        self, root: str | None, memory_limit: str | None, threads: int | None, temp_directory: Path | None
    ) -> None:
        self._root = root
        self._memory_limit = memory_limit
        self._threads = threads
        self._temp_directory = temp_directory
        self._lock = threading.Lock()
        self._database: duckdb.DuckDBPyConnection | None = None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own to the database; the caller closes it."""
        with self._lock:
            if self._database is None:
                self._database = self._open()
            return self._database.cursor()

    @property
    def memory_limit(self) -> str:
        """What messages say of the limit."""
        return self._memory_limit or "four fifths of the machine's memory"

    def abandon(self) -> None:
        """After a fatal error, which makes DuckDB refuse all further work: the next cursor is of a new database.

        Queries that still run keep the old one until they end.
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
        for setting in self._settings():
            database.execute(setting)
        return database

    def _settings(self) -> list[str]:
        temporary = str(self._temp_directory) if self._temp_directory else ""
        settings = [
            "SET GLOBAL TimeZone = 'UTC'",
            "SET enable_external_file_cache = false",
            f"SET temp_directory = {literal(temporary)}",
        ]
        if self._memory_limit:
            settings.append(f"SET memory_limit = {literal(self._memory_limit)}")
        if self._threads:
            settings.append(f"SET threads = {int(self._threads)}")
        if self._root:
            settings.append(f"SET allowed_directories = [{literal(self._root)}]")
        return [*settings, "SET enable_external_access = false", "SET lock_configuration = true"]
