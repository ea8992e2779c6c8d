"""What every test may use."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.servers.azurite import Azurite
from tests.servers.fake_gcs import FakeGcs
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.shared import SharedServersProcess, shared_server
from tests.servers.spark_thrift import SparkThrift
from tests.servers.valkey import Valkey
from tests.support.budgets import BUDGET, SEED, SOAK

settings.register_profile(
    "budget",
    max_examples=BUDGET.examples,
    stateful_step_count=BUDGET.steps,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("budget")

ROOT = Path(__file__).parents[1]
MEMORY = Path("/dev/shm")
NEEDED_BYTES = 4 << 30


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(SEED)
    if not hasattr(config, "workerinput"):  # this process is no worker of pytest-xdist
        if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > NEEDED_BYTES:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
        servers = SharedServersProcess()
        config.add_cleanup(servers.stop)


def pytest_report_header() -> str:
    return f"random work: {'long' if BUDGET is SOAK else 'short'}, SEED={SEED} repeats it"


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Of several workers that run all tests, each imports its part of the modules first.

    pytest rewrites a module's assertions at its first import, for all workers: so they share this work.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and session.config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        paths = sorted(
            path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py") if "node_modules" not in path.parts
        )
        for path in paths[int(worker.removeprefix("gw")) :: int(os.environ["PYTEST_XDIST_WORKER_COUNT"])]:
            import_module(".".join(path.with_suffix("").parts))


def pytest_collection_finish() -> None:
    """What lives until the end is not garbage: a collection need not look at it again."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests come first. Of several workers, each starts with some of them: none is left for the end.

    pytest-xdist's `worksteal` gives each worker an equal part of the list, in order.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.get_closest_marker("slow")]
    others = iter([item for item in items if not item.get_closest_marker("slow")])
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        size = (len(items) - len(ordered)) // (workers - worker)
        first = slow[worker::workers]
        ordered += [*first, *islice(others, max(0, size - len(first)))]
    items[:] = [*ordered, *others]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder of SuperTable, with no setting of the machine's own in force. Every query runs: kept
    results would hide what is tested."""
    for name in list(os.environ):
        if name.startswith(("SUPERTABLE_", "STORAGE_", "REDIS_", "AWS_", "AZURE_", "GCP_", "GCS_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SUPERTABLE_RESULT_CACHE_BYTES", "0")
    monkeypatch.delenv("DOTENV_PATH", raising=False)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def as_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and dead rows of small commits are stored as files, as those of larger ones are."""
    monkeypatch.setenv("SUPERTABLE_INLINE_ROWS", "0")


@pytest.fixture(scope="session")
def seaweedfs() -> SeaweedFS:
    """An S3 server. Each test uses a prefix of its own in its bucket."""
    server = shared_server("seaweedfs")
    assert isinstance(server, SeaweedFS)
    return server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A server for catalogs, locks and leases; whoever needs nothing of others in it has a deployment of its own."""
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def azurite() -> Azurite:
    """A server of Azure Blob Storage. Each test uses a prefix of its own in its container."""
    server = shared_server("azurite")
    assert isinstance(server, Azurite)
    return server


@pytest.fixture(scope="session")
def fake_gcs() -> FakeGcs:
    """A server of Google Cloud Storage. Each test uses a prefix of its own in its bucket."""
    server = shared_server("fake_gcs")
    assert isinstance(server, FakeGcs)
    return server


@pytest.fixture(scope="session")
def spark() -> SparkThrift:
    """Spark's Thrift server, which reads local files. Tests must leave no table in it."""
    server = shared_server("spark")
    assert isinstance(server, SparkThrift)
    return server
