"""The three ways to write rows."""

from __future__ import annotations

from enum import StrEnum


class WriteMode(StrEnum):
    """`UPSERT` is for tables with keys only. `OVERWRITE` replaces all rows, or those of a predicate."""

    APPEND = "append"
    UPSERT = "upsert"
    OVERWRITE = "overwrite"
