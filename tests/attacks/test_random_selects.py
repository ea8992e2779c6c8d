"""Random SELECTs over the whole lake under a role, and over a lake that holds only what the role sees.

`BUDGET.selects` statements for each of ten seeds.
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
def test_random_selects_get_the_answers_of_the_copy(lakes: TwoLakes, seed: int) -> None:
    selects = Selects(seed)
    kinds: Counter[str] = Counter()
    for _ in range(BUDGET.selects):
        sql = selects.statement()
        restricted, copy = lakes.both(sql)
        if restricted != copy:
            # Once in about 26,000 statements, `ORDER BY … LIMIT` over the copy lacked rows, but not when repeated. The
            # cause is not known yet. The role's statement is not repeated: its first answer counts.
            print(f"the copy is queried again: {sql}\n{restricted}\n{copy}")
            copy = lakes.ask(lakes.copy, sql)
        assert not [word for word in HIDDEN_WORDS if word in restricted.message and word not in sql], sql
        if "table_changes" in sql and "QueryFailed" in (restricted.kind, copy.kind):
            continue  # visible rows make it fail, sooner or later depending on other changes
        assert restricted == copy, sql
        kinds[restricted.kind] += 1
    assert kinds["rows"] > BUDGET.selects * 0.55, kinds
