"""The systems that are compared, behind one small interface. Every write is durable when it returns."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import supertable
from benchmarks.data import SCHEMA

GROUP_BY = "SELECT region, count(*), sum(amount), max(ordered_at) FROM {source} GROUP BY region"
LOOKUP = "SELECT * FROM {source} WHERE id = {id}"
COUNT = "SELECT count(*) FROM {source}"
CHECK = "SELECT count(*), sum(id), min(ordered_at), count(DISTINCT customer), max(amount) FROM {source}"


class System(Protocol):
    name: str

    def append(self, rows: pa.Table) -> None: ...

    def upsert(self, rows: pa.Table) -> None: ...

    def delete(self, ids: np.ndarray) -> None: ...

    def query(self, sql: str) -> list[dict[str, Any]]:
        """`{source}` in the SQL stands for the table."""


class SuperTable:
    name = "SuperTable"

    def __init__(self, folder: Path, keys: bool = True) -> None:
        self._lake = supertable.connect(home=folder)
        self._lake.create_table("orders", SCHEMA, keys=["id"] if keys else [])

    def append(self, rows: pa.Table) -> None:
        self._lake.write("orders", rows)

    def upsert(self, rows: pa.Table) -> None:
        self._lake.write("orders", rows, mode="upsert")

    def delete(self, ids: np.ndarray) -> None:
        self._lake.delete("orders", keys=pa.table({"id": ids}))

    def query(self, sql: str) -> list[dict[str, Any]]:
        return self._lake.sql(sql.format(source="orders")).arrow().to_pylist()


class CleanParquet:
    """A folder of Parquet files and DuckDB: appends add a file, every other change rewrites the one file there is."""

    name = "Parquet + DuckDB"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True)
        self._connection = duckdb.connect()
        self._files = 0

    def append(self, rows: pa.Table) -> None:
        self._files += 1
        path = self._folder / f"{self._files}.parquet"
        with path.open("wb") as file:
            pq.write_table(rows, file)
            file.flush()
            os.fsync(file.fileno())

    def upsert(self, rows: pa.Table) -> None:
        self._connection.register("incoming", rows)
        self._rewrite("SELECT * FROM {source} ANTI JOIN incoming USING (id) UNION ALL SELECT * FROM incoming")

    def delete(self, ids: np.ndarray) -> None:
        self._connection.register("incoming", pa.table({"id": ids}))
        self._rewrite("SELECT * FROM {source} ANTI JOIN incoming USING (id)")

    def query(self, sql: str) -> list[dict[str, Any]]:
        source = f"read_parquet('{self._folder}/*.parquet')"
        return self._connection.execute(sql.format(source=source)).to_arrow_table().to_pylist()

    def _rewrite(self, sql: str) -> None:
        source = f"read_parquet('{self._folder}/*.parquet')"
        draft = self._folder / "draft"
        self._connection.execute(f"COPY ({sql.format(source=source)}) TO '{draft}' (FORMAT parquet)")
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        for path in self._folder.glob("*.parquet"):
            path.unlink()
        draft.rename(self._folder / "1.parquet")
        self._files = 1
