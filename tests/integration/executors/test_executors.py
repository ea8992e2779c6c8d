"""Queries in executors: the same answers, and nothing that harms others."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pyarrow as pa
import pytest

import supertable
from supertable.adapters.engines.executors import executor
from supertable.application.ports.engines.callers import Caller
from supertable.application.ports.engines.running_queries import Limits, RunningQuery
from supertable.application.tables.namespace import Namespace
from supertable.config.closing import close
from supertable.config.container import Container
from supertable.config.service_container import service_container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import owner
from supertable.domain.errors import (
    InvalidStatement,
    QueryCancelled,
    QueryFailed,
    QueryLost,
    QueryOutOfMemory,
    QueryTimeout,
    ResultTooLarge,
    StatementRefused,
    SupertableError,
)
from supertable.domain.table.commits import CommitInfo

MAIN = Namespace("default", "main", owner("default"))
ROWS = 200_000
ENDLESS = (
    "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c WHERE a.range + b.range + c.range = 7"
)
UNINTERRUPTIBLE = "SELECT levenshtein(repeat('ab', 200000 + id), repeat('ba', 200000)) FROM t LIMIT 1"
LARGE = "SELECT damerau_levenshtein(repeat('ab', 40000 + id), repeat('ba', 40000)) FROM t LIMIT 1"
CRASHES = (
    "SELECT json_contains(repeat('[', 200000) || repeat(']', 200000), repeat('[', 200000) || repeat(']', 200000))",
    "SELECT from_json('{}', repeat('[', 200000) || repeat(']', 200000))",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("executors")
    with supertable.connect(home) as lake:
        rows = {"id": range(ROWS), "name": [f"name {number}" for number in range(ROWS)]}
        lake.create_table_from("t", pa.table({key: list(values) for key, values in rows.items()}))
        lake.create_table_from("few", pa.table({"id": [1, 2, 3]}))
        lake.sql("CREATE VIEW odd AS SELECT id, id % 2 AS rest FROM few WHERE id <> 2")
        lake.sql("CREATE VIEW on_odd AS SELECT sum(id) AS total FROM odd")
    return home


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Container]:
    container = service_container(
        load_settings(
            home=home,
            executors=2,
            executor_memory="600MB",
            queries_per_user=2,
            query_timeout_seconds=1.0,
            result_cache_bytes=0,
        )
    )
    yield container
    close(container)


def started(
    service: Container, sql: str, parameters: Sequence[Any] = (), user: str = "", **limits: Any
) -> RunningQuery:
    session = replace(MAIN.session, user=user or MAIN.session.user)
    run = service.run_query()
    prepared = run.prepare(replace(MAIN, session=session), sql, parameters)
    return run.run(prepared, parameters, Limits(**limits))


def answer(service: Container, sql: str, parameters: Sequence[Any] = (), **limits: Any) -> list[Any]:
    running = started(service, sql, parameters, **limits)
    try:
        rows: list[Any] = running.reader.read_all().to_pylist()
        return rows
    finally:
        running.close()


def executors() -> set[int]:
    """The processes that are forked from those that fork executors."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "executors.nursery" in " ".join(child.cmdline()) and child.ppid() != os.getpid():
                found.add(child.pid)
    return found


def test_answers_are_those_of_the_engine_in_process(service: Container) -> None:
    assert answer(service, "SELECT count(*) AS n, sum(id) AS s FROM t") == [{"n": ROWS, "s": ROWS * (ROWS - 1) // 2}]
    assert answer(service, "SELECT name FROM t WHERE id = ?", [7]) == [{"name": "name 7"}]
    assert answer(service, "SELECT id FROM t WHERE id < 0") == []
    assert len(answer(service, "SELECT * FROM t")) == ROWS
    assert [row["x"] for row in answer(service, "SELECT id::VARCHAR::ENUM('1', '2', '3') AS x FROM few")] == [
        "1",
        "2",
        "3",
    ]
    assert answer(service, "EXPLAIN SELECT id FROM few")


def test_executors_read_views_listings_and_the_values_of_pivots(service: Container) -> None:
    assert answer(service, "SELECT total FROM on_odd") == [{"total": 4}]
    assert answer(service, "PIVOT few ON id USING count(*)") == [{"1": 1, "2": 1, "3": 1}]
    assert answer(service, "PIVOT odd ON id USING max(rest) GROUP BY rest") == [{"rest": 1, "1": 1, "3": 1}]
    listed = "SELECT table_name, column_name FROM information_schema.columns WHERE table_name LIKE '%odd' ORDER BY ALL"
    assert [tuple(row.values()) for row in answer(service, listed)] == [
        ("odd", "id"),
        ("odd", "rest"),
        ("on_odd", "total"),
    ]
    assert [row["name"] for row in answer(service, "SHOW TABLES")] == ["few", "odd", "on_odd", "t"]
    assert [row["version"] for row in answer(service, "SHOW VERSIONS FROM few")] == [2, 1]
    assert answer(service, "EXPLAIN ANALYZE SELECT * FROM odd")
    with pytest.raises(StatementRefused, match="Files cannot be read"):
        answer(service, "FROM '/etc/passwd'")


def test_an_encoded_answer_is_an_arrow_stream_of_the_same_rows(service: Container) -> None:
    def encoded(sql: str, **limits: Any) -> tuple[pa.Table, int]:
        parts = list(started(service, sql, **limits).encoded() or ())
        return pa.ipc.open_stream(b"".join(b for one in parts for b in one.parts)).read_all(), sum(
            one.num_rows for one in parts
        )

    table, rows = encoded("SELECT id, name, id FROM t ORDER BY id")
    assert table.column_names == ["id", "name", "id_1"]
    assert table["id"].to_pylist() == table["id_1"].to_pylist() == list(range(ROWS))
    assert table["name"][ROWS - 1].as_py() == f"name {ROWS - 1}"
    assert rows == ROWS
    assert encoded("SELECT id FROM few WHERE id > 3") == (pa.table({"id": pa.array([], pa.int64())}), 0)
    wide = encoded("SELECT repeat('é', 5000000) AS x FROM few")[0]
    assert wide.to_pylist() == [{"x": "é" * 5_000_000}] * 3
    with pytest.raises(QueryFailed, match="Could not convert string"):
        encoded("SELECT name::INT FROM t")
    with pytest.raises(ResultTooLarge):
        encoded("SELECT * FROM t", max_rows=10)
    assert started(service, "SELECT 1 AS x").reader.read_all().to_pylist() == [{"x": 1}]


def test_encoded_rows_are_kept_for_every_format(home: Path) -> None:
    container = service_container(load_settings(home=home, executors=1))
    try:
        sql, twice = "SELECT id FROM few ORDER BY id", "SELECT id, id FROM few ORDER BY id"
        for text in (sql, twice):
            for part in started(container, text).encoded() or ():
                assert part.parts
        kept = started(container, sql)
        assert kept.encoded() is None
        assert kept.reader.read_all() == pa.table({"id": [1, 2, 3]})
        assert answer(container, sql) == [{"id": 1}, {"id": 2}, {"id": 3}]
        assert started(container, twice).encoded() is not None, "its names were numbered, so that it is not kept"
        assert started(container, twice).reader.read_all().column_names == ["id", "id"]
    finally:
        close(container)


def test_errors_keep_their_classes_messages_and_fields(service: Container) -> None:
    with pytest.raises(QueryFailed, match=r"Could not convert string 'name \d+' to INT32"):
        answer(service, "SELECT name::INT FROM t")
    far = f"SELECT (CASE WHEN id < {ROWS - 1} THEN '1' ELSE name END)::INT AS n FROM t"
    with pytest.raises(QueryFailed, match="Could not convert string"):
        answer(service, far)
    with pytest.raises(InvalidStatement, match="nope"):
        answer(service, "SELECT nope FROM t")
    with pytest.raises(ResultTooLarge) as found:
        answer(service, "SELECT * FROM t", max_rows=10)
    assert found.value.max_rows == 10


@pytest.mark.parametrize("sql", CRASHES)
def test_a_crash_fails_its_own_query_alone(service: Container, sql: str) -> None:
    other = started(service, "SELECT * FROM t")
    first = other.reader.read_next_batch()
    with pytest.raises(QueryLost, match="safe to try again"):
        answer(service, sql)
    assert first.num_rows + sum(batch.num_rows for batch in other.reader) == ROWS


@pytest.mark.parametrize("sql", [LARGE, "SELECT length(printf('%1500000000d', id)) FROM few"])
def test_memory_beyond_the_limit_fails_the_query(service: Container, sql: str) -> None:
    with pytest.raises((QueryOutOfMemory, QueryLost)):
        answer(service, sql, timeout_seconds=20)
    assert answer(service, "SELECT max(id) AS m FROM few") == [{"m": 3}]


@pytest.mark.parametrize("sql", [ENDLESS, UNINTERRUPTIBLE])
def test_the_time_limit_ends_every_query(service: Container, sql: str) -> None:
    before = time.monotonic()
    with pytest.raises(QueryTimeout, match=r"0\.2 s"):
        answer(service, sql, timeout_seconds=0.2)
    assert time.monotonic() - before < 10


@pytest.mark.parametrize("sql", [ENDLESS, UNINTERRUPTIBLE])
def test_a_cancelled_query_ends_at_once(service: Container, sql: str) -> None:
    running = started(service, sql)
    threading.Timer(0.3, running.cancel).start()
    before = time.monotonic()
    with pytest.raises(QueryCancelled):
        running.reader.read_all()
    assert time.monotonic() - before < 10
    running.close()


@pytest.mark.parametrize("limits", [{}, {"timeout_seconds": 60.0}], ids=["no limit", "a longer limit"])
def test_a_service_without_executors_ends_every_query_too(home: Path, limits: dict[str, float]) -> None:
    container = service_container(load_settings(home=home, executors=0, max_query_seconds=1))
    try:
        with pytest.raises(QueryTimeout) as ended:
            answer(container, ENDLESS, (), **limits)
        assert ended.value.seconds == 1
        assert answer(container, "SELECT count(*) AS n FROM few") == [{"n": 3}]
    finally:
        close(container)


def test_a_reader_that_is_dropped_frees_its_executor(service: Container) -> None:
    running = started(service, "SELECT a.id FROM t a, t b")
    assert running.reader.read_next_batch().num_rows
    running.close()
    with pytest.raises(QueryCancelled):
        running.reader.read_next_batch()
    assert answer(service, "SELECT max(id) AS m FROM few") == [{"m": 3}]


def test_users_of_crashing_and_endless_queries_do_not_keep_others_from_working(service: Container) -> None:
    harmful = [*CRASHES, ENDLESS, UNINTERRUPTIBLE, LARGE]
    over = threading.Event()

    def harm(number: int) -> None:
        while not over.is_set():
            with suppress(SupertableError):
                answer(service, harmful[number % len(harmful)], user=f"harmful {number}", timeout_seconds=0.2)

    def work(number: int) -> int:
        return sum(
            answer(service, "SELECT max(id) AS m FROM few", user=f"user {number}") == [{"m": 3}] for _ in range(3)
        )

    with ThreadPoolExecutor(16) as threads:
        bad = [threads.submit(harm, number) for number in range(8)]
        good = [threads.submit(work, number) for number in range(8)]
        try:
            assert [one.result(60) for one in good] == [3] * 8
        finally:
            over.set()
        for one in bad:
            one.result(60)


def test_the_pool_is_filled_again_after_kills(service: Container) -> None:
    service.executor_pool().fill()
    killed = executors()
    for number in killed:
        os.kill(number, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(map(psutil.pid_exists, killed)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert answer(service, "SELECT max(id) AS m FROM few") == [{"m": 3}]
    service.executor_pool().fill()
    assert len(executors()) >= 2


def test_executors_work_in_a_process_with_thousands_of_descriptors(home: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    container = service_container(load_settings(home=home, executors=1, result_cache_bytes=0))
    with ExitStack() as held:
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        held.callback(close, container)
        for _ in range(1100):
            held.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        for _ in range(2):
            assert answer(container, "SELECT max(id) AS m FROM few") == [{"m": 3}]


def test_a_delete_whose_condition_crashes_the_engine_changes_nothing(service: Container) -> None:
    condition = "from_json('{}', repeat('[', 200000) || repeat(']', 200000)) IS NOT NULL AND id = 1"
    with pytest.raises(QueryFailed):
        service.delete_rows().where(MAIN, "few", condition, "", CommitInfo())
    condition = "levenshtein(repeat('ab', 200000 + id), repeat('ba', 200000)) = 1"
    with pytest.raises(QueryTimeout):
        service.delete_rows().where(MAIN, "few", condition, "", CommitInfo())
    assert answer(service, "SELECT count(*) AS n FROM few") == [{"n": 3}]


def test_a_delete_ends_at_once_when_its_caller_cancels(service: Container) -> None:
    caller = Caller("someone")
    threading.Timer(0.2, caller.cancel).start()
    condition = "levenshtein(repeat('ab', 200000 + id), repeat('ba', 200000)) = 1"
    with pytest.raises(QueryCancelled):
        service.delete_rows().where(MAIN, "few", condition, "", CommitInfo(), caller)
    with pytest.raises(QueryCancelled):
        service.delete_rows().where(MAIN, "few", "id = 1", "", CommitInfo(), caller)
    assert answer(service, "SELECT count(*) AS n FROM few") == [{"n": 3}]


def test_a_delete_by_condition_deletes_what_it_says(service: Container) -> None:
    deleted = service.delete_rows().where(MAIN, "t", "name LIKE '%99'", "", CommitInfo())
    assert deleted.rows_deleted == ROWS // 100
    assert answer(service, "SELECT count(*) AS n FROM t") == [{"n": ROWS - ROWS // 100}]


def test_a_process_that_hangs_before_it_begins_is_replaced(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "_BEGIN_SECONDS", 0.5)
    others = executors()
    container = service_container(load_settings(home=home, executors=1, result_cache_bytes=0))
    try:
        container.executor_pool().fill()
        for number in executors() - others:
            os.kill(number, signal.SIGSTOP)
        assert answer(container, "SELECT max(id) AS m FROM few") == [{"m": 3}]
    finally:
        close(container)


def test_the_kernel_limits_processor_time_and_memory(service: Container) -> None:
    assert answer(service, "SELECT max(id) AS m FROM few") == [{"m": 3}]
    limited = [psutil.Process(number).rlimit(psutil.RLIMIT_CPU)[0] for number in executors()]
    assert any(0 < seconds <= 3601 * (os.cpu_count() or 1) + 60 for seconds in limited)
    assert all(psutil.Process(number).rlimit(psutil.RLIMIT_DATA)[0] == 600 * 10**6 for number in executors())


def test_executors_have_no_secrets_in_their_arguments_and_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", "a-secret")
    container = service_container(load_settings(home=home, executors=1, result_cache_bytes=0))
    try:
        container.executor_pool().fill()
        told = []
        for child in psutil.Process().children(recursive=True):
            folder = Path("/proc") / str(child.pid)
            with suppress(ProcessLookupError, FileNotFoundError):  # one of an earlier test, which ends meanwhile
                told.append((folder / "environ").read_bytes() + (folder / "cmdline").read_bytes())
        assert told
        assert not [text for text in told if b"a-secret" in text]
    finally:
        close(container)
