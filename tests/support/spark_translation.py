"""Statements translated for Spark, and run on it without a lake."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa
from pyhive import hive

from supertable.adapters.engines.duckdb.statement.parser import parsed
from supertable.adapters.engines.spark.translation.binding import Binder, SparkView
from supertable.adapters.engines.spark.translation.results import wire_type
from supertable.adapters.engines.spark.translation.translator import SETTINGS, SparkQuery, translated

Columns = tuple[tuple[str, str], ...]


class Translating:
    """`views`: the columns of each table that statements may read, with DuckDB's types. Its view is `view_<number>`."""

    def __init__(self, views: dict[str, Columns]) -> None:
        self._views = views
        self._database = duckdb.connect()
        self._database.execute("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'")
        self._binder = Binder()

    def __call__(self, sql: str, parameters: Any = ()) -> SparkQuery:
        statement = parsed(self._database.cursor(), sql, lambda *_: ("", None))
        views = {
            relation.id: SparkView(f"view_{relation.id}", self._views[relation.parts[-1]])
            for relation in statement.relations
        }
        return translated(self._binder, statement, views, parameters)

    def close(self) -> None:
        self._binder.close()
        self._database.close()


class SparkSession:
    """A session with the settings that translations need."""

    def __init__(self, port: int) -> None:
        self._connection = hive.connect("127.0.0.1", port=port, auth="NONE", username="test")
        self._cursor = self._connection.cursor()
        for name, value in SETTINGS.items():
            self._cursor.execute(f"SET {name}={value}")

    def run(self, query: SparkQuery) -> pa.Table:
        """Raises `pyhive.exc.OperationalError`."""
        self._cursor.execute(query.sql)
        rows = self._cursor.fetchall()
        columns = [pa.array([row[i] for row in rows], wire_type(kind)) for i, kind in enumerate(query.kinds)]
        return pa.Table.from_batches([query.batch(columns)], query.schema)

    def close(self) -> None:
        self._connection.close()
