"""Pro in services: the service keeps the rows as files, and executors run callers' SQL over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from supertable import Lake, SupertableError
from supertable.adapters.engines.executors import ExecutorProEngine
from supertable.adapters.engines.pro import Keeper
from supertable.config.closing import close
from supertable.config.service_container import service_container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import Session, owner
from supertable.domain.errors import InvalidStatement, QueryCancelled, QueryLost, QueryTimeout
from tests.support.pro_lake import rows

DEEP = "repeat('[', 200000) || repeat(']', 200000)"
CRASH = f"SELECT json_contains({DEEP}, {DEEP}), t FROM t"


def opened(home: Path, **settings: Any) -> Lake:
    bounds = {"executors": 1, "executor_memory": "600MB", "result_cache_bytes": 0, "inline_rows": 0}
    container = service_container(load_settings(home=home, **bounds, **settings))
    return Lake(container, "main", owner("default"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("services")


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Lake]:
    lake = opened(home)
    yield lake
    close(lake._container)


@pytest.fixture
def lake(service: Lake) -> Lake:
    """With a new table `t`."""
    if "t" in {one.name for one in service.tables()}:
        service.drop("t")
    service.write("t", pa.table({"id": range(100), "name": [f"n{n % 3}" for n in range(100)]}), "upsert", keys=["id"])
    return service


def keeper(lake: Lake) -> Keeper:
    engine = lake._container.pro_engine()
    assert isinstance(engine, ExecutorProEngine)
    return engine.keeper


@pytest.fixture
def no_data_files(home: Path) -> Iterator[Callable[[], None]]:
    """Call it to make all data files unreadable until the end of the test."""
    moved: list[Path] = []

    def move() -> None:
        for file in (home / "storage").rglob("*.parquet"):
            moved.append(file)
            file.rename(file.with_suffix(".away"))

    yield move
    for file in moved:
        file.with_suffix(".away").rename(file)


COUNTS = "SELECT name, count(*) AS n, max(id) AS m FROM t GROUP BY name ORDER BY name"


def test_executors_read_what_the_service_keeps(lake: Lake, no_data_files: Callable[[], None]) -> None:
    lake.table("t").compact()  # its rows are in a commit record
    expected = [("n0", 34, 99), ("n1", 33, 97), ("n2", 33, 98)]
    assert rows(lake, COUNTS) == expected
    no_data_files()
    assert rows(lake, COUNTS) == expected
    assert rows(lake, "SELECT id FROM t WHERE id = ? AND name = ?", [7, "n1"]) == [(7,)]
    with pytest.raises(SupertableError):
        lake.sql(COUNTS, engine="lite").arrow()


def test_the_answer_tells_which_engine_ran(lake: Lake) -> None:
    lake.write("t", pa.table({"id": range(60_000), "name": ["n"] * 60_000}), "upsert")
    first = lake.sql(COUNTS, engine="pro")
    assert (first.engine, first.engine_reason.partition(" PRO. ")[2]) == (
        "lite",
        "LITE answers: PRO did not hold what the query reads at this version.",
    )
    keeper(lake).settle()
    assert keeper(lake).settled()
    second = lake.sql(COUNTS, engine="pro")
    assert (second.engine, second.engine_reason) == ("pro", "The query asks for PRO.")
    assert lake.sql(f"EXPLAIN {COUNTS}", engine="pro").engine == "lite"


def test_it_follows_each_version(lake: Lake, no_data_files: Callable[[], None]) -> None:
    rows(lake, COUNTS)
    lake.write("t", pa.table({"id": [1, 200], "name": ["n0", "new"]}), "upsert")
    lake.delete("t", where="id = 99")
    expected = [("n0", 34, 96), ("n1", 32, 97), ("n2", 33, 98), ("new", 1, 200)]
    assert rows(lake, COUNTS) == expected
    for _ in range(3):  # merged by now
        keeper(lake).settle()
        assert rows(lake, COUNTS) == expected
    no_data_files()
    assert rows(lake, COUNTS) == expected
    cache = keeper(lake)._cache
    assert cache is not None
    (island,) = [one for one in cache._islands.values() if one.folder]
    assert island.folder is not None
    assert len(list(island.folder.glob("*.duckdb*"))) == len(cache._relations)


def test_errors_limits_and_crashes(lake: Lake) -> None:
    rows(lake, COUNTS)
    with pytest.raises(InvalidStatement, match='There is no column "nope"'):
        rows(lake, "SELECT nope FROM t")
    with pytest.raises(QueryLost):
        rows(lake, CRASH)
    endless = "SELECT count(*) FROM t, range(1000000000000) r(i) WHERE hash(i + id) = 5"
    with pytest.raises(QueryTimeout):
        lake.sql(endless, engine="pro", timeout_seconds=0.3).arrow()
    with pytest.raises((QueryCancelled, QueryTimeout)):
        lake.sql(endless, engine="pro", timeout_seconds=0.0001).arrow()
    assert len(rows(lake, COUNTS)) == 3
    assert [one.holders for one in _generations(lake)] == [0] * len(_generations(lake))


def test_a_role_has_files_of_its_own(lake: Lake, no_data_files: Callable[[], None]) -> None:
    if "r" not in {role.name for role in lake.roles.list()}:
        lake.roles.create("r", "reader")
    lake.roles.grant("r", "t", columns=["id"], where="name = user_attribute('name')")

    def reader(name: str) -> Lake:
        session = Session("default", "f" * 32, "ann", "r", external=True, attributes=(("name", name),))
        return Lake(lake._container, "main", session)

    one, two = reader("n1"), reader("n2")
    expected = [("n1", 33, 97), ("n2", 33, 98)]
    sql = "SELECT count(*) AS n, max(id) AS m FROM t"
    with pytest.raises(InvalidStatement, match='There is no column "name"'):
        rows(one, "SELECT name FROM t")
    for _ in range(2):
        assert [(name, *rows(role, sql)[0]) for name, role in (("n1", one), ("n2", two))] == expected
        assert len(rows(lake, COUNTS)) == 3
        no_data_files()
    cache = keeper(lake)._cache
    assert cache is not None
    folders = {island.folder for island in cache._islands.values()}
    assert len(folders) == 3


def test_many_queries_at_once(lake: Lake) -> None:
    def turn(number: int) -> int:
        if number % 8 == 0:
            lake.write("t", pa.table({"id": [number % 100], "name": ["n0"]}), "upsert")
        ((count, most),) = rows(lake, "SELECT count(id), max(id) FROM t WHERE id >= 0")
        return int(count) * 1000 + int(most)

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(turn, range(40))) == {100_099}
    keeper(lake).settle()
    assert {one.holders for one in _generations(lake)} == {0}


def test_memory_is_not_shared(tmp_path: Path) -> None:
    lake = opened(tmp_path, pro_cache_in="memory")
    lake.write("t", pa.table({"id": [1]}))
    with pytest.raises(SupertableError, match="SUPERTABLE_PRO_CACHE_IN is memory"):
        rows(lake, "SELECT id FROM t")
    close(lake._container)


def _generations(lake: Lake) -> list[Any]:
    cache = keeper(lake)._cache
    assert cache is not None
    return [one.generation for one in cache._relations.values() if one.generation is not None]
