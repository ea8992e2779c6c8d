"""Every statement has the right answer on every engine, for an owner and for a role that sees a part of the rows.

`python -m tests.conformance` prints how many statements there are, by kind and by where the answer comes from.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from supertable.domain.errors import SupertableError
from tests.conformance.cases import CALLERS, DUCKDB, SQLITE, Case
from tests.conformance.engines import DIFFERENCES, ENGINES, KEEPING, ask
from tests.conformance.oracles import Answer, Oracles, answer, as_in_sqlite, is_ordered, rows_of, texts
from tests.conformance.statements import CASES, KINDS
from tests.conformance.world.lakes import Lakes
from tests.support.budgets import BUDGET, SEED, SOAK, todays


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lakes]:
    made = Lakes(tmp_path_factory.mktemp("conformance"))
    yield made
    made.close()


class Answers:
    """The right answer to each statement, found once."""

    def __init__(self) -> None:
        self._oracles = Oracles()
        self._found: dict[str, tuple[Answer, tuple[str, ...] | None]] = {}

    def of(self, case: Case) -> tuple[Answer, tuple[str, ...] | None]:
        """What the reference says, and the rows that are right by another oracle."""
        if case.sql not in self._found:
            rows = self._oracles.expected(case)
            right = None if rows is None else texts(rows, is_ordered(case.sql))
            self._found[case.sql] = self._oracles.reference(case.sql), right
        return self._found[case.sql]

    def close(self) -> None:
        self._oracles.close()


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    made = Answers()
    yield made
    made.close()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_answers_are_right(lakes: Lakes, answers: Answers, kind: str, engine: str) -> None:
    """`BUDGET=soak`: all statements, for both callers. Otherwise for one, in turn by statement, engine and day; and a
    third of them where nothing is kept, since most other tests run so, too."""
    wrong = []
    for number, case in enumerate(KINDS[kind] if engine in KEEPING else todays(KINDS[kind], kind)):
        if case.sql in DIFFERENCES.get(engine, {}):
            continue
        turn = (number + ENGINES.index(engine) + SEED) % len(case.callers)
        for caller in case.callers if BUDGET is SOAK else (case.callers[turn],):
            fault = _fault(lakes, answers, case, engine, caller)
            wrong += [f"{caller}: {fault}"] if fault else []
    assert not wrong, f"{len(wrong)} answers, {len(KINDS[kind])} statements:\n" + "\n".join(wrong)


def _fault(lakes: Lakes, answers: Answers, case: Case, engine: str, caller: str) -> str:
    """What is wrong with the answer; empty: nothing."""
    reference, right = answers.of(case)
    try:
        table = ask(lakes.of(caller, case.supertable), engine, case.sql)
    except SupertableError as error:
        return f"{case.sql}\n    {type(error).__name__}: {error}"
    ordered = is_ordered(case.sql)
    found = answer(table, ordered)
    rows = texts(as_in_sqlite(rows_of(table)), ordered) if case.oracle == SQLITE else found.rows
    if right is not None and rows != right:
        return f"{case.sql}\n    {case.oracle}: {right}\n    found: {rows}"
    if found != reference and not (case.standard and found.columns == reference.columns):
        return f"{case.sql}\n    reference: {reference}\n    found: {found}"
    return ""


def test_what_pro_keeps_answers(lakes: Lakes) -> None:
    """Else the suite would test the files twice."""
    for lake in (lakes.of(caller, "main") for caller in CALLERS):
        pro = lake._container.pro_engine()
        for sql in ("FROM sales", "SELECT * FROM ledger JOIN evolved USING (id)", "FROM integers", "FROM cards"):
            ask(lake, "pro", sql)
            prepared = lake._container.run_query().prepare(lake._namespace, sql)
            prepared.lease.close()
            assert pro.held(prepared.sources), sql


def test_there_are_enough_statements() -> None:
    statements = {case.sql for case in CASES}
    assert len(statements) == len(CASES), "a statement stands there twice"
    assert len(statements) >= 800
    assert sum(case.oracle != DUCKDB for case in CASES) >= 300


def test_differences_are_those_of_statements() -> None:
    known = {case.sql for case in CASES}
    assert set(DIFFERENCES) <= set(ENGINES)
    assert all(set(statements) <= known for statements in DIFFERENCES.values())
