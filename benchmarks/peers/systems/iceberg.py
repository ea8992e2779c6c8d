"""pyiceberg: Iceberg with a SQLite catalog. It reads rows as Arrow; DuckDB aggregates them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import AlwaysTrue, In

from benchmarks.data import SCHEMA
from benchmarks.peers.systems import Query, System


class PyIceberg(System):
    name = "pyiceberg"
    durability = "its SQLite catalog, with fdatasync; no data, manifest or metadata file"
    runs_all_upserts = False  # an upsert of 10,000 into 1,000,000 takes seconds, and each one takes longer

    def __init__(self, folder: Path, keyed: bool) -> None:
        folder.mkdir(parents=True)
        self._catalog = SqlCatalog("bench", uri=f"sqlite:///{folder}/catalog.sqlite", warehouse=f"file://{folder}")
        self._catalog.create_namespace("bench")
        self._table = self._catalog.create_table("bench.orders", SCHEMA)
        self._connection = duckdb.connect()

    def append(self, rows: pa.Table) -> None:
        self._table.append(rows)

    def upsert(self, rows: pa.Table) -> None:
        self._table.upsert(rows, join_cols=["id"])

    def delete(self, ids: np.ndarray) -> None:
        self._table.delete(In("id", ids.tolist()))

    def query(self, query: Query) -> pa.Table:
        self._table.refresh()
        scan = self._table.scan(query.where or AlwaysTrue(), query.columns or ("*",))
        if query.select == "count(*)":
            return pa.table({"count": [scan.count()]})
        rows = scan.to_arrow()
        if query.select == "*":
            return rows
        return self._connection.sql(query.sql("rows")).to_arrow_table()

    def replace(self, rows: pa.Table) -> None:
        self._table.overwrite(rows)

    def close(self) -> None:
        self._connection.close()
        self._catalog.close()
