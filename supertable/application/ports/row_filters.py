"""What reads row filters that people write."""

from __future__ import annotations

from typing import Protocol

from supertable.domain.access.row_filters import Term
from supertable.domain.schema.schemas import Schema


class RowFilterParser(Protocol):
    """Thread-safe."""

    def parse(self, text: str, schema: Schema) -> Term:
        """A condition as it may stand after WHERE, over the columns of `schema`; see `domain.row_filter_types`.

        It may use `current_user`, `current_role` and `user_attribute('name')`. Raises `InvalidInput`.
        """

    def show(self, condition: Term, schema: Schema) -> str:
        """The condition as text that parses to the same again. Raises `InvalidInput` where it does not fit `schema`."""
