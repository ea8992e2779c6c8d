"""The statements of `remote_reads`, and how they are timed. Also a program that runs them through httpfs.

It needs nothing but DuckDB, so that an environment with another version of DuckDB can run it.
"""

from __future__ import annotations

import importlib.util
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

ROWS = 12_000_000
READERS = 16
CASES = {
    "count": "SELECT count(*) FROM {file}",
    "one column": "SELECT sum(amount) FROM {file}",
    "look-up": "SELECT * FROM {file} WHERE id = {id}",
    "group-by": "SELECT region, sum(amount) FROM {file} GROUP BY region ORDER BY region",
    "all columns": "SELECT max(id), max(customer), max(region), sum(amount), max(ordered_at) FROM {file}",
    "LIMIT 10": "SELECT * FROM {file} LIMIT 10",
}

Located = Callable[[], AbstractContextManager[tuple[str, Callable[[], None]]]]
"""Opens the file for one query: its location, and what stops the reads of it."""


def measure(database: duckdb.DuckDBPyConnection, located: Located, turns: int) -> dict[str, Any]:
    """Median milliseconds of each case, of `READERS` look-ups and group-bys at once, and of ending after `cancel`."""
    found: dict[str, Any] = {}
    for name, sql in CASES.items():
        _run(database, located, sql, 0)
        found[name] = _median(partial(_run, database, located, sql), turns)
    for name in ("look-up", "group-by"):
        found[f"{READERS} x {name}"] = _median(partial(_at_once, database, located, CASES[name]), max(turns // 3, 1))
    found["cancelled"] = statistics.median(_cancelled(database, located) for _ in range(turns))
    return found


def _median(run: Callable[[int], object], turns: int) -> float:
    times = []
    for turn in range(turns):
        started = time.perf_counter()
        run(turn)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def _run(database: duckdb.DuckDBPyConnection, located: Located, sql: str, turn: int) -> list[Any]:
    cursor = database.cursor()
    with located() as (location, _):
        text = sql.format(file=f"read_parquet('{location}')", id=(turn * 777_777 + 123_456) % ROWS)
        found: list[Any] = cursor.execute(text).fetchall()
    cursor.close()
    assert found
    return found


def _at_once(database: duckdb.DuckDBPyConnection, located: Located, sql: str, _: int) -> None:
    with ThreadPoolExecutor(READERS) as pool:
        list(pool.map(lambda turn: _run(database, located, sql, turn), range(READERS)))


def _cancelled(database: duckdb.DuckDBPyConnection, located: Located) -> float:
    """Milliseconds from the interrupt, which comes after 50 ms, to the end of the query."""
    cursor = database.cursor()
    with located() as (location, stop):
        at: list[float] = []

        def interrupt() -> None:
            at.append(time.perf_counter())
            stop()
            cursor.interrupt()

        timer = threading.Timer(0.05, interrupt)
        timer.start()
        try:
            cursor.execute(CASES["all columns"].format(file=f"read_parquet('{location}')")).fetchall()
        except duckdb.Error:
            pass
        timer.join()
        taken = (time.perf_counter() - at[0]) * 1000
    cursor.close()
    return taken


def main(address: str, turns: int) -> None:
    @contextmanager
    def located() -> Iterator[tuple[str, Callable[[], None]]]:
        yield address, lambda: None

    database = duckdb.connect(config={"enable_external_file_cache": "false"})
    package = importlib.util.find_spec("duckdb_extension_httpfs")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "extensions" / f"v{duckdb.__version__}"
    database.execute(f"LOAD '{folder / 'httpfs.duckdb_extension'}'")
    database.execute("SET GLOBAL enable_http_metadata_cache = true")
    print(json.dumps({"duckdb": duckdb.__version__, "ms": measure(database, located, turns)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
