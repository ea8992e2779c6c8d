"""What Spark does not answer as LITE does."""

from __future__ import annotations

from supertable.domain.errors import NotOnSpark

_ELSEWHERE = "Run it with engine='pro' or engine='lite'."
FOR_A_VALUE = "SuperTable: SPARK cannot {} as the other engines do. Run it with engine=pro or engine=lite."
"""The text of errors that a value raises while the statement runs."""
TOO_MANY_ROWS = "raise_error('[SCALAR_SUBQUERY_TOO_MANY_ROWS]')"
"""SQL that fails as Spark itself does where a subquery in place of a value has several rows."""


def refused(what: str) -> NotOnSpark:
    """`what`: the function, operator, cast or clause, in words."""
    return NotOnSpark(f"SPARK does not answer {what} as the other engines do. {_ELSEWHERE}")
