"""DuckLake: DuckDB over Parquet files, with its catalog in a DuckDB file beside them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import duckdb_extension_ducklake
import numpy as np
import pyarrow as pa

from benchmarks.peers.systems import Query, System

_EXTENSION = next(Path(duckdb_extension_ducklake.__path__[0]).rglob("ducklake.duckdb_extension"))
_CONFIG = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


class DuckLake(System):
    name = "DuckLake"
    durability = "its catalog's write-ahead log, with fsync; no Parquet file"

    def __init__(self, folder: Path, keyed: bool) -> None:
        folder.mkdir(parents=True)
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

    def delete(self, ids: np.ndarray) -> None:
        self._connection.register("incoming", pa.table({"id": ids}))
        self._connection.execute("DELETE FROM orders WHERE id IN (SELECT id FROM incoming)")

    def query(self, query: Query) -> pa.Table:
        return self._connection.execute(query.sql("orders")).to_arrow_table()

    def close(self) -> None:
        self._connection.close()
