"""The oracle for what only DuckDB understands: its own executor without its optimizer, over plain tables in memory.

Nearly all of its known wrong answers come from its optimizer, or from what that pushes into scans of files. One thread,
no file, no filter below its place: what remains is the plan as the statement was written. Its rows come from the test's
own model, never from files of the lake.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa


class Reference:
    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self._database = duckdb.connect(":memory:", config={"threads": 1})
        self._database.execute("SET TimeZone = 'UTC'")
        self._database.execute("SET error_on_division_by_zero = false")
        self._database.execute("PRAGMA disable_optimizer")
        for name, rows in tables.items():
            self.add(name, rows)

    def add(self, name: str, rows: pa.Table) -> None:
        self._database.register("st_given", rows)
        self._database.execute(f'CREATE TABLE "{name}" AS FROM st_given')
        self._database.unregister("st_given")

    def ask(self, sql: str, parameters: Any = None) -> pa.Table:
        """Raises `duckdb.Error`."""
        return self._database.sql(sql, params=parameters).to_arrow_table()

    def run(self, sql: str) -> None:
        self._database.execute(sql)

    def close(self) -> None:
        self._database.close()
