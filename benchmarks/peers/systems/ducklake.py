"""DuckLake: DuckDB over Parquet files, with its catalog in a DuckDB file beside them.

Its extension is a package for DuckDB 1.5.5 alone, which cannot be in one process with SuperTable's DuckDB. It has a
process and an environment of its own (requirements-duckdb1.lock). That costs a call with 10,000 rows some 0.3 ms.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import Listener
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.peers.systems import Query, System

_ROOT = Path(__file__).parents[3]
_PYTHON = _ROOT / ".venv-bench-duckdb1" / "bin" / "python"


class DuckLakeTables:
    """A DuckLake in its process. `inlined_rows`: writes of up to so many rows stay in its catalog, without a file."""

    def __init__(self, folder: Path, inlined_rows: int = 0) -> None:
        folder.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as place, Listener(f"{place}/calls") as listener:
            command = [_PYTHON, "-m", "benchmarks.peers.systems.ducklake_process", listener.address, folder]
            command.append(str(inlined_rows))
            self._process = subprocess.Popen([str(part) for part in command], cwd=_ROOT)
            self._calls = listener.accept()

    @staticmethod
    def there() -> bool:
        """Whether its environment is installed."""
        return _PYTHON.exists()

    def upsert_into(self, table: str, rows: pa.Table, keys: Sequence[str]) -> None:
        """Creates the table if it is not there. Without keys, the rows are added."""
        self.call("upsert_into", (table, rows, list(keys)))

    def ask(self, sql: str) -> pa.Table:
        return self.call("query", sql)

    def one_by_one(self, seconds: float) -> dict[str, float]:
        """Commit single rows, one after the other, within its process."""
        return self.call("one_by_one", seconds)

    def close(self) -> None:
        self._calls.close()
        self._process.wait()

    def call(self, method: str, argument: object) -> Any:
        self._calls.send((method, argument))
        error, answer = self._calls.recv()
        if error:
            raise RuntimeError(error)
        return answer


class DuckLake(System):
    name = "DuckLake"
    durability = "its catalog's write-ahead log, with fsync; no Parquet file"

    def __init__(self, folder: Path, keyed: bool) -> None:
        self._tables = DuckLakeTables(folder)
        self._tables.call("create_orders", None)

    def append(self, rows: pa.Table) -> None:
        self._tables.call("append", rows)

    def upsert(self, rows: pa.Table) -> None:
        self._tables.call("upsert", rows)

    def delete(self, ids: np.ndarray) -> None:
        self._tables.call("delete", pa.table({"id": ids}))

    def query(self, query: Query) -> pa.Table:
        return self._tables.ask(query.sql("orders"))

    def close(self) -> None:
        self._tables.close()
