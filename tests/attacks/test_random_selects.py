"""Random SELECTs, asked of the whole lake under a role and of a lake that holds only what the role sees.

At least 5,000 at each run of the suite. `ATTACKS=n` asks n of each seed, for as long as wanted; `ATTACK_SEED=n` is the
first seed.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.attacks.random_selects import Selects
from tests.support.two_lakes import HIDDEN_WORDS, TwoLakes

SEEDS = 10
EACH = int(os.environ.get("ATTACKS", "520"))
FIRST = int(os.environ.get("ATTACK_SEED", "0"))


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_random_selects_see_what_the_copy_has(lakes: TwoLakes, seed: int) -> None:
    selects = Selects(seed)
    kinds: Counter[str] = Counter()
    for _ in range(EACH):
        sql = selects.statement()
        restricted, copy = lakes.both(sql)
        if restricted != copy:
            # Once in some 26,000 statements the copy's `ORDER BY … LIMIT` lacked rows, not when it was asked again. Why
            # is not known yet. The role is not asked again: what it was answered, if only once, is what counts.
            print(f"the copy is asked again: {sql}\n{restricted}\n{copy}")
            copy = lakes.ask(lakes.copy, sql)
        assert not [word for word in HIDDEN_WORDS if word in restricted.said and word not in sql], sql
        if "table_changes" in sql and "QueryFailed" in (restricted.kind, copy.kind):
            continue  # rows that are seen make it fail, sooner or later by what else changed in their versions
        assert restricted == copy, sql
        kinds[restricted.kind] += 1
    assert kinds["rows"] > EACH * 0.6, kinds
