"""Statements of roles that see a part: the same answers, errors, limits and cancellation as those of an owner.

Here the part happens to be the whole, so that both ways must agree. Tests in `tests/attacks` show what they hide.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from supertable.domain.errors import QueryCancelled, QueryOutOfMemory, QueryTimeout, SupertableError
from tests.integration.duckdb import test_duckdb_engine as of_owners
from tests.support.parquet_tables import ParquetTables

ENDLESS = "select count(*) from t, range(1000000000000) r(i) where hash(i + a) = 5"
COLUMNS = """
select * from t
select t from t
select t.* from t
select s, t.a from t
select x from (select t as x from t)
select #2 from t
select * from t as u(p, q)
select p from t as u(p, q)
select "NULL" from t
select st_row from t
select st_count from t
select A, "S" from T
select count(*) from t
select (select count(*) from t), (select count(*) from t where a > 3)
select 1 from t
select columns('a|s') from t
select * exclude (a) from t
select * from t natural join u
select * from t join u using (a)
select t.s, u.b from t, u where t.a = u.a
select s from t where exists (select 1 from u where u.a = t.a)
select a, b from (select a, s as b from t) order by b
select * from (pivot t on s in ('x', 'y') using count(*))
select * from (unpivot (select a, a + 1 as b from t) on a, b into name n value v)
select column_name, min, max, count from (summarize t)
describe t
select a from t union all select b from u
select * from t union all by name select * from u
with c as (select a from t) select x.a from c x join c y on x.a = y.a
with c as (select * from t), d as (select a from c) select count(*) from d
with recursive r as (select 0 as n union all select n + 1 from r join t on t.a = r.n) select max(n) from r
select list(a order by a) from t
select nope from t
select t.nope from t join u using (a)
"""


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[ParquetTables]:
    made = ParquetTables(tmp_path / "lake", memory_limit="200MB", governed=True)
    yield made
    made.engine.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> ParquetTables:
    made = ParquetTables(tmp_path_factory.mktemp("small") / "lake")
    parts = [
        pa.table({"a": [0, 1, 2, None], "s": ["x", "y", None, "z"]}),
        pa.table({"a": [3, 4, 5], "s": ["", "é", "x"]}),
    ]
    made.table("t", *parts, dead={0: [1], 1: [2]})
    made.table("u", pa.table({"a": [0, 2, 2, None], "b": [7, 8, 9, 10]}))
    return made


class TestDamage(of_owners.TestDamage):
    pass


@pytest.mark.parametrize("sql", COLUMNS.strip().splitlines())
def test_the_columns_that_a_statement_names(small: ParquetTables, sql: str) -> None:
    answers = []
    for small.governed in (False, True):
        try:
            answers.append(small.query(sql).to_pydict())
        except SupertableError as error:
            answers.append({type(error).__name__: [str(error)]})
    if "InvalidStatement" not in answers[0]:
        answers = [{name: sorted(map(repr, values)) for name, values in answer.items()} for answer in answers]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("stop", ["cancel", "time limit"])
def test_a_statement_that_never_ends(tables: ParquetTables, stop: str) -> None:
    tables.table("t", pa.table({"a": range(100)}))
    query = tables.start(ENDLESS, timeout_seconds=0.3 if stop == "time limit" else None)
    threading.Timer(0.3, query.cancel if stop == "cancel" else lambda: None).start()
    with pytest.raises(QueryCancelled if stop == "cancel" else QueryTimeout):
        query.reader.read_all()


@pytest.mark.parametrize("needed", ["stream", "table"])
def test_the_first_stage_is_stopped(tables: ParquetTables, needed: str) -> None:
    """Its files are still being opened when the caller cancels."""
    tables.table("t", pa.table({"a": range(100)}))
    opening, go_on = threading.Event(), threading.Event()
    opened = tables.open

    def slow(files: Any, stopped: Callable[[], bool]) -> Any:
        opening.set()
        while not stopped():
            assert not go_on.wait(0.01)
        return opened(files, stopped)

    tables.open = slow  # type: ignore[method-assign]
    query = tables.start(
        "select sum(a) from t" if needed == "stream" else "with c as (from t) select count(*) from c, c d"
    )
    threading.Thread(target=lambda: (opening.wait(10), query.cancel())).start()
    with pytest.raises(QueryCancelled):
        query.reader.read_all()


def test_a_query_that_is_left_releases_both_stages(tables: ParquetTables) -> None:
    numbers = np.arange(1_000_000)
    tables.table("t", pa.table({"a": numbers, "s": numbers.astype(str)}))
    cursors = []
    for instance in (tables.instance, tables.sandbox):
        made = instance.cursor

        def recorded(made: Callable[[], duckdb.DuckDBPyConnection] = made) -> duckdb.DuckDBPyConnection:
            cursor = made()
            cursors.append(weakref.ref(cursor))
            return cursor

        instance.cursor = recorded  # type: ignore[method-assign]
    query = tables.start("select * from t")
    assert query.reader.read_next_batch().num_rows
    query.close()
    forgotten = tables.start("select a from t").reader
    assert forgotten.read_next_batch().num_rows
    del forgotten
    assert tables.query("select * from t limit 3").num_rows == 3
    deadline = time.monotonic() + 30
    while not all(map(_is_closed, cursors)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_closed(reference: weakref.ref[duckdb.DuckDBPyConnection]) -> bool:
    cursor = reference()
    try:
        if cursor is not None:
            cursor.execute("SELECT 1")
    except duckdb.ConnectionException:
        return True
    return cursor is None


def test_memory_and_spilling(tmp_path: Path) -> None:
    numbers = np.arange(600_000)
    tables = ParquetTables(tmp_path / "lake", memory_limit="40MB", governed=True)
    tables.table("t", pa.table({"a": numbers, "s": np.char.add("some longer text ", numbers.astype(str))}))
    ordered = tables.query("select a, s from t order by s desc, a")
    assert ordered["a"][0].as_py() == 99_999
    assert ordered.num_rows == 600_000
    twice = tables.query("with c as (from t) select count(*) n, min(x.s) low from c x join c y using (a)")
    assert twice.to_pylist() == [{"n": 600_000, "low": "some longer text 0"}]
    with pytest.raises(QueryOutOfMemory, match="40MB"):
        tables.query("select list(s order by hash(a)) from t")
    assert tables.query("select count(*) n from t")["n"].to_pylist() == [600_000]
