"""Kept results under random histories of writes, rights and queries: every answer is that of a plain model.

The same lake is open with several budgets, under several roles, each of which has connections of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import supertable
from supertable import Lake
from tests.support.budgets import BUDGET, chance

BUDGETS = (0, 1, 8 * 2_600, 8 * 4_000, 64 * 1024**2)
Row = tuple[int, str, int]
QUERIES: dict[str, tuple[str, Callable[[list[Row], Any], list[tuple[Any, ...]]]]] = {
    "all": ("SELECT id, team, pay FROM t ORDER BY id", lambda rows, _: list(rows)),
    "count": ("SELECT count(*) FROM t", lambda rows, _: [(len(rows),)]),
    "one": ("SELECT pay FROM t WHERE id = ?", lambda rows, given: [(row[2],) for row in rows if row[0] == given]),
    "sum": ("SELECT sum(pay)::BIGINT FROM t WHERE pay > ?", lambda rows, given: [
        (sum(row[2] for row in rows if row[2] > given) if any(row[2] > given for row in rows) else None,)
    ]),
    "teams": ("SELECT team, count(*) FROM t GROUP BY ALL ORDER BY ALL", lambda rows, _: [
        (team, sum(row[1] == team for row in rows)) for team in sorted({row[1] for row in rows})
    ]),
    "type": ("SELECT typeof(?)", lambda _, given: [({int: "INTEGER", float: "DOUBLE", bool: "BOOLEAN"}[type(given)],)]),
}  # fmt: skip


@pytest.fixture
def lakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[tuple[int, str | None], Lake]]:
    """The lake by budget and role."""
    with ExitStack() as stack:
        found: dict[tuple[int, str | None], Lake] = {}
        for budget in BUDGETS:
            monkeypatch.setenv("SUPERTABLE_RESULT_CACHE_BYTES", str(budget))
            owner = found[budget, None] = stack.enter_context(supertable.connect(tmp_path / "lake"))
            if budget == 0:
                owner.write("t", {"id": [1], "team": ["a"], "pay": [10]}, keys=["id"])
                for role in ("one", "two"):
                    owner.roles.create(role, "reader")
                    owner.roles.grant(role, "t", where="team = 'a'")
            for role in ("one", "two"):
                found[budget, role] = stack.enter_context(supertable.connect(tmp_path / "lake", role=role))
        yield found


@pytest.mark.parametrize("history", range(max(BUDGET.histories // 8, 1)))
def test_every_answer_is_that_of_the_model(lakes: dict[tuple[int, str | None], Lake], history: int) -> None:
    random = chance(f"kept results {history}")
    owner = lakes[0, None]
    rows: dict[int, Row] = {1: (1, "a", 10)}
    filters: dict[str | None, str | None] = {None: None, "one": "a", "two": "a"}
    kept = 0
    for _ in range(BUDGET.steps * 2):
        action = random.choice(["write", "delete", "rights"] + ["query"] * 12)
        if action == "write":
            row = (random.randrange(6), random.choice("abc"), random.randrange(50))
            rows[row[0]] = row
            owner.write("t", {"id": [row[0]], "team": [row[1]], "pay": [row[2]]}, mode="upsert")
        elif action == "delete":
            gone = random.randrange(6)
            rows.pop(gone, None)
            owner.sql("DELETE FROM t WHERE id = ?", [gone])
        elif action == "rights":
            role = random.choice(("one", "two"))
            filters[role] = random.choice(["a", "b", None])
            where = "id >= 0" if filters[role] is None else f"team = '{filters[role]}'"
            owner.roles.grant(role, "t", where=where)
        else:
            (budget, caller), name = random.choice(list(lakes)), random.choice(list(QUERIES))
            sql, answer = QUERIES[name]
            given = random.choice([1, 1.0, True] if name == "type" else [0, 1, 2])
            seen = [row for _, row in sorted(rows.items()) if filters[caller] in (None, row[1])]
            lake = lakes[budget, caller]
            for _ in range(random.choice([1, 1, 2])):  # at once again: else some histories meet no kept result
                result = lake.sql(sql, [given] if "?" in sql else ())
                assert list(result) == answer(seen, given), (name, caller, budget)
                from_cache = result.engine_reason.startswith("The result cache")
                assert not (from_cache and budget < 8 * 2_600)
                kept += from_cache
                assert lake._container.results()._cache.bytes <= budget
    assert kept, "the history met no kept result"
