"""The engine of a statement: who names it, what the result says of it, and what refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

import supertable
from supertable.domain.engine_choice import EngineLimits, EngineName
from supertable.domain.errors import EngineUnavailable, InvalidInput, InvalidSetting
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.audit_events import events
from tests.support.engines import OtherEngine, with_pro

ROWS = {"id": [1, 2, 3], "name": ["fig", "plum", None]}
HELD = "PRO holds what the query reads."


@pytest.fixture
def pro(lake: Lake) -> OtherEngine:
    found = with_pro(lake._container)
    lake.write("fruit", ROWS, keys=["id"])
    return found


@pytest.mark.parametrize("name", ["pro", "PRO", "Pro"])
def test_a_query_asks_for_an_engine(lake: Lake, pro: OtherEngine, name: str) -> None:
    result = lake.sql("SELECT id FROM fruit ORDER BY id", engine=name)
    assert (result.engine, result.engine_reason) == ("pro", "The query asks for PRO.")
    assert (list(result), pro.runs, pro.asked) == ([(1,), (2,), (3,)], 1, [])


def test_rows_and_changes_ask_for_an_engine(lake: Lake, pro: OtherEngine) -> None:
    assert lake.table("fruit").rows(["id"], "id < 3", engine="pro").engine == "pro"
    assert lake.changes("fruit", 0, engine="lite").engine == "lite"
    assert pro.runs == 1
    with pytest.raises(EngineUnavailable):
        lake.table("fruit").rows(engine="spark")
    with pytest.raises(EngineUnavailable):
        lake.changes("fruit", 0, engine="spark")


def test_without_a_name_the_matrix_chooses(lake: Lake, pro: OtherEngine) -> None:
    result = lake.sql("SELECT id FROM fruit")
    assert result.engine == "lite"
    assert result.engine_reason.endswith("up to 104.9 MB are for LITE.")
    pro.holds = True
    held = lake.sql("SELECT id FROM fruit")
    assert (held.engine, held.engine_reason) == ("pro", HELD)
    ((scan,),) = [tuple(scans.values()) for scans in pro.asked[-1:]]
    assert (scan.table, scan.version) == ("fruit", held.versions["fruit"][0])  # type: ignore[union-attr]
    assert lake.sql("SELECT 1").engine == "lite", "nothing that could be held is read"


def test_an_engine_that_is_away(lake: Lake, pro: OtherEngine) -> None:
    pro.holds, pro.away = True, "it has no memory left"
    assert lake.sql("FROM fruit").engine == "lite"
    with pytest.raises(EngineUnavailable, match="The engine PRO is not available: it has no memory left"):
        lake.sql("FROM fruit", engine="pro")
    with pytest.raises(EngineUnavailable, match="The engine SPARK is not available: no cluster is"):
        lake.sql("FROM fruit", engine="spark")
    assert pro.runs == 0


@pytest.mark.parametrize("name", ["duckdb", "", "pro ", "ſpark"])
def test_unknown_names(lake: Lake, pro: OtherEngine, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"Use AUTO, LITE, PRO, SPARK\. Nothing was run\."):
        lake.sql("DELETE FROM fruit", engine=name)
    assert len(lake.sql("FROM fruit")) == 3


def test_sizes_and_ages_of_tables(lake: Lake) -> None:
    pro = with_pro(lake._container, EngineLimits(lite_max_bytes=10, fresh_seconds=3600))
    lake.write("fruit", ROWS, keys=["id"])
    fresh = lake.sql("SELECT count(name) FROM fruit")
    assert fresh.engine == "lite"
    assert "and the newest write was" in fresh.engine_reason
    lake.write("fruit", ROWS, mode="upsert")
    old = lake.sql("SELECT count(name) FROM fruit AT (VERSION => 2)")
    assert (old.engine, old.engine_reason.partition(" of ")[2]) == ("pro", "versions whose age does not count: PRO.")
    pruned = lake.sql("SELECT count(name) FROM fruit WHERE id > 100")
    assert (pruned.engine, pruned.engine_reason) == ("lite", "The query reads 0 bytes: up to 10 bytes are for LITE.")
    assert list(old) == [(2,)]
    assert pro.runs == 1


def test_statements_that_write_from_queries_choose_too(lake: Lake, pro: OtherEngine) -> None:
    statements = {
        "INSERT INTO fruit SELECT id + 10, name FROM fruit": 1,
        "CREATE TABLE copy AS SELECT * FROM fruit": 1,
        "UPDATE fruit SET name = upper(name) WHERE id < 3": 1,
        "MERGE INTO fruit USING copy ON fruit.id = copy.id WHEN MATCHED THEN UPDATE SET name = copy.name": 1,
        "DELETE FROM fruit USING copy WHERE fruit.id = copy.id AND copy.id = 1": 1,
        "INSERT INTO fruit VALUES (99, 'kiwi')": 1,
        "DROP TABLE copy": 0,
    }
    for sql, runs in statements.items():
        before = pro.runs
        result = lake.sql(sql, engine="pro")
        assert (sql, pro.runs - before, result.engine) == (sql, runs, "pro" if runs else "")
        assert result.engine_reason == ("The query asks for PRO." if runs else "")
    assert lake.sql("SELECT id, name FROM fruit ORDER BY id").arrow().to_pydict() == {
        "id": [2, 3, 11, 12, 13, 99],
        "name": ["plum", None, "fig", "plum", None, "kiwi"],
    }
    pro.away = "it sleeps"
    with pytest.raises(EngineUnavailable):
        lake.sql("INSERT INTO fruit SELECT id + 100, name FROM fruit", engine="pro")
    assert lake.sql("UPDATE fruit SET name = 'x'").engine == "lite"


def test_a_table_s_own_sql(lake: Lake, pro: OtherEngine) -> None:
    assert lake.table("fruit").sql("SELECT count(*) FROM self", engine="pro").engine == "pro"


def test_explain_and_the_audit_log_tell(lake: Lake, pro: OtherEngine) -> None:
    plan = lake.sql("EXPLAIN SELECT id FROM fruit", engine="pro").arrow()["plan"].to_pylist()
    assert plan[0] == "ENGINE pro: The query asks for PRO."
    assert len(plan) > 1
    lake.sql("FROM fruit", engine="pro").arrow()
    lake.sql("FROM fruit").arrow()
    found = [(event["what"], event["engine"]) for event in events(lake) if event["kind"] == "query"]
    assert found == [("explain", "pro"), ("query", "pro"), ("query", "lite")]


def test_the_engine_of_a_table(lake: Lake, pro: OtherEngine, home: Path) -> None:
    fruit = lake.table("fruit")
    assert fruit.engine() == "default"
    written = fruit.set_engine("PRO")
    assert (fruit.engine(), fruit.history(1)[0].description, written.rows_inserted) == ("pro", "engine: pro", 0)
    fruit.set_maintenance(small_files=3)
    result = lake.sql("SELECT id FROM fruit")
    assert (result.engine, result.engine_reason) == ("pro", "The engine of what the query reads is set to PRO.")
    assert lake.sql("SELECT id FROM fruit", engine="lite").engine == "lite"
    assert lake.sql("SELECT id FROM fruit", engine="auto").engine == "lite"
    assert lake.sql("SELECT id FROM fruit AT (VERSION => 2)").engine == "lite", "it was set later"
    pro.away = "it sleeps"
    passed = lake.sql("SELECT id FROM fruit")
    assert (passed.engine, passed.engine_reason.partition("PRO. ")[2]) == ("lite", "PRO is passed over: it sleeps.")
    pro.away = ""
    lake.write("other", ROWS)
    assert lake.sql("FROM fruit JOIN other USING (id)").engine == "pro"
    lake.table("other").set_engine("lite")
    assert lake.sql("FROM fruit JOIN other USING (id)").engine_reason.endswith("are for LITE.")
    lake.table("other").set_engine("auto")
    assert lake.sql("FROM other").engine_reason.endswith("are for LITE.")
    lake.clone("fruit", "copy")
    assert lake.table("copy").engine() == "pro"
    assert fruit.set_engine("default").version > written.version
    assert lake.sql("SELECT id FROM fruit").engine == "lite"
    with pytest.raises(InvalidSetting, match="it must be one of default, auto, lite, pro, spark"):
        fruit.set_engine("duckdb")
    lake.roles.create("writer", "writer", "*")
    with supertable.connect(home, role="writer") as writer, pytest.raises(supertable.AccessDenied):
        writer.table("fruit").set_engine("pro")


@pytest.mark.parametrize("setting", ["PRO", "pro"])
def test_the_setting(lake: Lake, setting: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pro = with_pro(lake._container, default=EngineName.PRO)
    assert lake.sql("SELECT 1").engine_reason == "SUPERTABLE_DEFAULT_ENGINE is PRO."
    assert lake.sql("SELECT 1", engine="auto").engine == "lite"
    pro.away = "it sleeps"
    passed = "SUPERTABLE_DEFAULT_ENGINE is PRO. PRO is passed over: it sleeps."
    assert lake.sql("SELECT 1").engine_reason == passed
    monkeypatch.setenv("SUPERTABLE_DEFAULT_ENGINE", setting)
    with supertable.connect(tmp_path / "other") as other:
        assert other._container.settings().default_engine is EngineName.PRO
        assert other.sql("SELECT 1").engine_reason.startswith("SUPERTABLE_DEFAULT_ENGINE is PRO.")
    monkeypatch.setenv("SUPERTABLE_DEFAULT_ENGINE", "duckdb")
    with pytest.raises(InvalidSetting, match="it must be one of auto, lite, pro, spark"):
        supertable.connect(tmp_path / "third")
