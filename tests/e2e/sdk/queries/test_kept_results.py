"""Results that are kept for equal queries: when they are, when they must not be, and that rights count at once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable.application.ports.engines.running_queries import Limits
from supertable.domain.errors import (
    AccessDenied,
    EngineUnavailable,
    NotSignedIn,
    QueryCancelled,
    ResultTooLarge,
    TableNotFound,
    VersionNotFound,
)
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.audit_events import events
from tests.support.engines import with_pro

KEPT = "The result cache has the rows, which LITE read before."
ROWS = {"id": [1, 2, 3], "name": ["fig", "plum", None]}


@pytest.fixture(autouse=True)
def default_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPERTABLE_RESULT_CACHE_BYTES")


@pytest.fixture
def fruit(lake: Lake) -> Lake:
    lake.write("fruit", ROWS, keys=["id"])
    return lake


@pytest.fixture
def reader(fruit: Lake, home: Path) -> Iterator[Lake]:
    """A role that sees the rows from 2 on."""
    fruit.roles.create("reader", "reader")
    fruit.roles.grant("reader", "fruit", where="id >= 2")
    with supertable.connect(home, role="reader") as lake:
        yield lake


def is_kept(lake: Lake, sql: str, *parameters: object, **options: object) -> bool:
    """Whether the rows were kept already. Reads all of them."""
    result = lake.sql(sql, list(parameters), **options)  # type: ignore[arg-type]
    result.arrow()
    assert result.engine == "lite"
    return result.engine_reason == KEPT


def test_the_second_run_is_kept_with_its_versions(fruit: Lake) -> None:
    first, second = (fruit.sql("SELECT id FROM fruit WHERE id > ? ORDER BY id", [1]) for _ in range(2))
    assert (first.engine_reason == KEPT, second.engine_reason == KEPT) == (False, True)
    assert (list(first), first.versions) == (list(second), second.versions) == ([(2,), (3,)], {"fruit": (2,)})
    fruit.write("fruit", {"id": [4], "name": ["kiwi"]})
    third = fruit.sql("SELECT id FROM fruit WHERE id > ? ORDER BY id", [1])
    assert (list(third), third.versions) == ([(2,), (3,), (4,)], {"fruit": (3,)})
    assert is_kept(fruit, "SELECT id FROM fruit AT (VERSION => 2) WHERE id > ? ORDER BY id", 1) is False
    assert is_kept(fruit, "SELECT id FROM fruit AT (VERSION => 2) WHERE id > ? ORDER BY id", 1)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id, now() FROM fruit",
        "SELECT current_date FROM fruit",
        "SELECT id FROM fruit USING SAMPLE 1",
        "SELECT random()",
        "EXPLAIN SELECT id FROM fruit",
        "FROM information_schema.tables",
        "SHOW TABLES",
        "FROM table_versions('fruit')",
        "SELECT * FROM frame",
        "SELECT * FROM 'rows.csv'",
        "UPDATE fruit SET name = 'x' WHERE id = 1",
    ],
)
def test_what_depends_on_more_is_never_kept(
    fruit: Lake, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("a\n1\n")
    frame = pa.table({"a": [1]})
    for _ in range(3):
        assert fruit.sql(sql).engine_reason != KEPT
    del frame


def test_parameters_have_types(fruit: Lake) -> None:
    for value, name in ((1, "INTEGER"), (1.0, "DOUBLE"), (True, "BOOLEAN"), ("1", "VARCHAR")):
        assert list(fruit.sql("SELECT typeof(?)", [value])) == [(name,)]
    assert is_kept(fruit, "SELECT typeof(?)", 1.0)


def test_rights_count_at_once(fruit: Lake, reader: Lake) -> None:
    sql = "SELECT id FROM fruit ORDER BY id"
    assert [list(fruit.sql(sql)), list(reader.sql(sql))] == [[(1,), (2,), (3,)], [(2,), (3,)]]
    assert is_kept(reader, sql)
    fruit.roles.grant("reader", "fruit", where="id >= 3")
    assert list(reader.sql(sql)) == [(3,)]
    fruit.roles.grant("reader", "fruit", columns=["name"])
    with pytest.raises(supertable.SupertableError):
        reader.sql(sql)
    assert list(reader.sql("SELECT * FROM fruit ORDER BY name LIMIT 1")) == [("fig",)]
    fruit.roles.grant("reader", "fruit", where="id >= 2")
    assert list(reader.sql(sql)) == [(2,), (3,)]
    fruit.roles.revoke("reader", "fruit")
    with pytest.raises((TableNotFound, AccessDenied)):
        reader.sql(sql)


def test_a_revoked_token_gets_nothing(fruit: Lake, home: Path) -> None:
    fruit.roles.create("all", "reader", "*")
    fruit.users.create("eve", ["all"])
    token = fruit.tokens.create("key", "eve")
    with supertable.connect(home, token=token.secret) as lake:
        lake.sql("FROM fruit").arrow()
        assert is_kept(lake, "FROM fruit")
        fruit.tokens.revoke(token.info.id)
        with pytest.raises(NotSignedIn):
            lake.sql("FROM fruit")


def test_kept_rows_need_no_files(fruit: Lake, home: Path) -> None:
    fruit.sql("FROM fruit").arrow()
    for folder in home.rglob("data"):
        shutil.rmtree(folder)
    assert is_kept(fruit, "FROM fruit")


def test_limits_and_cancellation(fruit: Lake) -> None:
    fruit.sql("FROM fruit").arrow()
    with pytest.raises(ResultTooLarge):
        fruit.sql("FROM fruit", max_rows=2).arrow()
    assert is_kept(fruit, "FROM fruit", max_rows=3)
    streamed = fruit.sql("FROM fruit", stream=True)
    streamed.cancel()
    with pytest.raises(QueryCancelled):
        streamed.arrow()


def test_a_stream_that_was_left_is_not_kept(fruit: Lake) -> None:
    sql = "SELECT * FROM range(200000)"
    result = fruit.sql(sql, stream=True)
    next(iter(result))
    result.close()
    assert is_kept(fruit, sql, stream=True) is False
    assert is_kept(fruit, sql, stream=True)
    assert is_kept(fruit, "SELECT * FROM range(2000000)", stream=True) is False
    assert is_kept(fruit, "SELECT * FROM range(2000000)", stream=True) is False, "it takes more than an eighth"


def test_what_statements_read_to_write_it_is_not_kept(fruit: Lake) -> None:
    kept = fruit._container.results()._cache
    fruit.sql("CREATE TABLE copy AS SELECT * FROM fruit")
    fruit.sql("INSERT INTO copy SELECT * FROM fruit")
    assert kept.bytes == 0
    fruit.sql("FROM fruit").arrow()
    assert kept.bytes > 0


def test_who_asks_counts_where_the_filter_says_so(fruit: Lake, home: Path) -> None:
    fruit.roles.create("own", "reader")
    fruit.roles.grant("own", "fruit", where="name = user_attribute('name')")
    for user, name in (("eve", "fig"), ("ann", "plum")):
        fruit.users.create(user, ["own"], attributes={"name": name})
    container = fruit._container
    answers: list[tuple[list[int], bool]] = []
    for user in ("eve", "ann", "eve", "ann"):
        with supertable.connect(home, token=fruit.tokens.create(f"{user} {len(answers)}", user).secret) as lake:
            prepared = container.run_query().prepare(lake._namespace, "SELECT id FROM fruit")
            rows = container.run_query().run(prepared, (), Limits()).reader.read_all()
            answers.append((rows["id"].to_pylist(), prepared.result.rows is not None))
    assert answers == [([1], False), ([2], False), ([1], True), ([2], True)]


def test_names_and_views_count(fruit: Lake) -> None:
    union = "SELECT DISTINCT _table FROM main ORDER BY ALL"
    assert list(fruit.sql(union)) == [("fruit",)]
    fruit.sql("ALTER TABLE fruit RENAME TO fruits")
    assert list(fruit.sql(union)) == [("fruits",)]
    fruit.sql("CREATE VIEW few AS SELECT id FROM fruits WHERE id < 3")
    assert list(fruit.sql("SELECT count(*) FROM few")) == [(2,)]
    fruit.sql("CREATE OR REPLACE VIEW few AS SELECT id FROM fruits WHERE id < 2")
    assert list(fruit.sql("SELECT count(*) FROM few")) == [(1,)]
    assert is_kept(fruit, "SELECT count(*) FROM few")
    fruit.sql("DROP TABLE fruits")
    fruit.write("fruits", {"id": [1], "name": ["new"]})
    assert list(fruit.sql("SELECT name FROM fruits")) == [("new",)]


def test_pivots_find_their_values_anew(fruit: Lake) -> None:
    sql = "PIVOT fruit ON name USING count(*) GROUP BY id ORDER BY id"
    assert fruit.sql(sql).columns == ["id", "fig", "plum"]
    fruit.write("fruit", {"id": [4], "name": ["kiwi"]})
    assert fruit.sql(sql).columns == ["id", "fig", "kiwi", "plum"]
    assert is_kept(fruit, sql)


def test_versions_that_a_vacuum_removed(lake: Lake) -> None:
    lake.write("many", {"id": list(range(5_000))})
    sql = "SELECT sum(id) FROM many AT (VERSION => 2)"
    lake.sql(sql).arrow()
    lake.write("many", {"id": list(range(5_000))}, mode="overwrite")
    assert is_kept(lake, sql)
    lake.table("many").vacuum(retention=0)
    with pytest.raises(VersionNotFound):
        lake.sql(sql)


def test_the_audit_log_has_them_like_any_query(fruit: Lake) -> None:
    for _ in range(2):
        fruit.sql("FROM fruit").arrow()
    found = [event for event in events(fruit) if event["kind"] == "query"]
    told = [(event["engine"], event["rows"], event["version"], event["outcome"]) for event in found]
    assert told == [("lite", 3, 2, "ok"), ("lite (result cache)", 3, 2, "ok")]
    assert found[0]["statement"] == found[1]["statement"]


def test_engines_that_are_asked_for_have_results_of_their_own(lake: Lake) -> None:
    pro = with_pro(lake._container)
    lake.write("fruit", ROWS, keys=["id"])
    for engine, runs in (("lite", 0), ("pro", 1), ("pro", 1), ("auto", 1)):
        lake.sql("FROM fruit", engine=engine).arrow()
        assert pro.runs == runs
    assert lake.sql("FROM fruit", engine="pro").engine_reason == KEPT.replace("LITE", "PRO")
    pro.away = "it sleeps"
    with pytest.raises(EngineUnavailable):
        lake.sql("FROM fruit", engine="pro")


def test_without_memory_nothing_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_RESULT_CACHE_BYTES", "0")
    with supertable.connect(home) as lake:
        lake.write("fruit", ROWS, keys=["id"])
        assert [is_kept(lake, "FROM fruit") for _ in range(3)] == [False] * 3
