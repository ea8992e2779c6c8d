"""SuperTable through its Python API, with default settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

import supertable
from benchmarks.data import SCHEMA
from benchmarks.peers.systems import Query, System


class SuperTable(System):
    name = "SuperTable"
    durability = "every file it writes and the folder that holds it, with fsync"

    def __init__(self, folder: Path, keyed: bool) -> None:
        self._lake = supertable.connect(home=folder)
        self._lake.create_table("orders", SCHEMA, keys=["id"] if keyed else [])

    def append(self, rows: pa.Table) -> None:
        self._lake.write("orders", rows)

    def upsert(self, rows: pa.Table) -> None:
        self._lake.write("orders", rows, mode="upsert")

    def delete(self, ids: np.ndarray) -> None:
        self._lake.delete("orders", keys=pa.table({"id": ids}))

    def query(self, query: Query) -> pa.Table:
        return self._lake.sql(query.sql("orders")).arrow()

    def close(self) -> None:
        self._lake.close()
