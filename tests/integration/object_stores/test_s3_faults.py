"""S3 behind a network that fails: nothing is lost, nothing doubled, nothing cut short."""

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
    """It gives up soon. The bucket is there, and the connection was used before."""
    address = replace(seaweedfs.address, endpoint=proxy.endpoint, timeouts=S3Timeouts(1, 0.5, 3))
    store = CloudObjectStore(S3Bucket(address), prefix, tmp_path / "uploads")
    store.size("warm")
    return store


@pytest.fixture
def calm(seaweedfs: SeaweedFS, prefix: str, tmp_path: Path) -> ObjectStore:
    """The same objects by another way."""
    return CloudObjectStore(S3Bucket(seaweedfs.address), prefix, tmp_path / "uploads")


def first(burst: int, fault: WireFault, *methods: str) -> Script:
    """The first requests by these methods meet the fault."""
    met: list[Request] = []

    def script(request: Request) -> WireFault | None:
        if request.method not in methods or len(met) == burst:
            return None
        met.append(request)
        return fault

    return script


@FAULTS
@BURSTS
def test_a_create_has_won_or_not_and_says_so_or_that_it_does_not_know(
    store: ObjectStore, calm: ObjectStore, proxy: FaultProxy, fault: WireFault, burst: int
) -> None:
    proxy.script = first(burst, fault, *WRITES)
    try:
        store.put_if_absent("log/1", b"ours")
        won = True
    except PutAmbiguous:
        won = calm.settle("log/1") is not None
    assert proxy.met >= 1
    assert calm.read("log/1") == (b"ours" if won else None)
    proxy.script = nothing
    if won:
        with pytest.raises(PutConflict):
            store.put_if_absent("log/1", b"other")
    else:
        store.put_if_absent("log/1", b"ours")
    assert calm.read("log/1") == b"ours"


@FAULTS
@BURSTS
def test_a_create_that_came_too_late_never_wins(
    store: ObjectStore, calm: ObjectStore, proxy: FaultProxy, fault: WireFault, burst: int
) -> None:
    calm.put("log/1", b"theirs")
    proxy.script = first(burst, fault, *WRITES)
    with pytest.raises((PutConflict, PutAmbiguous)):
        store.put_if_absent("log/1", b"ours")
    assert calm.read("log/1") == b"theirs"


USES: list[Callable[[ObjectStore], object]] = [
    lambda store: store.read("a/small"),
    lambda store: b"".join(store.chunks("a/large")),
    lambda store: store.size("a/large"),
    lambda store: store.fingerprint("a/large"),
    lambda store: [entry.key for entry in store.list("a/")],
    lambda store: list(store.folders("")),
]


@FAULTS
@BURSTS
def test_what_is_read_is_right_or_an_error(
    store: ObjectStore, calm: ObjectStore, proxy: FaultProxy, fault: WireFault, burst: int
) -> None:
    calm.put("a/small", b"small")
    calm.put("a/large", random.Random(1).randbytes(9 * MEGABYTE))
    for use in USES:
        expected, met = use(calm), proxy.met
        proxy.script = first(burst, fault, *READS)
        try:
            assert use(store) == expected
        except StoreUnavailable:
            assert burst > 1 or fault is WireFault.BEHEADED
        assert proxy.met > met


@FAULTS
@pytest.mark.parametrize("point", range(1, 6))
def test_a_streamed_object_is_whole_or_not_there_and_leaves_no_parts(
    store: ObjectStore,
    calm: ObjectStore,
    seaweedfs: SeaweedFS,
    proxy: FaultProxy,
    prefix: str,
    fault: WireFault,
    point: int,
) -> None:
    """Its requests are: begin, three parts, complete. From the `point`-th on the network is gone, for a while."""
    data = random.Random(2).randbytes(20 * MEGABYTE)
    before = proxy.seen
    proxy.script = lambda request: fault if before + point <= request.number < before + point + 3 else None
    try:
        with store.open_writer("data/a") as writer:
            writer.write(data)
    except StoreUnavailable:
        assert calm.size("data/a") is None
    else:
        assert calm.read("data/a") == data
    assert proxy.met >= 1
    if point > 1:  # else the answer that names the upload may be what got lost
        client = S3Bucket(seaweedfs.address)._client
        assert client.list_multipart_uploads(Bucket="supertable", Prefix=prefix).get("Uploads", []) == []
