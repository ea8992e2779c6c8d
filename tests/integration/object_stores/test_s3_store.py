"""S3 and MinIO, configured by settings, with SeaweedFS: large objects, many objects, refusals, signed addresses."""

from __future__ import annotations

import os
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from uuid import uuid4

import pyarrow as pa
import pytest

import supertable
from supertable.adapters.object_stores.cloud import ranged_reads, s3
from supertable.application.ports.object_stores import ObjectStore
from supertable.config.backends.object_storage import object_store
from supertable.config.settings.settings import load_settings
from supertable.domain.errors import InvalidSetting, StoreUnavailable, UnsafeStore
from tests.servers.seaweedfs import ACCESS_KEY, SECRET_KEY, SeaweedFS

MEGABYTE = 1 << 20


@pytest.fixture(autouse=True)
def environment(home: Path, seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {**seaweedfs.environment, "SUPERTABLE_PREFIX": f"s3_{uuid4().hex}"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SUPERTABLE_HOME", str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def opened() -> ObjectStore:
    return object_store(load_settings())


def resident_bytes() -> int:
    """The memory of this process."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def spool_files(home: Path) -> list[Path]:
    return [path for path in home.rglob("uploads/*") if path.is_file()]


# large objects


def test_a_large_object_is_streamed_in_bounded_memory(home: Path) -> None:
    store = opened()
    store.put("warm", b"")
    blocks = [bytes([n]) * MEGABYTE for n in range(8)]
    before = most = resident_bytes()
    with store.open_writer("data/large") as writer:
        for turn in range(200):
            writer.write(blocks[turn % 8])
    most = max(most, resident_bytes())
    start = 0
    for chunk in store.chunks("data/large"):
        offsets = range(start, start + len(chunk), MEGABYTE // 4)
        assert chunk[:: MEGABYTE // 4] == bytes(offset // MEGABYTE % 8 for offset in offsets)
        start += len(chunk)
        most = max(most, resident_bytes())
    assert start == store.size("data/large") == 200 * MEGABYTE
    assert most - before < 100 * MEGABYTE
    assert spool_files(home) == []


@pytest.mark.parametrize("size", [0, 1, ranged_reads.RANGE_BYTES - 1, ranged_reads.RANGE_BYTES])
def test_objects_of_up_to_one_range_are_read_completely(size: int) -> None:
    store = opened()
    store.put("a", b"x" * size)
    assert b"".join(store.chunks("a")) == b"x" * size


@pytest.mark.parametrize("more", [1, ranged_reads.RANGE_BYTES, 3 * ranged_reads.RANGE_BYTES + 7])
def test_larger_objects_are_read_in_ranges_and_in_order(more: int) -> None:
    store = opened()
    data = b"".join(n.to_bytes(4) for n in range((ranged_reads.RANGE_BYTES + more) // 4 + 1))
    store.put("a", data)
    chunks = list(store.chunks("a"))
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) <= ranged_reads.RANGE_BYTES


def test_replacing_an_object_while_it_is_read_is_an_error() -> None:
    store = opened()
    store.put("a", b"1" * (20 * MEGABYTE))
    chunks = store.chunks("a")
    next(chunks)
    store.put("a", b"2" * (20 * MEGABYTE))
    with pytest.raises(StoreUnavailable, match="replaced"):
        list(chunks)


# many objects


def test_many_objects_and_folders_are_listed_page_by_page_and_deleted_in_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(s3, "PAGE_KEYS", 50)
    monkeypatch.setattr(s3.S3Bucket, "max_deleted_keys", 40)
    store = opened()
    names = [f"t/{number:04d}/a" for number in range(130)]
    for name in names:
        store.put_if_absent(name, b"")
    assert [entry.key for entry in store.list("t/")] == names
    assert [entry.key for entry in store.list("t/", "t/0050/a")] == names[51:]
    assert list(store.folders("t/")) == [f"{number:04d}" for number in range(130)]
    store.delete(names[1:])
    assert [entry.key for entry in store.list("")] == names[:1]


def test_deployments_in_one_bucket_do_not_see_each_other(environment: pytest.MonkeyPatch) -> None:
    folder = f"apart_{uuid4().hex}"
    names = ["one", "one_", "on", "two/three"]
    stores: list[ObjectStore] = []
    for name in names:
        environment.setenv("SUPERTABLE_PREFIX", f"{folder}/{name}")
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


def test_the_bucket_is_created_at_the_first_use_of_minio(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("STORAGE_BUCKET", f"new-{uuid4().hex}")
    store = opened()
    assert store.read("a") is None
    store.put("a", b"x")
    assert opened().read("a") == b"x"


# refusals


def test_minio_requires_an_endpoint(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("STORAGE_ENDPOINT_URL")
    with pytest.raises(InvalidSetting, match="STORAGE_ENDPOINT_URL"):
        opened()


@pytest.mark.parametrize("missing", ["STORAGE_ACCESS_KEY", "STORAGE_SECRET_KEY"])
def test_both_keys_are_required(environment: pytest.MonkeyPatch, missing: str) -> None:
    environment.delenv(missing)
    with pytest.raises(InvalidSetting, match=missing):
        opened()


def test_a_missing_bucket_of_s3_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("STORAGE_TYPE", "S3")
    environment.setenv("STORAGE_BUCKET", "nowhere")
    store = opened()
    uses: list[Callable[[], object]] = [
        lambda: store.read("a"),
        lambda: store.put("a", b""),
        lambda: store.put_if_absent("a", b""),
    ]
    for use in uses:
        with pytest.raises(StoreUnavailable, match="bucket nowhere does not exist.*STORAGE_BUCKET"):
            use()


WRONG = "wrong-secret-that-is-never-shown"


def refusals(store: ObjectStore) -> Iterator[str]:
    """The messages of all errors, and of their causes, when each use of the store fails."""

    def stream() -> None:
        with store.open_writer("a") as writer:
            writer.write(b"x")

    def stream_much() -> None:
        with store.open_writer("a") as writer:
            writer.write(b"x" * 20 * MEGABYTE)

    uses: list[Callable[[], object]] = [
        lambda: store.read("a"),
        lambda: store.size("a"),
        lambda: store.put("a", b""),
        lambda: store.put_if_absent("a", b""),
        lambda: list(store.list("")),
        lambda: list(store.folders("")),
        lambda: list(store.chunks("a")),
        lambda: store.delete(["a"]),
        stream,
        stream_much,
    ]
    for use in uses:
        with pytest.raises(StoreUnavailable) as refused:
            use()
        error: BaseException | None = refused.value
        while error is not None:
            yield str(error)
            error = error.__cause__


@pytest.mark.parametrize("setting", ["STORAGE_ACCESS_KEY", "STORAGE_SECRET_KEY"])
@pytest.mark.parametrize("kind", ["S3", "MINIO"])
def test_refused_credentials_are_never_shown(environment: pytest.MonkeyPatch, setting: str, kind: str) -> None:
    environment.setenv("STORAGE_TYPE", kind)
    environment.setenv(setting, WRONG)
    store = opened()
    for message in refusals(store):
        assert "credentials were refused" in message
        assert "STORAGE_ACCESS_KEY" in message
        assert not any(secret in message for secret in (WRONG, SECRET_KEY, ACCESS_KEY))
    assert not any(secret in repr(store) for secret in (WRONG, SECRET_KEY, ACCESS_KEY))


def test_missing_credentials_are_an_error(environment: pytest.MonkeyPatch, home: Path) -> None:
    for name in ("STORAGE_ACCESS_KEY", "STORAGE_SECRET_KEY"):
        environment.delenv(name)
    environment.setenv("HOME", str(home))
    for message in refusals(opened()):
        assert "no credentials were found" in message


def test_variables_of_aws_are_used_in_place_of_our_settings(environment: pytest.MonkeyPatch) -> None:
    for name in ("STORAGE_ACCESS_KEY", "STORAGE_SECRET_KEY"):
        environment.delenv(name)
    environment.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    environment.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    opened().put("a", b"x")
    environment.setenv("AWS_SECRET_ACCESS_KEY", WRONG)
    with pytest.raises(StoreUnavailable, match="refused"):
        opened().put("a", b"x")
    environment.setenv("STORAGE_ACCESS_KEY", ACCESS_KEY)
    environment.setenv("STORAGE_SECRET_KEY", SECRET_KEY)
    assert opened().read("a") == b"x"


def test_an_unreachable_server_is_an_error_that_names_the_setting(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("STORAGE_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreUnavailable, match="STORAGE_ENDPOINT_URL"):
        opened().read("a")


class WithoutConditions(BaseHTTPRequestHandler):
    """A store that ignores `If-None-Match`: the last write wins."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes] = {}  # noqa: RUF012

    def do_PUT(self) -> None:
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200, b"")

    def do_GET(self) -> None:
        if "list-type=2" in self.path:
            self._answer(200, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        elif (found := self.objects.get(self.path)) is not None:
            self._answer(200, found)
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_HEAD(self) -> None:
        found = self.objects.get(self.path, b"")
        self._answer(200 if self.path in self.objects or self.path.count("/") == 1 else 404, found, body=False)

    def _answer(self, status: int, data: bytes, body: bool = True) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hash(data)}"')
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """No-op: keeps the log out of the tests' output."""


@pytest.fixture
def store_without_conditions() -> Iterator[str]:
    WithoutConditions.objects = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), WithoutConditions)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_store_that_ignores_if_none_match_is_refused(
    environment: pytest.MonkeyPatch, store_without_conditions: str, home: Path
) -> None:
    environment.setenv("STORAGE_ENDPOINT_URL", store_without_conditions)
    with supertable.connect(home=home) as lake, pytest.raises(UnsafeStore, match="If-None-Match"):
        lake.create_table("t", pa.schema([("id", pa.int64())]))
    assert [path for path in WithoutConditions.objects if "/log/" in path] == []


# addresses


def test_a_signed_address_is_readable_by_anyone_until_it_expires() -> None:
    store = opened()
    store.put("data/a", b"bytes")
    assert store.location("data/a") == f"s3://supertable/{load_settings().prefix}/data/a"
    signed = store.signed_location("data/a", 60)
    with urllib.request.urlopen(signed) as response:
        assert response.read() == b"bytes"
    with pytest.raises(HTTPError, match="403"):
        urllib.request.urlopen(signed.replace("data/a", "data/b"))
    short = store.signed_location("data/a", 1)
    time.sleep(2.5)
    with pytest.raises(HTTPError, match="403"):
        urllib.request.urlopen(short)
