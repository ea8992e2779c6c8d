"""What Spark does not answer as LITE does."""

from __future__ import annotations

from supertable.domain.errors import NotOnSpark

_ELSEWHERE = "Run it with engine='pro' or engine='lite'."
FOR_A_VALUE = "SuperTable: SPARK cannot {} as the other engines do. Run it with engine=pro or engine=lite."
"""The text of errors that a value raises while the statement runs."""


def refused(what: str) -> NotOnSpark:
    """`what`: the function, operator, cast or clause, in words."""
    return NotOnSpark(f"SPARK does not answer {what} as the other engines do. {_ELSEWHERE}")
