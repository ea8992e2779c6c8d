"""The lines on which the rows of a text begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice


class RowLines:
    """Finds lines by reading the text again, once for rows that are asked for in ascending order."""

    def __init__(self, read: Callable[[], Iterator[int]]) -> None:
        """`read` returns the line of each row, in order, without an end."""
        self._read = read
        self._lines = read()
        self._next_row = 0

    def line_of(self, row: int) -> int:
        """The line, counted from 1, of a row, counted from 0."""
        if row < self._next_row:
            self._lines, self._next_row = self._read(), 0
        line = next(islice(self._lines, row - self._next_row, None))
        self._next_row = row + 1
        return line
