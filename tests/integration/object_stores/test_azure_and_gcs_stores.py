"""Azure and Google Cloud Storage, configured by settings, with Azurite and fake-gcs-server.

Large objects, many objects, missing buckets, signed addresses.
"""

from __future__ import annotations

import os
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from uuid import uuid4

import pytest

from supertable.adapters.object_stores.cloud import azure, gcs, ranged_reads
from supertable.application.ports.object_stores import ObjectStore
from supertable.config.backends.object_storage import object_store
from supertable.config.settings.settings import load_settings
from supertable.domain.errors import StoreUnavailable
from tests.servers.azurite import Azurite
from tests.servers.fake_gcs import FakeGcs

MEGABYTE = 1 << 20


@pytest.fixture(params=["azurite", "fake_gcs"], autouse=True)
def server(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Azurite | FakeGcs:
    server: Azurite | FakeGcs = request.getfixturevalue(request.param)
    environment = {"SUPERTABLE_HOME": str(home), "SUPERTABLE_PREFIX": f"many_{uuid4().hex}", **server.environment}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return server


def opened() -> ObjectStore:
    return object_store(load_settings())


def resident_bytes() -> int:
    """The memory of this process."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_a_large_object_is_streamed_in_bounded_memory(home: Path) -> None:
    store = opened()
    store.put("warm", b"")
    blocks = [bytes([n]) * MEGABYTE for n in range(8)]
    before = most = resident_bytes()
    with store.open_writer("data/large") as writer:
        for turn in range(160):
            writer.write(blocks[turn % 8])
    most = max(most, resident_bytes())
    start = 0
    for chunk in store.chunks("data/large"):
        offsets = range(start, start + len(chunk), MEGABYTE // 4)
        assert chunk[:: MEGABYTE // 4] == bytes(offset // MEGABYTE % 8 for offset in offsets)
        start += len(chunk)
        most = max(most, resident_bytes())
    assert start == store.size("data/large") == 160 * MEGABYTE
    assert most - before < 100 * MEGABYTE
    assert [path for path in home.rglob("uploads/*") if path.is_file()] == []


@pytest.mark.parametrize("size", [0, 1, ranged_reads.RANGE_BYTES, 3 * ranged_reads.RANGE_BYTES + 7])
def test_objects_of_any_size_are_read_completely(size: int) -> None:
    store = opened()
    data = (b"0123456789a" * (size // 11 + 1))[:size]
    store.put("a", data)
    assert b"".join(store.chunks("a")) == data
    assert store.read("a") == data
    store.put_if_absent("b", data)
    assert store.settle("b") == data


def test_replacing_an_object_while_it_is_read_is_an_error() -> None:
    store = opened()
    store.put("a", b"1" * (20 * MEGABYTE))
    chunks = store.chunks("a")
    next(chunks)
    store.put("a", b"2" * (20 * MEGABYTE))
    with pytest.raises(StoreUnavailable, match="replaced"):
        list(chunks)


def test_many_objects_are_listed_page_by_page_and_deleted_in_batches(
    server: Azurite | FakeGcs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bucket in (azure, gcs):
        monkeypatch.setattr(bucket, "PAGE_KEYS", 100)
    monkeypatch.setattr(gcs.GcsBucket, "max_deleted_keys", 100)
    store = opened()
    count = 230 if isinstance(server, FakeGcs) else 300  # a batch of Azure has 256
    names = [f"log/{number:06d}" for number in range(count)]
    for name in names:
        store.put(name, b"")
    assert [entry.key for entry in store.list("log/")] == names
    assert [entry.key for entry in store.list("log/", "log/000049")] == names[50:]
    store.delete(names[1:])
    assert [entry.key for entry in store.list("")] == names[:1]


def test_deployments_in_one_bucket_do_not_see_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = f"apart_{uuid4().hex}"
    names = ["one", "one_", "on", "two/three"]
    stores: list[ObjectStore] = []
    for name in names:
        monkeypatch.setenv("SUPERTABLE_PREFIX", f"{folder}/{name}")
        stores.append(opened())
    for name, store in zip(names, stores, strict=True):
        store.put("log/1", name.encode())
        store.put_if_absent("log/2", name.encode())
    for name, store in zip(names, stores, strict=True):
        assert [entry.key for entry in store.list("")] == ["log/1", "log/2"]
        assert [entry.key for entry in store.list("", "log/1")] == ["log/2"]
        assert list(store.folders("")) == ["log"]
        assert store.read("log/1") == store.read("log/2") == name.encode()
    stores[2].delete(["log/1", "log/2"])
    assert [store.size("log/1") for store in stores] == [3, 4, None, 9]


def test_a_missing_bucket_is_an_error(server: Azurite | FakeGcs, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = "AZURE_CONTAINER" if isinstance(server, Azurite) else "GCS_BUCKET"
    monkeypatch.setenv(variable, "nowhere")
    store = opened()
    uses: list[Callable[[], object]] = [
        lambda: store.read("a"),
        lambda: store.size("a"),
        lambda: list(store.chunks("a")),
        lambda: list(store.list("")),
        lambda: store.put("a", b""),
        lambda: store.put_if_absent("a", b""),
        lambda: store.settle("a"),
    ]
    for use in uses:
        with pytest.raises(StoreUnavailable, match=f"(container|bucket) nowhere does not exist; .* check {variable}"):
            use()


def test_a_bucket_may_be_named_by_storage_bucket(server: Azurite | FakeGcs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_BUCKET", "nowhere")
    with pytest.raises(StoreUnavailable, match="nowhere"):
        opened().put("a", b"")
    monkeypatch.setenv("STORAGE_BUCKET", "supertable")
    opened().put("a", b"")


def test_locations_name_the_bucket_and_the_prefix(server: Azurite | FakeGcs) -> None:
    prefix = os.environ["SUPERTABLE_PREFIX"]
    scheme = "az" if isinstance(server, Azurite) else "gs"
    assert opened().location("data/a.parquet") == f"{scheme}://supertable/{prefix}/data/a.parquet"


def test_a_signed_address_reads_one_object_until_it_expires(server: Azurite | FakeGcs) -> None:
    store = opened()
    store.put("a", b"one")
    store.put("b", b"two")
    url = store.signed_location("a", 2)
    assert urllib.request.urlopen(url).read() == b"one"
    if isinstance(server, FakeGcs):
        return  # fake-gcs-server checks neither signatures nor their expiry
    with pytest.raises(HTTPError, match="403"):
        urllib.request.urlopen(url.replace("/a?", "/b?"))
    time.sleep(3)
    with pytest.raises(HTTPError, match="403"):
        urllib.request.urlopen(url)
