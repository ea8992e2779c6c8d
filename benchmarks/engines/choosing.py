"""Running statements on an engine by its name. An engine that is not there is left out, with a note."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from supertable import Lake, SupertableError

ENGINES = ("lite", "pro")


def ask(lake: Lake, sql: str, engine: str, parameters: Any = ()) -> pa.Table:
    return lake.sql(sql, parameters, engine=engine).arrow()


def engines_of(lake: Lake) -> tuple[list[str], dict[str, str]]:
    """The engines that run statements here, and why the others do not. Prints the latter."""
    there, missing = [], {}
    for engine in ENGINES:
        try:
            ask(lake, "SELECT 1", engine)
            there.append(engine)
        except SupertableError as error:
            missing[engine] = str(error)
            print(f"left out: {engine}: {error}", flush=True)
    return there, missing


def settle(lake: Lake, engine: str) -> None:
    """Wait until the engine does nothing behind the queries: loads, refreshes, merges."""
    if engine == "pro":
        getattr(lake._container, "pro_engine")().settle()  # noqa: B009


def warm(lake: Lake, engine: str, *statements: str, times: int = 3) -> None:
    """Ask until the engine has the data of these statements, and nothing is left to do."""
    for _ in range(times):
        for sql in statements:
            ask(lake, sql, engine)
        settle(lake, engine)
