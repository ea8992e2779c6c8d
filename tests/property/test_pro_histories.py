"""The same random histories with queries on the Pro engine, at random budgets, with merges and drops at any moment; and
what a role sees of them, whose rights change."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from supertable.adapters.engines.pro.task import Task
from supertable.domain.access.sessions import Session
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.property.test_histories import WRITERS, Histories, Row, read
from tests.support.budgets import BUDGET
from tests.support.pro_lake import engine, pro_lake

BUDGETS = (0, 1, 600_000, 2_000_000, 10**9)
FILTERS = ("seq > 1", "v = 'a' OR v IS NULL", "k <> 3 AND NOT (v = 'b')", "v = user_attribute('v')")


class ProHistories(Histories):
    def open(self) -> Lake:
        return pro_lake(self.home, default_engine="pro")

    @rule(writer=WRITERS, budget=st.sampled_from(BUDGETS), place=st.sampled_from(["disk", "memory"]))
    def open_with_another_budget(self, writer: int, budget: int, place: str) -> None:
        self.lakes[writer].close()
        self.lakes[writer] = pro_lake(self.home, default_engine="pro", pro_cache_bytes=budget, pro_cache_in=place)

    @rule(writer=WRITERS)
    def merge(self, writer: int) -> None:
        cache = engine(self.lakes[writer]).keeper._cache
        if cache is not None:
            for relation in list(cache._relations.values()):
                relation._merge(Task(lambda: False))

    @rule(writer=WRITERS, number=st.integers(0, 5))
    def drop_a_generation(self, writer: int, number: int) -> None:
        cache = engine(self.lakes[writer]).keeper._cache
        if cache is not None:
            for relation in list(cache._relations.values())[number : number + 1]:
                relation.drop()

    @rule(writer=WRITERS)
    def read_one_column(self, writer: int) -> None:
        found = self.lakes[writer].sql(f"SELECT v FROM {self.name}").arrow()["v"].to_pylist()
        assert sorted(found, key=str) == sorted((row[2] for row in self.now.values()), key=str)

    @rule(writer=WRITERS, condition=st.sampled_from(FILTERS), value=st.sampled_from(["a", "b"]))
    def a_role_sees_its_part(self, writer: int, condition: str, value: str) -> None:
        lake = self.lakes[writer]
        if "r" not in {role.name for role in lake.roles.list()}:
            lake.roles.create("r", "reader")
        lake.roles.grant("r", self.name, where=condition)
        session = Session("default", "f" * 32, "ann", "r", external=True, attributes=(("v", value),))
        restricted = Lake(lake._container, "main", session)
        expected = [row for row in self.now.values() if sees(condition, value, row)]
        for _ in range(2):
            assert sorted(read(restricted, self.name), key=str) == sorted(expected, key=str)


def sees(condition: str, value: str, row: Row) -> bool:
    key, seq, v = row
    match FILTERS.index(condition):
        case 0:
            return seq is not None and seq > 1
        case 1:
            return v == "a" or v is None
        case 2:
            return key is not None and key != 3 and v is not None and v != "b"
    return v == value


@pytest.mark.slow
class TestProHistories(ProHistories.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(max_examples=max(BUDGET.histories // 8, 1), stateful_step_count=BUDGET.steps)
