"""What the Pro engine keeps: where, how much, and until when."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable import Lake, Result, SupertableError
from supertable.adapters.engines.pro.folder import ProcessFolder
from supertable.adapters.engines.pro.task import Task
from tests.support.audit_events import events
from tests.support.budgets import todays
from tests.support.pro_lake import engine, generations, holds, pro_lake, rows


def fill(lake: Lake, *names: str, count: int = 1_000) -> None:
    for name in names:
        lake.write(name, pa.table({"id": range(count), "text": [f"{name} {n % 7}" for n in range(count)]}))


def databases(home: Path) -> list[Path]:
    return sorted((home / "pro-cache").rglob("*.duckdb*"))


def test_nobody_else_can_read_the_files_and_they_go_with_the_lake(tmp_path: Path) -> None:
    with pro_lake(tmp_path) as lake:
        fill(lake, "t")
        assert not (tmp_path / "pro-cache").exists()
        assert rows(lake, "SELECT count(text) FROM t WHERE id >= 0") == [(1_000,)]
        assert len(databases(tmp_path)) == 1
        for folder in [tmp_path / "pro-cache", *(tmp_path / "pro-cache").rglob("*")]:
            if folder.is_dir():
                assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        before = threading.active_count()
        lake.write("t", pa.table({"id": [0], "text": ["new"]}))
        rows(lake, "SELECT count(text) FROM t WHERE id >= 0")
    assert databases(tmp_path) == []
    assert threading.active_count() <= before
    assert not [thread for thread in threading.enumerate() if thread.name == "pro-generations"]


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.support.pro_lake import pro_lake, rows
lake = pro_lake(Path(sys.argv[1]))
print(rows(lake, "SELECT count(text) FROM t WHERE id >= 0"), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_files_of_a_killed_process_go_when_the_next_begins(tmp_path: Path) -> None:
    with pro_lake(tmp_path) as lake:
        fill(lake, "t")
        rows(lake, "SELECT count(id) FROM t WHERE id >= 0")
        (own,) = databases(tmp_path)
        ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, check=False)
        assert ended.returncode == -signal.SIGKILL
        assert ended.stdout == b"[(1000,)]\n"
        assert len(databases(tmp_path)) == 2
        with pro_lake(tmp_path) as other:
            rows(other, "SELECT count(id) FROM t WHERE id >= 0")
            assert own in databases(tmp_path)
            assert len(databases(tmp_path)) == 2
    assert databases(tmp_path) == []


def test_a_forked_process_leaves_the_folder_to_its_owner(tmp_path: Path) -> None:
    folder = ProcessFolder(tmp_path)
    child = os.fork()
    if not child:
        folder.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert folder.path.is_dir()
    folder.close()
    folder.close()
    assert not folder.path.exists()


@pytest.mark.parametrize("place", todays(["disk", "memory", "memory"], "pro tables"))
def test_the_least_recently_used_tables_go_first(tmp_path: Path, place: str) -> None:
    with pro_lake(tmp_path, pro_cache_in=place) as lake:
        fill(lake, "a", "b", "c", count=20_000)
        sizes = []
        for name in ("a", "b", "a"):
            assert rows(lake, f"SELECT count(text) FROM {name} WHERE id >= 0") == [(20_000,)]
            sizes.append(engine(lake).keeper.size())
        assert sizes[0] > 0
    with pro_lake(tmp_path, pro_cache_in=place, pro_cache_bytes=sizes[1] + sizes[0] // 2) as lake:
        for name in ("a", "b", "a", "c"):
            assert rows(lake, f"SELECT count(text), max(id) FROM {name} WHERE id >= 0") == [(20_000, 19_999)]
            assert engine(lake).keeper.size() <= sizes[1] + sizes[0] // 2
        assert [holds(lake, f"FROM {name}") for name in ("a", "b", "c")] == [True, False, True]
        assert rows(lake, "SELECT count(c.text) FROM a JOIN b USING (id) JOIN c USING (id)") == [(20_000,)]


@pytest.mark.parametrize("budget", [1, 600_000])
def test_too_small_a_budget_keeps_nothing_and_changes_no_answer(tmp_path: Path, budget: int) -> None:
    with pro_lake(tmp_path, pro_cache_bytes=budget) as lake:
        fill(lake, "a", "b")
        for _ in range(2):
            assert rows(lake, "SELECT count(*), min(a.text), max(b.text) FROM a JOIN b USING (id)") == [
                (1_000, "a 0", "b 6")
            ]
            assert engine(lake).keeper.size() <= budget


@pytest.mark.parametrize("place", todays(["disk", "memory", "disk"], "pro columns"))
def test_columns_that_fit_are_kept_without_those_that_do_not(tmp_path: Path, place: str) -> None:
    numbers = range(40_000)
    wide = pa.table(
        {"id": numbers, "one": [f"{n * 7919 % 40_009} one" for n in numbers], "two": [str(n) for n in numbers]}
    )
    with pro_lake(tmp_path, pro_cache_in=place) as lake:
        lake.write("t", wide)
        rows(lake, "SELECT count(id) FROM t WHERE id >= 0")
        small = engine(lake).keeper.size()
        rows(lake, "FROM t LIMIT 1")
        large = engine(lake).keeper.size()
    with pro_lake(tmp_path, pro_cache_in=place, pro_cache_bytes=(small + large) // 2) as lake:
        for _ in range(2):
            assert rows(lake, "SELECT count(id), count(one), count(two) FROM t WHERE id >= 0") == [(40_000,) * 3]
            assert rows(lake, "SELECT max(id) FROM t WHERE id >= 0") == [(39_999,)]
            assert [sorted(one.fields) for one in generations(lake)] == [[1]]
            assert engine(lake).keeper.size() <= (small + large) // 2
        lake.write("t", wide.slice(0, 1))
        assert rows(lake, "SELECT count(id), count(two) FROM t WHERE id >= 0") == [(40_001,) * 2]


def test_without_a_budget_pro_is_not_there(tmp_path: Path) -> None:
    with pro_lake(tmp_path, pro_cache_bytes=0) as lake:
        fill(lake, "t")
        with pytest.raises(SupertableError, match="SUPERTABLE_PRO_CACHE_BYTES is 0"):
            rows(lake, "SELECT count(text) FROM t WHERE id >= 0")
        assert lake.sql("SELECT count(text) AS n FROM t WHERE id >= 0").arrow().to_pydict() == {"n": [1_000]}
        assert not (tmp_path / "pro-cache").exists()


def test_a_folder_that_cannot_be_made_leaves_the_files_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "pro-cache").write_text("in the way")
    with pro_lake(tmp_path) as lake:
        fill(lake, "t")
        assert rows(lake, "SELECT count(text) FROM t WHERE id >= 0") == [(1_000,)]
        assert generations(lake) == []


def test_large_tables_are_copied_in_the_background(tmp_path: Path) -> None:
    with pro_lake(tmp_path) as lake:
        fill(lake, "t", count=60_000)
        assert rows(lake, "SELECT count(text) FROM t WHERE id >= 0") == [(60_000,)]
        engine(lake).keeper.settle()
        assert holds(lake, "FROM t")
        lake.write("t", pa.table({"id": range(60_000), "text": ["y"] * 60_000}))
        assert rows(lake, "SELECT count(text) FROM t WHERE text = 'y'") == [(60_000,)]
        engine(lake).keeper.settle()
        assert rows(lake, "SELECT count(text) FROM t WHERE text = 'y'") == [(60_000,)]
        engine(lake).keeper.settle()
        assert holds(lake, "FROM t")


ASKED = "The query asks for PRO."
READS = "SELECT count(text) AS n FROM t WHERE id >= 0"
NOT_HELD = (f"{ASKED} LITE answers: PRO did not hold what the query reads at this version.",)
NOT_KEPT = (f"{ASKED} LITE answers: PRO keeps nothing of what the query reads.",)


def told(result: Result) -> tuple[str, str]:
    return result.engine, result.engine_reason


def test_the_answer_tells_which_engine_ran(tmp_path: Path) -> None:
    with pro_lake(tmp_path, result_cache_bytes=1_000_000) as lake:
        fill(lake, "t", count=60_000)
        assert told(lake.sql(READS, engine="pro")) == ("lite", *NOT_HELD)
        engine(lake).keeper.settle()
        again = lake.sql(READS, engine="pro")
        assert again.engine_reason.startswith("The result cache has the rows, which LITE read before.")
        assert again.engine == "lite"
        assert told(lake.sql(f"{READS} AND id < 9", engine="pro")) == ("pro", ASKED)
        copied = lake.sql("CREATE TABLE copy AS SELECT id FROM t WHERE id < 9", engine="pro")
        assert told(copied) == ("pro", ASKED)
        lake.write("t", pa.table({"id": range(60_000), "text": ["y"] * 60_000}))
        changed = lake.sql("INSERT INTO copy SELECT id FROM t WHERE text <> 'y'", engine="pro")
        assert told(changed) == ("lite", *NOT_HELD)
        plan = lake.sql(f"EXPLAIN {READS}", engine="pro")
        assert told(plan) == ("lite", *NOT_KEPT)
        assert plan.arrow().column(0)[0].as_py() == f"ENGINE lite: {NOT_KEPT[0]}"
        assert told(lake.sql("SELECT count(*) FROM t", engine="pro")) == ("lite", *NOT_KEPT), "the snapshot knows"
        queries = [event for event in events(lake) if event["kind"] == "query" and event["engine"]]
        answered = ["lite", "lite (result cache)", "pro", "pro", "lite", "lite", "lite"]
        assert [event["engine"] for event in queries] == answered


def test_roles_that_see_a_part_are_not_told_what_depends_on_all_rows(tmp_path: Path) -> None:
    with pro_lake(tmp_path) as lake, supertable.connect(tmp_path, role="clerk") as clerk:
        fill(lake, "t", count=60_000)
        lake.roles.create("clerk", "reader")
        lake.roles.grant("clerk", "t", where="id < 3")
        assert told(clerk.sql(READS, engine="pro")) == ("pro", ASKED)


def test_what_auto_asks_about_is_refreshed(tmp_path: Path) -> None:
    with pro_lake(tmp_path) as lake:
        fill(lake, "t")
        rows(lake, "SELECT count(text) FROM t WHERE id >= 0")
        assert lake.sql("SELECT count(text) FROM t WHERE id >= 0").engine == "pro"
        lake.write("t", pa.table({"id": [0], "text": ["new"]}))
        found = lake.sql("SELECT count(text) AS n FROM t WHERE id >= 0")
        assert (found.arrow().to_pydict(), found.engine) == ({"n": [1_001]}, "lite")
        engine(lake).keeper.settle()
        found = lake.sql("SELECT count(text) AS n FROM t WHERE id >= 0")
        assert (found.arrow().to_pydict(), found.engine) == ({"n": [1_001]}, "pro")


def test_a_refresh_that_waited_goes_to_the_newest_version_that_was_asked_for(tmp_path: Path) -> None:
    with pro_lake(tmp_path) as lake:
        fill(lake, "t")
        rows(lake, READS)
        background = engine(lake).keeper._cache.background  # type: ignore[union-attr]
        begun, over = threading.Event(), threading.Event()

        def busy(_: Task) -> None:
            begun.set()
            over.wait(20)

        background.add("busy", busy)
        begun.wait(20)
        for number in range(2):
            lake.write("t", pa.table({"id": [number], "text": ["new"]}))
            assert lake.sql(READS).engine == "lite"
        over.set()
        engine(lake).keeper.settle()
        found = lake.sql(READS)
        assert (found.arrow().to_pydict(), found.engine) == ({"n": [1_002]}, "pro")


def test_a_missing_database_costs_no_answer(tmp_path: Path) -> None:
    with pro_lake(tmp_path) as lake:
        fill(lake, "t")
        rows(lake, "SELECT count(text) FROM t WHERE id >= 0")
        cache = engine(lake).keeper._cache
        assert cache is not None
        for island in cache._islands.values():
            island.abandon()
        assert rows(lake, "SELECT count(text) FROM t WHERE id >= 0") == [(1_000,)]
        assert rows(lake, "SELECT count(id) FROM t WHERE id >= 0") == [(1_000,)]
        assert holds(lake, "FROM t")
