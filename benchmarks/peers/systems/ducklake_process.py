"""The process that runs DuckLake on the DuckDB for which its extension can be installed from a package.

It needs DuckDB, its extension and Arrow alone, and answers the calls of `ducklake.DuckLake` one after the other.
"""

from __future__ import annotations

import sys
from multiprocessing.connection import Client, Connection
from pathlib import Path

import duckdb
import duckdb_extension_ducklake
import pyarrow as pa

_EXTENSION = next(Path(duckdb_extension_ducklake.__path__[0]).rglob("ducklake.duckdb_extension"))
_CONFIG = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


class Table:
    """A table of orders in a DuckLake. Its methods are what the other process calls."""

    def __init__(self, folder: Path) -> None:
        self._connection = duckdb.connect(config=dict(_CONFIG))
        self._connection.execute(f"LOAD '{_EXTENSION}'")
        self._connection.execute(f"ATTACH 'ducklake:{folder}/catalog.ducklake' AS lake (DATA_PATH '{folder}/data')")
        self._connection.execute("USE lake")
        self._connection.execute(
            "CREATE TABLE orders (id BIGINT, customer VARCHAR, region VARCHAR, amount DOUBLE, ordered_at TIMESTAMP)"
        )

    def append(self, rows: pa.Table) -> None:
        self._connection.register("incoming", rows)
        self._connection.execute("INSERT INTO orders FROM incoming")

    def upsert(self, rows: pa.Table) -> None:
        """Upsert by MERGE, which measured a little faster than a DELETE and an INSERT in one transaction."""
        self._connection.register("incoming", rows)
        self._connection.execute(
            "MERGE INTO orders USING incoming USING (id) WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT"
        )

    def delete(self, ids: pa.Table) -> None:
        self._connection.register("incoming", ids)
        self._connection.execute("DELETE FROM orders WHERE id IN (SELECT id FROM incoming)")

    def query(self, sql: str) -> pa.Table:
        return self._connection.execute(sql).to_arrow_table()


def serve(caller: Connection, table: Table) -> None:
    """Answer calls, as (method, argument), until the caller is gone."""
    while True:
        try:
            method, argument = caller.recv()
        except EOFError:
            return
        try:
            caller.send((None, getattr(table, method)(argument)))
        except duckdb.Error as error:
            caller.send((str(error), None))


if __name__ == "__main__":
    serve(Client(sys.argv[1]), Table(Path(sys.argv[2])))
