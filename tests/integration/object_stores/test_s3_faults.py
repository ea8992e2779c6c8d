"""S3 behind a failing network: no object is lost, duplicated or truncated."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from supertable.adapters.object_stores.cloud.cloud_store import CloudObjectStore
from supertable.adapters.object_stores.cloud.s3 import S3Bucket, S3Timeouts
from supertable.application.ports.object_stores import ObjectStore, PutAmbiguous, PutConflict
from supertable.domain.errors import StoreUnavailable
from tests.servers.fault_proxy import FaultProxy, Request, Script, WireFault, nothing
from tests.servers.seaweedfs import SeaweedFS
from tests.support.budgets import todays

MEGABYTE = 1 << 20
FAULTS = pytest.mark.parametrize("fault", list(WireFault), ids=lambda fault: fault.name.lower())
BURSTS = pytest.mark.parametrize("burst", [1, 1_000], ids=["once", "always"])
WRITES = ("PUT", "POST")
READS = ("GET", "HEAD")


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultProxy]:
    proxy = FaultProxy(seaweedfs.endpoint)
    yield proxy
    proxy.stop()


@pytest.fixture
def prefix() -> str:
    return f"faults/{uuid4().hex}"


@pytest.fixture
def store(seaweedfs: SeaweedFS, proxy: FaultProxy, prefix: str, tmp_path: Path) -> ObjectStore:
    """A store with short timeouts and few attempts. The bucket exists, and the connection is open."""
    address = replace(seaweedfs.address, endpoint=proxy.endpoint, timeouts=S3Timeouts(1, 0.5, 3))
    store = CloudObjectStore(S3Bucket(address), prefix, tmp_path / "uploads")
    store.size("warm")
    return store


@pytest.fixture
def direct(seaweedfs: SeaweedFS, prefix: str, tmp_path: Path) -> ObjectStore:
    """A store with the same objects, without the proxy."""
    return CloudObjectStore(S3Bucket(seaweedfs.address), prefix, tmp_path / "uploads")


def first(burst: int, fault: WireFault, *methods: str) -> Script:
    """A script that injects the fault into the first `burst` requests with these methods."""
    failed: list[Request] = []

    def script(request: Request) -> WireFault | None:
        if request.method not in methods or len(failed) == burst:
            return None
        failed.append(request)
        return fault

    return script


@FAULTS
@BURSTS
def test_a_create_with_faults_wins_or_is_ambiguous(
    store: ObjectStore, direct: ObjectStore, proxy: FaultProxy, fault: WireFault, burst: int
) -> None:
    proxy.script = first(burst, fault, *WRITES)
    try:
        store.put_if_absent("log/1", b"ours")
        won = True
    except PutAmbiguous:
        won = direct.settle("log/1") is not None
    assert proxy.met >= 1
    assert direct.read("log/1") == (b"ours" if won else None)
    proxy.script = nothing
    if won:
        with pytest.raises(PutConflict):
            store.put_if_absent("log/1", b"other")
    else:
        store.put_if_absent("log/1", b"ours")
    assert direct.read("log/1") == b"ours"


@FAULTS
@BURSTS
def test_a_create_of_an_existing_key_never_wins(
    store: ObjectStore, direct: ObjectStore, proxy: FaultProxy, fault: WireFault, burst: int
) -> None:
    direct.put("log/1", b"theirs")
    proxy.script = first(burst, fault, *WRITES)
    with pytest.raises((PutConflict, PutAmbiguous)):
        store.put_if_absent("log/1", b"ours")
    assert direct.read("log/1") == b"theirs"


USES: list[Callable[[ObjectStore], object]] = [
    lambda store: store.read("a/small"),
    lambda store: b"".join(store.chunks("a/large")),
    lambda store: store.size("a/large"),
    lambda store: store.fingerprint("a/large"),
    lambda store: [entry.key for entry in store.list("a/")],
    lambda store: list(store.folders("")),
]


READS_WITH_FAULTS = [(fault, 1) for fault in WireFault] + [
    (fault, 1_000) for fault in todays(list(WireFault), "reads that always fail")
]


@pytest.mark.parametrize(
    ("fault", "burst"),
    READS_WITH_FAULTS,
    ids=[f"{fault.name.lower()}-{'once' if burst == 1 else 'always'}" for fault, burst in READS_WITH_FAULTS],
)
def test_reads_with_faults_are_complete_or_raise_an_error(
    store: ObjectStore, direct: ObjectStore, proxy: FaultProxy, fault: WireFault, burst: int
) -> None:
    direct.put("a/small", b"small")
    direct.put("a/large", random.Random(1).randbytes(9 * MEGABYTE))
    for use in USES:
        expected, met = use(direct), proxy.met
        proxy.script = first(burst, fault, *READS)
        try:
            assert use(store) == expected
        except StoreUnavailable:
            assert burst > 1 or fault is WireFault.BEHEADED
        assert proxy.met > met


STREAMS = [(fault, point) for fault in WireFault for point in todays(range(1, 6), f"streams with {fault.name}")]


@pytest.mark.parametrize(("fault", "point"), STREAMS, ids=[f"{fault.name.lower()}-{point}" for fault, point in STREAMS])
def test_a_streamed_object_is_complete_or_absent_and_leaves_no_parts(
    store: ObjectStore,
    direct: ObjectStore,
    seaweedfs: SeaweedFS,
    proxy: FaultProxy,
    prefix: str,
    fault: WireFault,
    point: int,
) -> None:
    """The requests are: begin, three parts, complete. From the `point`-th request on, three requests fail."""
    data = random.Random(2).randbytes(20 * MEGABYTE)
    before = proxy.seen
    proxy.script = lambda request: fault if before + point <= request.number < before + point + 3 else None
    try:
        with store.open_writer("data/a") as writer:
            writer.write(data)
    except StoreUnavailable:
        assert direct.size("data/a") is None
    else:
        assert direct.read("data/a") == data
    assert proxy.met >= 1
    if point > 1:  # else the response with the upload's id may be lost
        client = S3Bucket(seaweedfs.address)._client
        assert client.list_multipart_uploads(Bucket="supertable", Prefix=prefix).get("Uploads", []) == []
