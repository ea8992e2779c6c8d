"""How much random work the tests do, and the seed that it starts from.

Every run of the suite does the `SHORT` amounts. `make soak` sets `BUDGET=soak` and does the long ones. Random choices
follow from one seed, the date by default, so that each day tries new cases. `SEED=20261130` repeats a day.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Budget:
    """Counts, each for one test.

    `examples`: of each property. `pruning_cases`: conditions on each type of column. `histories` of `steps`
    operations each: random histories of a lake, in a local folder, on each server of an object store (`remote_`), and
    with the catalog in Redis (`redis_`). `damages`: objects damaged. `selects`: random statements for each of
    `select_seeds`. `portable_selects`: those that SQLite answers too; `spark_selects`: on SPARK. `kills`: of a
    writing process, by where its lake is.
    `concurrent_queries`: of each of two readers beside four writers. `storm_turns`: writes of each writer behind a
    failing network. `live_copies`: of a lake beside a writer. `fuzz_examples`: for each operation and phase of the
    API. `damaged_bodies`: for each format and kind of damage. `one_case_in`: the share of the cases of large matrices
    of faults that a run tries; see `todays`. `odata_filters`, `odata_orders` and `odata_groups`: random expressions.
    """

    examples: int
    pruning_cases: int
    histories: int
    steps: int
    remote_histories: int
    remote_steps: int
    redis_histories: int
    redis_steps: int
    damages: int
    selects: int
    select_seeds: int
    portable_selects: int
    spark_selects: int
    kills: dict[str, int]
    concurrent_queries: int
    storm_turns: int
    live_copies: int
    fuzz_examples: int
    damaged_bodies: int
    one_case_in: int
    odata_filters: int
    odata_orders: int
    odata_groups: int


SHORT = Budget(
    examples=10,
    pruning_cases=30,
    histories=5,
    steps=40,
    remote_histories=2,
    remote_steps=25,
    redis_histories=3,
    redis_steps=30,
    damages=15,
    selects=30,
    select_seeds=4,
    portable_selects=150,
    spark_selects=1,
    kills={"local": 6, "s3": 3, "azure": 2, "gcs": 2, "redis": 3},
    concurrent_queries=60,
    storm_turns=2,
    live_copies=1,
    fuzz_examples=1,
    damaged_bodies=8,
    one_case_in=5,
    odata_filters=1_800,
    odata_orders=120,
    odata_groups=120,
)
SOAK = Budget(
    examples=1_000,
    pruning_cases=10_000,
    histories=500,
    steps=80,
    remote_histories=40,
    remote_steps=40,
    redis_histories=40,
    redis_steps=60,
    damages=1_000,
    selects=2_000,
    select_seeds=10,
    portable_selects=20_000,
    spark_selects=300,
    kills={"local": 300, "s3": 100, "azure": 50, "gcs": 50, "redis": 100},
    concurrent_queries=5_000,
    storm_turns=20,
    live_copies=10,
    fuzz_examples=100,
    damaged_bodies=300,
    one_case_in=1,
    odata_filters=20_000,
    odata_orders=2_000,
    odata_groups=2_000,
)
BUDGET = SOAK if os.environ.get("BUDGET") == "soak" else SHORT

SEED = int(os.environ.setdefault("SEED", f"{dt.datetime.now(dt.UTC):%Y%m%d}"))
"""Set in the environment too, so that the processes of one run agree on it."""


def chance(name: str) -> random.Random:
    """Random choices that follow from the seed, apart from those of other tests."""
    return random.Random(f"{SEED} {name}")


def todays(cases: Sequence[Item], name: str) -> Sequence[Item]:
    """Every fifth of `cases` (`one_case_in`), in order, and one at least. The seed chooses where they begin; `name` is
    the matrix's."""
    step = max(min(BUDGET.one_case_in, len(cases)), 1)
    return cases[chance(name).randrange(step) :: step]
