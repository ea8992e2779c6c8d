"""The engines that every statement runs on, and what they may answer differently."""

from __future__ import annotations

import pyarrow as pa

from supertable import Lake

ENGINES = ("lite", "pro")
KEEPING = ("pro",)
"""Those that keep rows between queries."""

DIFFERENCES: dict[str, dict[str, str]] = {}
"""By engine, by statement: why its answer differs, and cannot be mended. AUTO refuses the engine such statements, and
docs/sql.md lists them."""


def ask(lake: Lake, engine: str, sql: str) -> pa.Table:
    return lake.sql(sql, engine=engine).arrow()
