"""Direct reads of object stores by DuckDB, by ranges and by httpfs: correct results, one folder, no leaks.

httpfs is optional: its tests are skipped where no package and no `INSTALL` provides it for this version of DuckDB.
"""

from __future__ import annotations

import itertools
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.engines.duckdb import httpfs_is_available
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.storage.files import ranged_files
from supertable.domain.errors import (
    InvalidStatement,
    MissingExtra,
    ObjectDamaged,
    ObjectMissing,
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    StatementRefused,
    StoreUnavailable,
    SupertableError,
)
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.servers import azurite as azure_server
from tests.servers import seaweedfs as s3_server
from tests.servers.fault_proxy import FaultProxy, Request, WireFault, nothing
from tests.support.budgets import todays
from tests.support.command_line import command_line
from tests.support.faulty_store import FaultyStore
from tests.support.interleaved_store import InterleavedStore
from tests.support.remote_lake import fetched_files

pytestmark = pytest.mark.usefixtures("as_files")

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string())])
SQL = "SELECT v, count(*) AS n, sum(id) AS s FROM t GROUP BY v ORDER BY v"
RIGHT = [{"v": "a", "n": 990, "s": 499455}, {"v": "b", "n": 9, "s": 40}]
SECRETS = [s3_server.SECRET_KEY, azure_server.KEY, "Signature=", "sig=", "X-Amz-"]


TODAYS_SERVER = todays(["seaweedfs", "azurite", "fake_gcs"], "direct reads")
"""One of the three each day; long runs take all."""


@pytest.fixture(params=TODAYS_SERVER)
def server(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def httpfs() -> None:
    if not httpfs_is_available():
        pytest.skip(f"optional: DuckDB {duckdb.__version__} can load no httpfs on this machine")


@pytest.fixture(params=[*(f"ranges-{server}" for server in TODAYS_SERVER), "httpfs-seaweedfs"])
def lake(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """A lake without a cache, and a table of two files, one with dead rows."""
    how, _, server = request.param.partition("-")
    if how == "httpfs":
        request.getfixturevalue("httpfs")
    environment = request.getfixturevalue(server).environment | {
        "SUPERTABLE_PREFIX": f"direct/{uuid4().hex}",
        "SUPERTABLE_CACHE_BYTES": "0",
    }
    environment["SUPERTABLE_DUCKDB_PRESIGNED"] = str(how == "httpfs")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with supertable.connect(home=home) as opened:
        opened.create_table("t", SCHEMA, keys=["id"])
        opened.write("t", rows(range(1000), "a"))
        opened.write("t", rows(range(10), "b"), mode="upsert")
        opened.delete("t", where="id = 5")
        yield opened


def rows(ids: range, value: str) -> pa.Table:
    return pa.table([list(ids), [value] * len(ids)], schema=SCHEMA)


def answer(lake: Lake) -> list[Any]:
    return [row | {"s": int(row["s"])} for row in lake.sql(SQL).arrow().to_pylist()]


def data_keys(lake: Lake) -> list[str]:
    return [entry.key for entry in lake._container.store().list("") if "/data/" in entry.key]


def assert_no_secret_in(text: object) -> None:
    assert not [secret for secret in SECRETS if secret in str(text)], text


def raised(work: Callable[[], object]) -> SupertableError:
    with pytest.raises(SupertableError) as caught:
        work()
    error: BaseException | None = caught.value
    while error is not None:
        assert_no_secret_in(error)
        error = error.__cause__
    return caught.value


class TestAnswers:
    def test_queries_and_writes(self, lake: Lake) -> None:
        assert answer(lake) == RIGHT
        assert lake.sql("SELECT count(*) AS n FROM t AT (VERSION => 2)").arrow()["n"].to_pylist() == [1000]
        assert lake.table("t").compact() is not None
        assert answer(lake) == RIGHT

    def test_a_missing_object_is_an_error(self, lake: Lake) -> None:
        deleted = data_keys(lake)
        lake._container.store().delete(deleted)
        for _ in range(2):
            error = raised(lambda: answer(lake))
            assert isinstance(error, ObjectMissing)
            assert error.key in deleted

    def test_an_object_deleted_after_it_was_read_is_an_error(self, lake: Lake) -> None:
        assert answer(lake) == RIGHT
        deleted = data_keys(lake)
        lake._container.store().delete(deleted)
        error = raised(lambda: answer(lake))
        assert isinstance(error, ObjectMissing | StoreUnavailable)
        assert getattr(error, "key", None) in deleted

    @pytest.mark.parametrize("damage", [lambda data: data[:-100], lambda data: bytes(len(data))], ids=["cut", "zeros"])
    def test_a_damaged_object_is_an_error(self, lake: Lake, damage: Callable[[bytes], bytes]) -> None:
        assert answer(lake) == RIGHT
        store = lake._container.store()
        damaged = data_keys(lake)
        for key in damaged:
            store.put(key, damage(store.read(key) or b""))
        with supertable.connect(home=lake.settings.home) as fresh:
            for process in (lake, fresh):
                error = raised(partial(answer, process))
                assert isinstance(error, ObjectDamaged)
                assert error.key in damaged


class TestLockdown:
    def test_nothing_else_can_be_read(self, lake: Lake, tmp_path: Path) -> None:
        """Even by SQL that gets past the validator."""
        lake.sql(SQL).arrow()
        container = lake._container
        folder = _allowed(lake)
        elsewhere = folder.replace("direct/", "others/") if "direct/" in folder else "stobj://others/"
        cursor = container.duckdb().cursor()
        for statement in (
            f"FROM read_blob('{elsewhere}a')",
            f"FROM read_text('{tmp_path}/x')",
            "FROM read_text('/etc/passwd')",
            f"COPY (SELECT 1) TO '{tmp_path}/x'",
            "SET enable_external_access = true",
            "SET allowed_directories = ['/']",
            "CREATE PERSISTENT SECRET x (TYPE s3)",
            "LOAD aws",
            "INSTALL httpfs",
        ):
            with pytest.raises(duckdb.Error):
                cursor.execute(statement).fetchall()
        cursor.close()

    def test_credentials_cannot_be_seen(self, lake: Lake) -> None:
        lake.sql(SQL).arrow()
        cursor = lake._container.duckdb().cursor()
        assert cursor.execute("FROM duckdb_secrets()").fetchall() == []
        assert_no_secret_in(cursor.execute("FROM duckdb_settings()").fetchall())
        cursor.close()

    def test_statements_that_read_secrets_or_files_are_refused(self, lake: Lake) -> None:
        folder = _allowed(lake)
        for sql in (
            "FROM duckdb_secrets()",
            "FROM which_secret('s3://supertable/', 's3')",
            f"FROM read_parquet('{folder}x.parquet')",
            f"FROM '{folder}x.parquet'",
            "SELECT getvariable('st_files_0')",
            "SELECT current_setting('http_timeout')",
        ):
            assert isinstance(raised(partial(lake.sql, sql)), StatementRefused), sql

    def test_file_names_cannot_be_read_as_a_column(self, lake: Lake) -> None:
        for sql in ("SELECT filename FROM t", "SELECT t.filename FROM t", "SELECT COLUMNS('.*name') FROM t"):
            assert isinstance(raised(lambda: lake.sql(sql).arrow()), InvalidStatement)  # noqa: B023

    def test_plans_logs_and_settings_show_no_secret(
        self, lake: Lake, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any, caplog: Any
    ) -> None:
        caplog.set_level(logging.DEBUG)
        assert_no_secret_in(lake.sql(f"EXPLAIN {SQL}").arrow().to_pylist())
        assert_no_secret_in(lake.sql(SQL).arrow())
        shown = command_line(monkeypatch)("config")
        assert shown.code == 0
        assert "STORAGE_TYPE" in shown.out
        assert_no_secret_in(shown.out)
        assert_no_secret_in(
            "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("supertable"))
        )

    def test_an_error_in_the_data_is_a_failed_query(self, lake: Lake) -> None:
        error = raised(lambda: lake.sql("SELECT CAST(v AS INTEGER) FROM t").arrow())
        assert isinstance(error, QueryFailed)


def _allowed(lake: Lake) -> str:
    cursor = lake._container.duckdb().cursor()
    row = cursor.execute("SELECT current_setting('allowed_directories')").fetchone()
    cursor.close()
    assert row is not None
    spilled = f"{lake.settings.home}/temporary/"
    (folder,) = (folder for folder in row[0] if not folder.startswith(spilled))
    assert ":/" in folder, "DuckDB shows one slash of a protocol that it does not know"
    assert folder.endswith("/")
    return str(folder)


@pytest.fixture
def on_s3(seaweedfs: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {**seaweedfs.environment, "SUPERTABLE_PREFIX": f"direct/{uuid4().hex}"}.items():
        monkeypatch.setenv(name, value)
    return home


def test_settings_of_memory_and_threads_take_effect(on_s3: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_DUCKDB_THREADS", "3")
    monkeypatch.setenv("SUPERTABLE_DUCKDB_MEMORY_LIMIT", "300MiB")
    with supertable.connect(home=on_s3) as lake:
        assert _current(lake, "threads", "memory_limit") == (3, "300.0 MiB")


def test_settings_of_httpfs_take_effect(on_s3: Path, httpfs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_DUCKDB_PRESIGNED", "true")
    monkeypatch.setenv("SUPERTABLE_DUCKDB_HTTP_TIMEOUT", "7")
    names = "http_timeout", "enable_http_metadata_cache", "s3_url_compatibility_mode", "enable_global_s3_configuration"
    for kept in (True, False):
        monkeypatch.setenv("SUPERTABLE_DUCKDB_HTTP_METADATA_CACHE", str(kept))
        with supertable.connect(home=on_s3) as lake:
            assert _current(lake, *names) == (7, kept, True, False)


def _current(lake: Lake, *names: str) -> object:
    cursor = lake._container.duckdb().cursor()
    found = cursor.execute(f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}").fetchone()
    cursor.close()
    return found


@pytest.mark.parametrize(("kept", "requests"), [(True, 1), (False, 2)])
def test_footers_are_kept_by_setting(on_s3: Path, monkeypatch: pytest.MonkeyPatch, kept: bool, requests: int) -> None:
    monkeypatch.setenv("SUPERTABLE_DUCKDB_HTTP_METADATA_CACHE", str(kept))
    with large_lake(on_s3, monkeypatch) as (lake, far):
        for _ in range(2):
            far.calls.clear()
            assert lake.sql("SELECT sum(id) AS s FROM t").arrow()["s"].to_pylist() == [LARGE_SUM]
        assert len([call for call in far.calls if call.startswith("read_range ")]) == requests


LARGE_ROWS = 20_000
LARGE_SUM = LARGE_ROWS * (LARGE_ROWS - 1) // 2


@contextmanager
def large_lake(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Lake, FaultyStore]]:
    """A lake without a cache and a table of one file, which is larger than the end that is read first."""
    monkeypatch.setenv("SUPERTABLE_CACHE_BYTES", "0")
    texts = [os.urandom(20).hex() for _ in range(LARGE_ROWS)]
    with supertable.connect(home=home) as lake:
        lake.create_table("t", SCHEMA)
        lake.write("t", pa.table([list(range(LARGE_ROWS)), texts], schema=SCHEMA))
    with supertable.connect(home=home) as lake:
        far = FaultyStore(lake._container.store())
        lake._container.store.override(providers.Object(far))
        yield lake, far


@pytest.mark.parametrize("read", [1, 2, 3])
def test_an_object_that_changes_during_a_query_is_an_error(
    server: Any, home: Path, monkeypatch: pytest.MonkeyPatch, read: int
) -> None:
    """It is replaced by one of the same size before the first, second or third range is read."""
    for name, value in {**server.environment, "SUPERTABLE_PREFIX": f"direct/{uuid4().hex}"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SUPERTABLE_DUCKDB_EXTERNAL_THREADS", "1")
    monkeypatch.setattr(ranged_files, "PIECE_BYTES", 100_000)
    with large_lake(home, monkeypatch) as (lake, far):
        (key,) = data_keys(lake)
        reads = itertools.count(1)
        changing = InterleavedStore(
            far,
            at=lambda call: call == f"read_range {key}" and next(reads) == read,
            act=lambda: far.put(key, bytes(far.size(key) or 0)),
        )
        lake._container.store.override(providers.Object(changing))
        error = raised(lambda: lake.sql("SELECT max(v), sum(id) FROM t WHERE id <> 5").arrow())
        assert isinstance(error, ObjectDamaged)
        assert error.key == key
        assert changing.acted


def test_large_files_are_read_from_the_store_and_small_ones_from_the_cache(
    on_s3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERTABLE_CACHE_DIR", str(on_s3 / "kept"))
    monkeypatch.setenv("SUPERTABLE_CACHE_BYTES", "50000")
    large = pa.table([list(range(100, 3100)), [os.urandom(20).hex() for _ in range(3000)]], schema=SCHEMA)
    with supertable.connect(home=on_s3) as lake:
        lake.create_table("t", SCHEMA, keys=["id"])
        lake.write("t", large)
        lake.write("t", rows(range(100), "small"), mode="upsert")
    with supertable.connect(home=on_s3) as lake:
        far = FaultyStore(lake._container.store())
        lake._container.store.override(providers.Object(far))
        assert lake.sql("SELECT count(*) AS n, sum(id) AS s FROM t").arrow().to_pylist()[0]["n"] == 3100
        assert fetched_files(far) == [], "DuckDB reads the large file; the small one was cached when it was written"
        assert len({call for call in far.calls if call.startswith("read_range ")}) == 1
    kept = list((on_s3 / "kept").glob("*/default/**/*.parquet"))
    assert len(kept) == 1
    assert not (on_s3 / "cache").exists()


def test_a_small_upsert_fetches_no_file_that_this_process_wrote(on_s3: Path) -> None:
    with supertable.connect(home=on_s3) as lake:
        far = FaultyStore(lake._container.store())
        lake._container.store.override(providers.Object(far))
        lake.create_table("t", SCHEMA, keys=["id"])
        lake.write("t", rows(range(1000), "a"))
        lake.write("t", rows(range(10), "b"), mode="upsert")
        lake.delete("t", where="id = 5")
        assert answer(lake) == RIGHT
    assert not [call for call in far.calls if "/data/" in call and not call.startswith("open_writer")]


def test_wrong_credentials_are_an_error(on_s3: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with large_lake(on_s3, monkeypatch) as (lake, far):
        monkeypatch.setenv("STORAGE_SECRET_KEY", "not-the-right-one")
        with supertable.connect(home=on_s3) as wrong:
            refused = wrong._container.store()

        class Refused(FaultyStore):
            def read_range(self, *given: Any) -> Any:
                return refused.read_range(*given)

        lake._container.store.override(providers.Object(Refused(far)))
        error = raised(lambda: lake.sql("SELECT v FROM t").arrow())
        assert isinstance(error, StoreUnavailable)
        assert "credentials" in str(error)
        assert "not-the-right-one" not in str(error)


def test_a_missing_package_is_named_and_copies_are_read_without_it(
    on_s3: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.delitem(sys.modules, "supertable.adapters.engines.duckdb.remote.range_file_system", raising=False)
    with supertable.connect(home=on_s3) as lake:
        lake.create_table("t", SCHEMA)
        lake.write("t", rows(range(10), "a"))
        assert lake.sql("SELECT sum(id) AS s FROM t").arrow()["s"].to_pylist() == [45]
    monkeypatch.setenv("SUPERTABLE_CACHE_BYTES", "0")
    with supertable.connect(home=on_s3) as lake:
        error = raised(lambda: lake.sql("SELECT sum(id) AS s FROM t").arrow())
    assert isinstance(error, MissingExtra)
    assert "supertable-lake[s3]" in str(error)


@pytest.fixture
def proxy(seaweedfs: Any) -> Iterator[FaultProxy]:
    made = FaultProxy(seaweedfs.endpoint)
    yield made
    made.stop()


@pytest.fixture
def behind_proxy(on_s3: Path, monkeypatch: pytest.MonkeyPatch, proxy: FaultProxy) -> Path:
    """The home of a lake whose next connections go through the proxy."""
    with supertable.connect(home=on_s3) as lake:
        lake.create_table("t", SCHEMA, keys=["id"])
        lake.write("t", rows(range(1000), "a"))
        lake.write("t", rows(range(10), "b"), mode="upsert")
        lake.delete("t", where="id = 5")
    monkeypatch.setenv("STORAGE_ENDPOINT_URL", proxy.endpoint)
    return on_s3


def test_ranges_over_a_failing_network_are_right_or_errors(
    behind_proxy: Path, monkeypatch: pytest.MonkeyPatch, proxy: FaultProxy
) -> None:
    """Each fault happens at the first or second request of a data file, or at all of them."""
    monkeypatch.setenv("SUPERTABLE_CACHE_BYTES", "0")
    monkeypatch.setenv("SUPERTABLE_DUCKDB_HTTP_TIMEOUT", "1")
    monkeypatch.setenv("SUPERTABLE_DUCKDB_HTTP_METADATA_CACHE", "false")
    answers = errors = 0
    with supertable.connect(home=behind_proxy) as lake:
        assert answer(lake) == RIGHT
        for fault, at in itertools.product(FAULTS, (1, 2, 0)):
            proxy.script = _at(fault, at)
            try:
                assert answer(lake) == RIGHT
                answers += 1
            except StoreUnavailable as error:
                assert_no_secret_in(error)
                errors += 1
        proxy.script = nothing
        assert answer(lake) == RIGHT
    assert answers >= 6, "the SDK retries by itself"
    assert errors >= 4
    assert proxy.met


def test_copies_over_a_failing_network_are_right(
    behind_proxy: Path, monkeypatch: pytest.MonkeyPatch, proxy: FaultProxy
) -> None:
    for fault in FAULTS:
        monkeypatch.setenv("SUPERTABLE_CACHE_DIR", str(behind_proxy / f"cache-{fault.name}"))
        with supertable.connect(home=behind_proxy) as lake:
            proxy.script = _at(fault, 2)
            assert answer(lake) == RIGHT
    assert proxy.met == len(FAULTS)


FAULTS = [
    WireFault.ERROR,
    WireFault.SLOW_DOWN,
    WireFault.RESET,
    WireFault.TRUNCATED,
    WireFault.BEHEADED,
    WireFault.SLOW,
]


def _silent(request: Request) -> WireFault | None:
    return WireFault.NO_ANSWER if "/data/" in request.path else None


class TestEnding:
    """Queries whose store is silent end soon, without waiting for it."""

    @pytest.fixture
    def silent(self, on_s3: Path, monkeypatch: pytest.MonkeyPatch, proxy: FaultProxy) -> Iterator[Lake]:
        """The end of the file is known; no other range is ever answered."""
        monkeypatch.setenv("STORAGE_ENDPOINT_URL", proxy.endpoint)
        with large_lake(on_s3, monkeypatch) as (lake, _):
            lake.sql("SELECT sum(id) FROM t").arrow()
            proxy.script = _silent
            yield lake
            proxy.script = nothing
            assert lake.sql("SELECT sum(id) AS s FROM t").arrow()["s"].to_pylist() == [LARGE_SUM]

    def test_a_cancelled_query(self, silent: Lake) -> None:
        use_case = silent._container.run_query()
        query = use_case.prepare(silent._namespace, "SELECT max(v), sum(id) FROM t")
        running = use_case.run(query, (), Limits())
        threading.Timer(0.3, running.cancel).start()
        with soon(), pytest.raises(QueryCancelled):
            running.reader.read_all()

    def test_a_query_with_a_time_limit(self, silent: Lake) -> None:
        with soon(), pytest.raises(QueryTimeout):
            silent.sql("SELECT max(v), sum(id) FROM t", timeout_seconds=0.3).arrow()

    @pytest.mark.parametrize("how", ["closed", "forgotten"])
    def test_a_result_that_is_not_read_to_its_end(
        self, on_s3: Path, monkeypatch: pytest.MonkeyPatch, proxy: FaultProxy, how: str
    ) -> None:
        """DuckDB may be reading ahead, and waits for its threads."""
        monkeypatch.setenv("STORAGE_ENDPOINT_URL", proxy.endpoint)
        with large_lake(on_s3, monkeypatch) as (lake, _):
            for _ in range(9):
                lake.write("t", lake.sql(f"SELECT * FROM t LIMIT {LARGE_ROWS}").arrow())
            seen = itertools.count()
            proxy.script = lambda request: _silent(request) if "/data/" in request.path and next(seen) >= 11 else None
            result = lake.sql("SELECT * FROM t", stream=True)
            batches = result.batches()
            assert batches.read_next_batch().num_rows
            time.sleep(0.2)
            with soon():
                if how == "closed":
                    result.close()
                del result, batches
            proxy.script = nothing
            assert lake.sql("SELECT count(v) AS n FROM t").arrow()["n"].to_pylist() == [10 * LARGE_ROWS]

    def test_a_range_without_an_answer(self, silent: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SUPERTABLE_DUCKDB_HTTP_TIMEOUT", "1")
        with supertable.connect(home=silent.settings.home) as lake, soon():
            error = raised(lambda: lake.sql("SELECT max(v) FROM t").arrow())
            assert isinstance(error, StoreUnavailable)
            assert "no answer within 1 s" in str(error)


@contextmanager
def soon() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 5, "the SDK would wait for 20 s, and then try again"


def _at(fault: WireFault, at: int) -> Callable[[Request], WireFault | None]:
    """Injects the fault at the `at`-th request of a data file; 0: at every one."""
    seen = 0

    def script(request: Request) -> WireFault | None:
        nonlocal seen
        if "/data/" not in request.path:
            return None
        seen += 1
        return fault if at in (0, seen) else None

    return script


@pytest.mark.parametrize("cache_bytes", ["0", "1000000"])
def test_the_number_of_concurrent_requests_is_bounded(
    on_s3: Path, monkeypatch: pytest.MonkeyPatch, cache_bytes: str
) -> None:
    with supertable.connect(home=on_s3) as lake:
        lake.create_table("t", SCHEMA)
        for number in range(8):
            lake.write("t", rows(range(number, number + 1), "a"))
    monkeypatch.setenv("SUPERTABLE_CACHE_BYTES", cache_bytes)
    for threads in (1, 3):
        monkeypatch.setenv("SUPERTABLE_DUCKDB_EXTERNAL_THREADS", str(threads))
        monkeypatch.setenv("SUPERTABLE_CACHE_DIR", str(on_s3 / f"cache{threads}"))
        with supertable.connect(home=on_s3) as lake:
            gauge = Gauge(lake._container.store())
            lake._container.store.override(providers.Object(gauge))
            assert lake.sql("SELECT sum(id) AS s FROM t").arrow()["s"].to_pylist() == [28]
        assert gauge.most == threads


class Gauge(FaultyStore):
    """A store that records the highest number of concurrent reads."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self.now = self.most = 0
        self._count = threading.Lock()

    def chunks(self, key: str) -> Iterator[bytes]:
        with self._counted():
            yield from super().chunks(key)

    def read_range(self, *given: Any) -> Any:
        with self._counted():
            return super().read_range(*given)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._count:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.05)
        try:
            yield
        finally:
            with self._count:
                self.now -= 1
