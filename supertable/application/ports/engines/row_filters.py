"""Parsing and rendering of row filters."""

from __future__ import annotations

from typing import Protocol

from supertable.domain.access.row_filters import Term
from supertable.domain.schema.schemas import Schema


class RowFilterParser(Protocol):
    """Thread-safe."""

    def parse(self, text: str, schema: Schema) -> Term:
        """Parse a condition, as it would follow WHERE, over the columns of `schema`.

        It may use `current_user`, `current_role` and `user_attribute('name')`; see `domain.access.row_filter_checks`.
        Raises `InvalidInput`.
        """

    def show(self, condition: Term, schema: Schema) -> str:
        """The condition as text that parses back to it. Raises `InvalidInput` if it does not fit `schema`."""
