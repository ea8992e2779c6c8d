"""The choice of an engine, its reason and kept rows tell a role nothing of rows that it does not see.

The role sees few rows of a table whose hidden ones decide every size, every time and every range of a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import supertable
from supertable import Lake
from supertable.application.ports.engines.running_queries import Limits
from supertable.domain.engine_choice import EngineLimits
from tests.support.engines import OtherEngine, with_pro

SEEN = "The role sees a part of what the query reads, so that sizes and times do not count: LITE."
QUERIES = [
    "SELECT count(*) FROM pay",
    "SELECT count(*) FROM pay WHERE salary > 1_000",
    "SELECT count(*) FROM pay WHERE salary > 1_000_000",
    "SELECT count(*) FROM pay WHERE salary BETWEEN 999_000 AND 999_999",
    "SELECT count(*) FROM pay WHERE id = 7",
    "SELECT count(*) FROM pay AT (VERSION => 2)",
    "SELECT count(*) FROM table_changes('pay', 0)",
    "SELECT count(*) FROM main",
    "SELECT count(*) FROM pay JOIN open USING (id)",
    "SELECT count(*) FROM open JOIN pay USING (id) WHERE pay.salary > 1_000_000",
    "SELECT * FROM seen",
]


@pytest.fixture
def lakes(home: Path) -> Iterator[tuple[Lake, Lake, OtherEngine]]:
    """The owner's lake and the role's, whose matrix has limits that the hidden rows cross."""
    with supertable.connect(home) as owner, supertable.connect(home, role="clerk") as clerk:
        owner.write("open", {"id": [1, 2], "name": ["a", "b"]})
        owner.write("pay", {"id": [1, 2], "team": ["clerk", "board"], "salary": [100, 999_500]}, keys=["id"])
        owner.sql("CREATE VIEW seen AS SELECT count(*) AS n FROM pay")
        owner.roles.create("clerk", "reader", ["open", "seen"])
        owner.roles.grant("clerk", "pay", columns=["id", "salary"], where="team = 'clerk'")
        limits = EngineLimits(lite_max_bytes=1_000, spark_min_bytes=8_000, fresh_seconds=3_600)
        yield owner, clerk, with_pro(clerk._container, limits)


def told(lake: Lake) -> list[tuple[str, str]]:
    found = [lake.sql(sql) for sql in QUERIES]
    return [(result.engine, result.engine_reason) for result in found]


def test_neither_sizes_nor_times_nor_ranges_of_hidden_rows_are_told(lakes: tuple[Lake, Lake, OtherEngine]) -> None:
    owner, clerk, pro = lakes
    before = told(clerk)
    assert set(before) == {("lite", SEEN)}
    size = 20_000
    hidden = {"id": range(10, 10 + size), "team": ["board"] * size, "salary": range(1_000_000, 1_000_000 + size)}
    owner.write("pay", {name: list(values) for name, values in hidden.items()}, mode="upsert")
    assert told(clerk) == before
    assert clerk.sql("SELECT count(*) FROM pay").arrow().column(0).to_pylist() == [1]
    assert pro.runs == 0
    assert clerk.sql("SELECT count(*) FROM open").engine_reason.startswith("The query reads "), (
        "it sees all of this one"
    )


def test_what_pro_holds_for_others_is_not_told(lakes: tuple[Lake, Lake, OtherEngine]) -> None:
    """An engine is asked whether it holds what the role sees, never what others see."""
    _, clerk, pro = lakes
    clerk.sql("SELECT count(*) FROM pay")
    (scan,) = pro.asked[-1].values()
    assert scan.access is not None  # type: ignore[union-attr]
    assert scan.access.condition is not None  # type: ignore[union-attr]


def test_refusals_tell_no_more_than_without_an_engine(lakes: tuple[Lake, Lake, OtherEngine]) -> None:
    owner, clerk, pro = lakes
    owner.write("secret", {"id": [1]})
    pro.away = "it sleeps"
    for name in ("secret", "absent"):
        messages = set()
        for engine in (None, "auto", "lite", "pro"):
            with pytest.raises(supertable.SupertableError) as refused:
                clerk.sql(f"FROM {name}", engine=engine)
            messages.add(str(refused.value).replace(name, "x"))
        assert all("no table 'x'" in message for message in messages), messages
    with pytest.raises(supertable.AccessDenied):
        clerk.sql("EXPLAIN SELECT count(*) FROM pay")


def test_kept_rows_of_one_role_are_never_those_of_another(
    home: Path, lakes: tuple[Lake, Lake, OtherEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All roles share one process and one cache: the container of a service, here by the owner's own lake."""
    owner, _, _ = lakes
    monkeypatch.setenv("SUPERTABLE_RESULT_CACHE_BYTES", str(1024**2))
    owner.roles.create("board", "reader")
    owner.roles.grant("board", "pay", columns=["id", "salary"], where="team = 'board'")
    owner.roles.create("both", "reader", ["pay"])
    with supertable.connect(home) as shared:
        use_case, sql = shared._container.run_query(), "SELECT id, salary FROM pay ORDER BY id"
        answers: dict[str | None, list[tuple[list[int], bool]]] = {}
        for _ in range(2):
            for role in ("clerk", "board", "both", None):
                with supertable.connect(home, role=role) as lake:
                    prepared = use_case.prepare(lake._namespace, sql)
                    rows = use_case.run(prepared, (), Limits()).reader.read_all()
                    answers.setdefault(role, []).append((rows["id"].to_pylist(), prepared.result.rows is not None))
    assert answers == {
        "clerk": [([1], False), ([1], True)],
        "board": [([2], False), ([2], True)],
        "both": [([1, 2], False), ([1, 2], True)],
        None: [([1, 2], True), ([1, 2], True)],
    }
