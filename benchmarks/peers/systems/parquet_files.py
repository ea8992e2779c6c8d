"""A folder of Parquet files read by DuckDB, without a catalog: the lower bound of the cost of any system."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peers.systems import Query, System


class ParquetFiles(System):
    """An append adds a file. Any other change rewrites everything as one file. Readers can see unfinished writes."""

    name = "Parquet + DuckDB"
    durability = "each Parquet file, with fsync; not its folder"

    def __init__(self, folder: Path, keyed: bool) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True)
        self._connection = duckdb.connect()
        self._files = 0

    def append(self, rows: pa.Table) -> None:
        self._files += 1
        with (self._folder / f"{self._files}.parquet").open("wb") as file:
            pq.write_table(rows, file)
            file.flush()
            os.fsync(file.fileno())

    def upsert(self, rows: pa.Table) -> None:
        self._connection.register("incoming", rows)
        self._rewrite(f"FROM {self._source} ANTI JOIN incoming USING (id) UNION ALL FROM incoming")

    def delete(self, ids: np.ndarray) -> None:
        self._connection.register("incoming", pa.table({"id": ids}))
        self._rewrite(f"FROM {self._source} ANTI JOIN incoming USING (id)")

    def query(self, query: Query) -> pa.Table:
        return self._connection.sql(query.sql(self._source)).to_arrow_table()

    def prepare_reads(self) -> None:
        """Write one clean file in the order of the ids, which is the fastest to read."""
        self._rewrite(f"FROM {self._source} ORDER BY id")

    def close(self) -> None:
        self._connection.close()

    @property
    def _source(self) -> str:
        return f"read_parquet('{self._folder}/*.parquet')"

    def _rewrite(self, sql: str) -> None:
        draft = self._folder / "draft"
        self._connection.execute(f"COPY ({sql}) TO '{draft}' (FORMAT parquet)")
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        for path in self._folder.glob("*.parquet"):
            path.unlink()
        draft.rename(self._folder / "1.parquet")
        self._files = 1
