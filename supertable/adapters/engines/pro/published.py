"""Statements over generations that another process made, which are files that never change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb import DuckDBEngine, DuckDBInstance
from supertable.adapters.engines.duckdb.running_query import DuckDBQuery, Steps, streamed
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.types import literal
from supertable.adapters.engines.pro.generations.islands import SETTINGS
from supertable.adapters.engines.pro.options import ProOptions
from supertable.adapters.engines.pro.pro_query import island_errors
from supertable.application.ports.engines.running_queries import Limits, RunningQuery, Stopped
from supertable.application.ports.engines.sources import Source


@dataclass(frozen=True, slots=True)
class Published:
    """What a statement reads: the databases `names` in `folder`, by the SQL of each relation's subquery.

    `governed`: the role sees a part of what is read. `columns`: those that the caller sees.
    """

    folder: Path
    names: tuple[str, ...]
    sources: Mapping[int, str]
    governed: bool
    columns: tuple[str, ...]


class PublishedGenerations:
    """An instance for the last folder, which can open no other file, and has the databases of the last statement.

    There is only one, since the threads of each take some of the memory that its process may have. One thread uses it
    at a time.
    """

    def __init__(self, lite: DuckDBEngine, options: ProOptions) -> None:
        """`lite` runs what cannot be read from these files."""
        self._lite = lite
        self._options = options
        self._folder: Path | None = None
        self._instance: DuckDBInstance | None = None
        self._attached: set[str] = set()

    def run(
        self,
        published: Published,
        statement: DuckDBStatement,
        scans: Mapping[int, Source],
        parameters: Sequence[Any] | Mapping[str, Any],
        limits: Limits,
    ) -> DuckDBQuery:
        """The statement over the published databases; over `scans` where they are gone, or where it has an error, which
        Lite knows better how to tell."""
        instance = self._of_folder(published.folder)
        held = ExitStack()
        running: list[RunningQuery] = []

        def begin(cursor: duckdb.DuckDBPyConnection, _: Stopped) -> pa.RecordBatchReader:
            with suppress(duckdb.BinderException, duckdb.CatalogException, duckdb.IOException):
                self._attach(cursor, published)
                return streamed(cursor, statement.sql(published.sources), parameters)
            query = self._lite.run(statement, scans, parameters, limits)
            running.append(query)
            held.callback(query.close)
            return query.reader

        def interrupt() -> None:
            for query in running:
                query.cancel()

        errors = island_errors(instance, instance.abandon, statement.names, published.governed, published.columns)
        return DuckDBQuery(instance.cursor(), Steps(begin, interrupt, held.close), errors, limits)

    def _attach(self, cursor: duckdb.DuckDBPyConnection, published: Published) -> None:
        for name in self._attached - set(published.names):
            cursor.execute(f"DETACH DATABASE IF EXISTS {name}")
            self._attached.discard(name)
        for name in set(published.names) - self._attached:
            file = literal(str(published.folder / f"{name}.duckdb"))
            cursor.execute(f"ATTACH {file} AS {name} (READ_ONLY)")
            self._attached.add(name)

    def _of_folder(self, folder: Path) -> DuckDBInstance:
        if self._instance is not None and folder == self._folder:
            return self._instance
        if self._instance is not None:
            self._instance.close()
        options = self._options
        self._folder, self._attached = folder, set()
        self._instance = DuckDBInstance(
            root=str(folder),
            memory_limit=options.memory_limit,
            threads=options.threads,
            temp_directory=options.temp_directory,
            more_settings=SETTINGS,
        )
        return self._instance
