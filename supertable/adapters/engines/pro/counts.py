"""The answer of a statement that only counts the rows of a relation which Pro holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from supertable.adapters.engines.duckdb.counted_rows import CountedRows, only_counts
from supertable.adapters.engines.pro.keeper import Keeper
from supertable.adapters.engines.pro.plans import Plan
from supertable.application.ports.engines.running_queries import Limits


def held_count(
    keeper: Keeper, plan: Plan, parameters: Sequence[Any] | Mapping[str, Any], limits: Limits
) -> CountedRows | None:
    """The answer; None: something has to run for it."""
    if not only_counts(plan.statement, parameters, limits):
        return None
    rows = keeper.rows(plan)
    return None if rows is None else CountedRows(plan.statement.count_column, rows)
