"""Azure and Google Cloud Storage behind a failing network: no object is lost, duplicated or truncated."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

import supertable
from supertable.adapters.object_stores.cloud.azure import AzureBucket, AzureTimeouts
from supertable.adapters.object_stores.cloud.cloud_store import CloudObjectStore
from supertable.adapters.object_stores.cloud.gcs import GcsBucket, GcsTimeouts
from supertable.application.ports.object_stores import ObjectStore, PutAmbiguous, PutConflict
from supertable.domain.errors import CommitUncertain, StoreUnavailable
from tests.servers.azurite import Azurite
from tests.servers.fake_gcs import FakeGcs
from tests.servers.fault_proxy import FaultProxy, Request, WireFault, nothing

MEGABYTE = 1 << 20
WRITES = ("PUT", "POST")
# Without the faults that wait for a timeout, which one test below covers.
QUICK = [fault for fault in WireFault if fault not in (WireFault.NO_ANSWER, WireFault.NO_ANSWER_AFTER)]


@pytest.fixture(params=["azurite", "fake_gcs"])
def server(request: pytest.FixtureRequest) -> Azurite | FakeGcs:
    found: Azurite | FakeGcs = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def proxy(server: Azurite | FakeGcs) -> Iterator[FaultProxy]:
    proxy = FaultProxy(server.endpoint)
    yield proxy
    proxy.stop()


@pytest.fixture
def store(server: Azurite | FakeGcs, proxy: FaultProxy, tmp_path: Path) -> ObjectStore:
    """A store with short timeouts and few attempts."""
    bucket: AzureBucket | GcsBucket
    if isinstance(server, Azurite):
        endpoint = f"{proxy.endpoint}/{server.address.account}"
        bucket = AzureBucket(replace(server.address, endpoint=endpoint, timeouts=AzureTimeouts(2, 2, 2)))
    else:
        bucket = GcsBucket(replace(server.address, endpoint=proxy.endpoint, timeouts=GcsTimeouts(2, 2, 5)))
    return CloudObjectStore(bucket, f"faults/{uuid4().hex}", tmp_path / "uploads")


def once(fault: WireFault, *methods: str) -> Callable[[Request], WireFault | None]:
    """A script that injects the fault into the first request with one of the methods."""
    failed: list[Request] = []

    def script(request: Request) -> WireFault | None:
        if request.method not in methods or failed:
            return None
        failed.append(request)
        return fault

    return script


@pytest.mark.parametrize("fault", list(WireFault))
def test_a_create_with_a_fault_wins_or_is_ambiguous_and_has_won(
    store: ObjectStore, proxy: FaultProxy, fault: WireFault
) -> None:
    proxy.script = once(fault, *WRITES)
    try:
        store.put_if_absent("log/1", b"ours")
    except PutAmbiguous:
        assert store.settle("log/1") == b"ours"
    assert proxy.met == 1
    assert store.read("log/1") == b"ours"
    with pytest.raises(PutConflict):
        store.put_if_absent("log/1", b"other")
    assert [entry.key for entry in store.list("")] == ["log/1"]


@pytest.mark.parametrize("fault", QUICK)
def test_a_create_of_an_existing_key_never_wins(store: ObjectStore, proxy: FaultProxy, fault: WireFault) -> None:
    store.put_if_absent("log/1", b"theirs")
    proxy.script = once(fault, *WRITES)
    with pytest.raises((PutConflict, PutAmbiguous)):
        store.put_if_absent("log/1", b"ours")
    assert store.settle("log/1") == b"theirs"


@pytest.mark.parametrize("fault", QUICK)
def test_reads_with_a_fault_are_complete(store: ObjectStore, proxy: FaultProxy, fault: WireFault) -> None:
    small, large = b"abc" * 1000, random.Random(1).randbytes(9 * MEGABYTE)
    store.put("small", small)
    store.put("large", large)
    uses: list[tuple[Callable[[], object], object]] = [
        (lambda: store.read("small"), small),
        (lambda: b"".join(store.chunks("large")), large),
        (lambda: store.size("large"), len(large)),
        (lambda: [entry.key for entry in store.list("")], ["large", "small"]),
    ]
    for use, expected in uses:
        proxy.script = once(fault, "GET", "HEAD")
        assert use() == expected
    assert proxy.met == len(uses)


@pytest.mark.parametrize("fault", QUICK)
def test_a_streamed_object_is_complete_or_an_error_is_raised(
    store: ObjectStore, proxy: FaultProxy, fault: WireFault
) -> None:
    data = random.Random(2).randbytes(20 * MEGABYTE)
    proxy.script = once(fault, *WRITES)
    try:
        with store.open_writer("data/a") as writer:
            writer.write(data)
    except StoreUnavailable:
        assert store.size("data/a") is None
    else:
        assert store.read("data/a") == data
    assert proxy.met == 1


@pytest.mark.slow
def test_a_store_that_stays_unavailable_raises_errors(store: ObjectStore, proxy: FaultProxy) -> None:
    store.put("a", b"x")
    proxy.script = lambda _: WireFault.SLOW_DOWN
    uses: list[Callable[[], object]] = [
        lambda: store.read("a"),
        lambda: store.size("a"),
        lambda: store.put("a", b"y"),
        lambda: store.delete(["a"]),
    ]
    for use in uses:
        with pytest.raises(StoreUnavailable):
            use()
    with pytest.raises(PutAmbiguous):
        store.put_if_absent("b", b"x")
    proxy.script = nothing
    assert store.read("a") == b"x"


@pytest.mark.slow
def test_a_lake_loses_and_duplicates_no_write(
    server: Azurite | FakeGcs, proxy: FaultProxy, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = f"{proxy.endpoint}/{server.address.account}" if isinstance(server, Azurite) else proxy.endpoint
    prefix = {"SUPERTABLE_PREFIX": f"faulty_{uuid4().hex}"}
    variable = "AZURE_BLOB_ENDPOINT" if isinstance(server, Azurite) else "STORAGE_ENDPOINT_URL"
    for name, value in {**server.environment, **prefix, variable: endpoint}.items():
        monkeypatch.setenv(name, value)
    rng = random.Random(2)
    expected: dict[int, int] = {}
    with supertable.connect(home=home) as lake:
        lake.create_table("t", pa.schema([("k", pa.int64()), ("v", pa.int64())]), keys=["k"])
        proxy.script = lambda _: rng.choice(QUICK) if rng.random() < 0.25 else None
        for turn in range(16):
            batch = {rng.randrange(10): turn * 10 + n for n in range(4)}
            columns = {"k": pa.array(batch, pa.int64()), "v": pa.array(batch.values(), pa.int64())}
            write = partial(lake.write, "t", pa.table(columns), mode="upsert", idempotency_key=f"turn-{turn}")
            retry_until_acknowledged(write)
            expected |= batch
        proxy.script = nothing
        found = lake.sql("SELECT k, v FROM t").arrow().to_pylist()
        assert sorted((row["k"], row["v"]) for row in found) == sorted(expected.items())
        assert lake.table("t").history()[0].version == 17
    assert proxy.met > 10


def retry_until_acknowledged(write: Callable[[], Any]) -> None:
    """Repeat the same write, with its idempotency key, as a caller does."""
    for _ in range(10):
        try:
            write()
        except (StoreUnavailable, CommitUncertain):
            continue
        return
    raise AssertionError("never acknowledged")
