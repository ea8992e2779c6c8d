"""Random SELECTs over the whole lake under a role, over a lake that holds only what the role sees, and over neither.

`BUDGET.selects` statements for each of `BUDGET.select_seeds` seeds. The lakes must give the same answers and the same
errors: hidden rows change nothing. The reference, which shares no file and no optimizer with them, says whether the
answer is right.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.attacks.random_selects import Selects
from tests.support.budgets import BUDGET, SEED
from tests.support.oracles.two_lakes import HIDDEN_WORDS, Answer, TwoLakes


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", range(SEED, SEED + BUDGET.select_seeds))
def test_random_selects_get_the_answers_of_the_copy(lakes: TwoLakes, seed: int) -> None:
    selects, for_reference = Selects(seed), Selects(seed, for_reference=True)
    kinds: Counter[str] = Counter()
    for number in range(BUDGET.selects):
        sql, reference_sql = selects.statement(), for_reference.statement()
        restricted = lakes.ask(lakes.restricted, sql)
        assert not [word for word in HIDDEN_WORDS if word in restricted.message and word not in sql], sql
        expected = lakes.ask_reference(reference_sql)
        kinds.update([*compared(restricted, expected, sql), *selects.kinds])
        # One of two, in turn: the same role over the copy, or its owner, whose statements take a plainer path.
        copy = lakes.ask((lakes.copy, lakes.copy_owner)[number % 2], sql)
        if "table_changes" in sql and "QueryFailed" in (restricted.kind, copy.kind):
            continue  # visible rows make it fail, sooner or later depending on other changes
        if number % 2:
            compared(copy, expected, sql)
        else:
            assert restricted == copy, sql
    print(f"\n{BUDGET.selects:,} statements: {dict(kinds.most_common())}")
    assert kinds["rows"] > BUDGET.selects * 0.7, kinds
    assert kinds["InvalidStatement"] <= BUDGET.selects * 0.03, kinds


def compared(found: Answer, expected: Answer, sql: str) -> list[str]:
    """The kinds of the answers. Either side may fail where the other does not: which casts run is the plan's choice."""
    if found.kind == expected.kind == "rows":
        assert found == expected, sql
    elif found.kind == "rows":
        return ["rows", "failed in the reference only"]
    elif expected.kind == "rows":
        return [found.kind, "failed in the lake only"]
    return [found.kind]
