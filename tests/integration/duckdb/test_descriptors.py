"""A lack of file descriptors is an error that can be repeated. It is never reported as lost or damaged data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable.adapters.engines.duckdb.errors import object_error
from supertable.domain.errors import ObjectMissing, StoreUnavailable

PROGRAM = """
import os, resource, sys
import supertable
from supertable.domain.errors import Unavailable, QueryFailed
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
outcomes = set()
for left in range(0, 24):
    lake = supertable.connect(sys.argv[1])
    lake.sql("SELECT 1").arrow()  # DuckDB ends the process if it lacks descriptors when it starts
    taken = []
    try:
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    for _ in range(left):
        os.close(taken.pop())
    try:
        assert lake.sql("SELECT sum(id) AS n FROM t").arrow()["n"].to_pylist() == [15]
        outcomes.add("rows")
    except Unavailable:
        outcomes.add("unavailable")
    finally:
        for one in taken:
            os.close(one)
    assert lake.sql("SELECT sum(id) AS n FROM t").arrow()["n"].to_pylist() == [15]
    lake.close()
print(sorted(outcomes))
"""


def test_a_query_without_descriptors_can_be_repeated(home: Path) -> None:
    with supertable.connect(home) as lake:
        lake.create_table("t", pa.schema([("id", pa.int64())]))
        for id_ in range(1, 6):
            lake.write("t", pa.table({"id": [id_]}))
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(home)], capture_output=True, text=True, env=os.environ)
    assert (done.stdout, done.returncode) == ("['rows', 'unavailable']\n", 0), done.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Cannot open file "/lake/a.parquet": Too many open files', StoreUnavailable),
        ('Cannot open file "/lake/a.parquet": Too many open files in system', StoreUnavailable),
        ('Cannot open file "/lake/a.parquet": Permission denied', StoreUnavailable),
        ('Cannot open file "/lake/a.parquet": No such file or directory', ObjectMissing),
        ('No files found that match the pattern "/lake/a.parquet"', ObjectMissing),
    ],
)
def test_why_a_file_cannot_be_opened(text: str, expected: type[Exception]) -> None:
    assert type(object_error("IO", text, {"/lake/a.parquet": "the/key"})) is expected
