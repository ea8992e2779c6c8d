"""The Pro engine: DuckDB over copies of tables' live rows, which it keeps between queries. See docs/adr/0029."""

from supertable.adapters.engines.pro.counts import held_count
from supertable.adapters.engines.pro.engine import ProEngine
from supertable.adapters.engines.pro.keeper import Keeper
from supertable.adapters.engines.pro.options import ProOptions
from supertable.adapters.engines.pro.plans import NOT_HELD, NOT_KEPT, Plan, instead, plan_of
from supertable.adapters.engines.pro.publication import publication
from supertable.adapters.engines.pro.published import Published, PublishedGenerations

__all__ = [
    "NOT_HELD",
    "NOT_KEPT",
    "Keeper",
    "Plan",
    "ProEngine",
    "ProOptions",
    "Published",
    "PublishedGenerations",
    "held_count",
    "instead",
    "plan_of",
    "publication",
]
