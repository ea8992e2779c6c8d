"""The right answer to each statement, and how another answer differs from it."""

from __future__ import annotations

from tests.conformance.cases import SQLITE, Case, Expected
from tests.conformance.oracles import Answer, Columns, Oracles, as_in_sqlite, is_ordered, texts


class Answers:
    """The right answer to each statement, found once."""

    def __init__(self) -> None:
        self._oracles = Oracles()
        self._found: dict[str, tuple[Answer, tuple[str, ...] | None]] = {}

    def of(self, case: Case) -> tuple[Answer, tuple[str, ...] | None]:
        """What the reference says, and the rows that are right by another oracle."""
        if case.sql not in self._found:
            rows = self._oracles.expected(case)
            right = None if rows is None else texts(rows, is_ordered(case.sql))
            self._found[case.sql] = self._oracles.reference(case.sql), right
        return self._found[case.sql]

    def difference(self, case: Case, columns: Columns, rows: Expected) -> str:
        """How the answer differs from the right one; empty: not at all."""
        reference, right = self.of(case)
        ordered = is_ordered(case.sql)
        found = Answer(columns, texts(rows, ordered))
        compared = texts(as_in_sqlite(rows), ordered) if case.oracle == SQLITE else found.rows
        if right is not None and compared != right:
            return f"{case.sql}\n    {case.oracle}: {right}\n    found: {compared}"
        if found != reference and not (case.standard and found.columns == reference.columns):
            return f"{case.sql}\n    reference: {reference}\n    found: {found}"
        return ""

    def close(self) -> None:
        self._oracles.close()
