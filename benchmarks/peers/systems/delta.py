"""delta-rs: Delta Lake without Spark, read through its own SQL engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake

from benchmarks.data import SCHEMA
from benchmarks.peers.systems import Query, System


class DeltaRs(System):
    name = "delta-rs"
    durability = "nothing: no fsync"

    def __init__(self, folder: Path, keyed: bool) -> None:
        self._table = DeltaTable.create(str(folder), SCHEMA)

    def append(self, rows: pa.Table) -> None:
        write_deltalake(self._table, rows, mode="append")

    def upsert(self, rows: pa.Table) -> None:
        merge = self._table.merge(rows, "t.id = s.id", source_alias="s", target_alias="t")
        merge.when_matched_update_all().when_not_matched_insert_all().execute()

    def delete(self, ids: np.ndarray) -> None:
        """Delete by MERGE, which measured faster than a DELETE with a list of ids."""
        merge = self._table.merge(pa.table({"id": ids}), "t.id = s.id", source_alias="s", target_alias="t")
        merge.when_matched_delete().execute()

    def query(self, query: Query) -> pa.Table:
        self._table.update_incremental()
        return pa.table(QueryBuilder().register("orders", self._table).execute(query.sql("orders")).read_all())
