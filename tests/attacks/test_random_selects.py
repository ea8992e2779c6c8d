"""Random SELECTs, asked of the whole lake under a role and of a lake that holds only what the role sees.

`BUDGET.selects` of each of ten seeds.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.attacks.random_selects import Selects
from tests.support.budgets import BUDGET, SEED
from tests.support.two_lakes import HIDDEN_WORDS, TwoLakes

SEEDS = 10


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", range(SEED, SEED + SEEDS))
def test_random_selects_see_what_the_copy_has(lakes: TwoLakes, seed: int) -> None:
    selects = Selects(seed)
    kinds: Counter[str] = Counter()
    for _ in range(BUDGET.selects):
        sql = selects.statement()
        restricted, copy = lakes.both(sql)
        if restricted != copy:
            # Once in some 26,000 statements the copy's `ORDER BY … LIMIT` lacked rows, not when it was asked again. Why
            # is not known yet. The role is not asked again: what it was answered, if only once, is what counts.
            print(f"the copy is asked again: {sql}\n{restricted}\n{copy}")
            copy = lakes.ask(lakes.copy, sql)
        assert not [word for word in HIDDEN_WORDS if word in restricted.message and word not in sql], sql
        if "table_changes" in sql and "QueryFailed" in (restricted.kind, copy.kind):
            continue  # rows that are seen make it fail, sooner or later by what else changed in their versions
        assert restricted == copy, sql
        kinds[restricted.kind] += 1
    assert kinds["rows"] > BUDGET.selects * 0.55, kinds
