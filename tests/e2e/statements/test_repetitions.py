"""Statements beside other writers, and repeated statements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import DuplicateKey, IdempotencyKeyReused, InvalidInput, QueryTimeout


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home) as lake:
        lake.sql("CREATE TABLE t (id INT PRIMARY KEY, name TEXT)")
        yield lake


def before_commit(monkeypatch: pytest.MonkeyPatch, lake: Lake, sql: str) -> None:
    """Another writer runs `sql` between the staging of the next write and its commit."""
    attempts, waiting = lake._container.write_attempts(), [sql]
    attempt = attempts.attempt

    def disturbed(newest: OpenTable, *rest: object) -> object:
        found = attempt(newest, *rest)  # type: ignore[arg-type]
        if waiting:
            with supertable.connect(lake.settings.home) as other:
                other.sql(waiting.pop())
        return found

    monkeypatch.setattr(attempts, "attempt", disturbed)
    monkeypatch.setattr(lake._container.committer(), "_locks", _NoLocks())


class _NoLocks:
    """So that another writer may come between the attempt and its commit, as when a lock has expired."""

    def hold(self, _name: str, _seconds: float) -> _NoLocks:
        return self

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("beside", "sql", "expected"),
    [
        ("INSERT INTO t VALUES (2, 'theirs')", "INSERT INTO t VALUES (1, 'a'), (2, 'b')", None),
        ("INSERT INTO t VALUES (3, 'theirs')", "INSERT INTO t VALUES (1, 'a')", [(1, "a"), (3, "theirs")]),
        (
            "INSERT INTO t VALUES (2, 'theirs')",
            "INSERT OR IGNORE INTO t VALUES (1, 'a'), (2, 'b')",
            [(1, "a"), (2, "theirs")],
        ),
        ("DELETE FROM t WHERE id = 0", "INSERT OR IGNORE INTO t VALUES (0, 'again')", [(0, "again")]),
        ("DELETE FROM t WHERE id = 0", "INSERT INTO t VALUES (0, 'again')", None),
        ("INSERT INTO t VALUES (2, 'theirs')", "INSERT OR REPLACE INTO t VALUES (2, 'b')", [(2, "b")]),
        ("ALTER TABLE t ADD n INT", "INSERT INTO t VALUES (1, 'a')", [(1, "a", None)]),
        ("INSERT INTO t VALUES (9, 'theirs')", "INSERT INTO t SELECT id + 1, name FROM t", [(1, "old"), (9, "theirs")]),
    ],
    ids=["error", "insert", "ignore", "ignore deleted", "insert deleted", "replace", "alter", "self-insert"],
)
def test_a_writer_beside_it(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, beside: str, sql: str, expected: list[tuple[object, ...]] | None
) -> None:
    lake.sql("INSERT INTO t VALUES (0, 'old')")
    before_commit(monkeypatch, lake, beside)
    if expected is None:
        with pytest.raises(DuplicateKey):
            lake.sql(sql)
        return
    lake.sql(sql)
    old = [] if "DELETE" in beside else [(0, "old") if "ALTER" not in beside else (0, "old", None)]
    assert lake.sql("FROM t ORDER BY id").fetchall() == old + expected


def test_a_repeated_statement_changes_nothing(lake: Lake) -> None:
    statements: list[tuple[str, Any]] = [
        ("INSERT INTO t VALUES (?, 'a')", [1]),
        ("INSERT OR REPLACE INTO t SELECT id, name || 'b' FROM t WHERE id = $id", {"id": 1}),
        ("DELETE FROM t WHERE id = ?", [1]),
        ("TRUNCATE t", []),
    ]
    for sql, parameters in statements:
        first = lake.sql(sql, parameters, idempotency_key="k").write
        again = lake.sql(sql, parameters, idempotency_key="k").write
        assert first
        assert again
        assert (again.version, again.replayed, first.replayed) == (first.version, True, False)
        with pytest.raises(IdempotencyKeyReused):
            lake.sql(sql + " ", parameters, idempotency_key="k")
    with pytest.raises(IdempotencyKeyReused):
        lake.sql("DELETE FROM t WHERE id = ?", [2], idempotency_key="k")
    for sql in ("CREATE TABLE u (a INT)", "ALTER TABLE t ADD a INT", "DROP TABLE t", "COMMENT ON TABLE t IS 'x'"):
        with pytest.raises(InvalidInput, match="takes no idempotency key"):
            lake.sql(sql, idempotency_key="k")
    with pytest.raises(InvalidInput, match="RETURNING takes no idempotency key"):
        lake.sql("INSERT INTO t VALUES (5, 'a') RETURNING *", idempotency_key="k")
    assert lake.table("t").info().version == 5


def test_a_key_belongs_to_the_rows_of_a_frame(lake: Lake) -> None:
    frame = pa.table({"id": [1, 2], "name": ["a", "b"]})
    first = lake.sql("INSERT INTO t FROM frame", idempotency_key="k").write
    again = lake.sql("INSERT INTO t FROM frame", idempotency_key="k").write
    assert first
    assert again
    assert (again.version, again.replayed) == (first.version, True)
    frame = pa.table({"id": [3], "name": ["c"]})
    with pytest.raises(IdempotencyKeyReused):
        lake.sql("INSERT INTO t FROM frame", idempotency_key="k")
    assert lake.sql("SELECT count(*) FROM t").fetchall() == [(len(frame) + 1,)]


def test_properties_and_limits(lake: Lake) -> None:
    lake.sql("INSERT INTO t VALUES (1, 'a')", properties={"source": "erp"})
    assert lake.table("t").history(1)[0].properties == {"source": "erp"}
    endless = (
        "INSERT INTO t SELECT a.range::INT, 'x' FROM range(1000000) a, range(100000) b WHERE a.range + b.range < 0"
    )
    with pytest.raises(QueryTimeout):
        lake.sql(endless, timeout_seconds=0.2)
    assert lake.table("t").info().version == 2
