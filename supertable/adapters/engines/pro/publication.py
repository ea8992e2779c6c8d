"""What a statement that runs in another process reads of the generations here."""

from __future__ import annotations

from contextlib import ExitStack

from supertable.adapters.engines.pro.keeper import Keeper, held_generations, sources_sql
from supertable.adapters.engines.pro.plans import Plan
from supertable.adapters.engines.pro.published import Published
from supertable.adapters.engines.pro.task import Task
from supertable.application.ports.engines.running_queries import Stopped


def publication(keeper: Keeper, plan: Plan, stopped: Stopped, held: ExitStack) -> Published | None:
    """The databases with exactly the versions that the statement is bound to, until `held` is closed; None: they are
    not there now."""
    cache = keeper.cache()
    if cache is None:
        return None
    island = cache.island(plan.island)
    found = held_generations(cache, island, plan, Task(stopped), held)
    if found is None or island.folder is None:
        return None
    names = tuple(generation.name for generation in found.values())
    return Published(island.folder, names, sources_sql(plan, found), plan.governed, plan.columns)
