"""Rows that a write leaves out: counted, and the first of them kept for the response."""

from __future__ import annotations

import msgspec

from supertable.application.ports.readers import RejectedRow

_MOST_ROWS = 1_000
_MOST_CHARACTERS = 1_000_000
_MOST_IN_A_VALUE = 1_000


class Rejected(msgspec.Struct, frozen=True):
    """A row that was left out. `place`: its line or row. `column`, `value`: where a value is the reason, else empty."""

    place: str
    column: str
    value: str
    reason: str


class CollectedRejects:
    """A sink for rejected rows. `count`: of all; `first`: up to 1,000 rows of about 1 MB."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.count = 0
        self.first: list[Rejected] = []
        self._characters = 0

    def add(self, row: RejectedRow) -> None:
        self.count += 1
        value, reason = row.value[:_MOST_IN_A_VALUE], row.reason[:_MOST_IN_A_VALUE]
        self._characters += len(value) + len(reason)
        if len(self.first) < _MOST_ROWS and self._characters <= _MOST_CHARACTERS:
            self.first.append(Rejected(row.place, row.column, value, reason))
