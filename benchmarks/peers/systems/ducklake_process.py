"""The process that runs DuckLake on the DuckDB for which its extension can be installed from a package.

It needs DuckDB, its extension and Arrow alone, and answers the calls of `ducklake.DuckLake` one after the other.
"""

from __future__ import annotations

import statistics
import sys
import time
from multiprocessing.connection import Client, Connection
from pathlib import Path

import duckdb
import duckdb_extension_ducklake
import pyarrow as pa

_EXTENSION = next(Path(duckdb_extension_ducklake.__path__[0]).rglob("ducklake.duckdb_extension"))
_CONFIG = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


class Tables:
    """Tables in a DuckLake, first of all one of orders. The methods are what the other process calls."""

    def __init__(self, folder: Path, inlined_rows: int) -> None:
        """`inlined_rows`: writes of up to so many rows stay in the catalog; 0: as it is by default."""
        self._connection = duckdb.connect(config=dict(_CONFIG))
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute(f"LOAD '{_EXTENSION}'")
        inlining = f", DATA_INLINING_ROW_LIMIT {inlined_rows}" if inlined_rows else ""
        options = f"DATA_PATH '{folder}/data'{inlining}"
        self._connection.execute(f"ATTACH 'ducklake:{folder}/catalog.ducklake' AS lake ({options})")
        self._connection.execute("USE lake")

    def create_orders(self, _: None) -> None:
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

    def upsert_into(self, given: tuple[str, pa.Table, list[str]]) -> None:
        """Table, rows and keys."""
        table, rows, keys = given
        self._connection.register("incoming", rows)
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {table} AS FROM incoming LIMIT 0")
        if keys:
            matched = "WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT"
            self._connection.execute(f"MERGE INTO {table} USING incoming USING ({', '.join(keys)}) {matched}")
        else:
            self._connection.execute(f"INSERT INTO {table} FROM incoming")

    def one_by_one(self, seconds: float) -> dict[str, float]:
        """Commit single rows for so long."""
        self.create_orders(None)
        insert = "INSERT INTO orders VALUES (?, 'customer', 'north', 1.5, TIMESTAMP '2026-01-01')"
        for number in range(20):
            self._connection.execute(insert, [number])
        taken: list[float] = []
        used = time.process_time()
        end = (last := time.perf_counter()) + seconds
        while last < end:
            self._connection.execute(insert, [len(taken)])
            now = time.perf_counter()
            taken.append((now - last) * 1000)
            last = now
        return {
            "commits": len(taken),
            "per_second": len(taken) / (sum(taken) / 1000),
            "median_ms": statistics.median(taken),
            "p95_ms": sorted(taken)[int(len(taken) * 0.95)],
            "cpu_ms": (time.process_time() - used) * 1000 / len(taken),
        }

    def query(self, sql: str) -> pa.Table:
        return self._connection.execute(sql).to_arrow_table()


def serve(caller: Connection, tables: Tables) -> None:
    """Answer calls, as (method, argument), until the caller is gone."""
    while True:
        try:
            method, argument = caller.recv()
        except EOFError:
            return
        try:
            caller.send((None, getattr(tables, method)(argument)))
        except duckdb.Error as error:
            caller.send((str(error), None))


if __name__ == "__main__":
    serve(Client(sys.argv[1]), Tables(Path(sys.argv[2]), int(sys.argv[3])))
