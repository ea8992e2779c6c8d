"""What becomes of a new row whose key the table has already."""

from __future__ import annotations

from enum import StrEnum


class OnConflict(StrEnum):
    """The write fails, the new row is left out, or it replaces the old one."""

    ERROR = "error"
    NOTHING = "nothing"
    REPLACE = "replace"
