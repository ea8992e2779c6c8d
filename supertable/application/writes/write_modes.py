"""The three ways to write rows."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

from supertable.domain.errors import InvalidInput

ModeName: TypeAlias = Literal["append", "upsert", "overwrite"]


class WriteMode(StrEnum):
    """`UPSERT` is for tables with keys only. `OVERWRITE` replaces all rows, or those of a predicate."""

    APPEND = "append"
    UPSERT = "upsert"
    OVERWRITE = "overwrite"


def checked_mode(mode: str) -> WriteMode:
    """Raises `InvalidInput`."""
    try:
        return WriteMode(mode)
    except ValueError:
        raise InvalidInput(f"{mode!r} is not a write mode. The modes are {', '.join(WriteMode)}.") from None
