from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from supertable.application.storage.unused_packages import leave_pandas_out
leave_pandas_out()
leave_pandas_out()
import duckdb, pyarrow as pa
assert pa.array([1]).to_pylist() == [1]
assert duckdb.sql("SELECT $1 AS a", params=[[1, 2]]).to_arrow_table().to_pydict() == {"a": [[1, 2]]}
assert "pandas" not in sys.modules
assert len([finder for finder in sys.meta_path if type(finder).__name__ == "_NoPandas"]) == 1
"""


def test_processes_that_have_no_use_for_pandas_do_not_import_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
