"""Azure's managed identities and Google's service accounts: they read, write and sign addresses."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from supertable.adapters.object_stores.cloud.azure import AzureBucket, AzureTimeouts
from supertable.adapters.object_stores.cloud.cloud_store import CloudObjectStore
from supertable.application.ports.object_stores import ObjectStore
from supertable.config.backends.azure_address import azure_address
from supertable.config.backends.object_storage import object_store
from supertable.config.settings.settings import load_settings
from supertable.domain.errors import StoreUnavailable
from tests.servers.azurite import ACCOUNT, Azurite
from tests.servers.fake_gcs import FakeGcs
from tests.servers.tokens import TENANT, TokenServer, certificate, service_account


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    server = TokenServer()
    yield server
    server.stop()


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    files = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(files[0]))
    return files


@pytest.fixture
def azurite_of_identities(
    home: Path, tmp_path: Path, trusted: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Azurite]:
    server = Azurite(tmp_path / "azurite", trusted)
    server.create_container("supertable")
    account = {"AZURE_BLOB_ENDPOINT": server.endpoint, "AZURE_STORAGE_ACCOUNT": ACCOUNT}
    for name, value in {"STORAGE_TYPE": "AZURE", "SUPERTABLE_HOME": str(home), **account}.items():
        monkeypatch.setenv(name, value)
    yield server
    server.stop()


def opened() -> ObjectStore:
    return object_store(load_settings())


def test_a_managed_identity_reads_writes_and_signs(
    azurite_of_identities: Azurite, tokens: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{tokens.endpoint}/token")
    monkeypatch.setenv("IDENTITY_HEADER", "from-the-platform")
    store = opened()
    store.put_if_absent("a", b"x")
    store.put("b", b"y")
    assert [entry.key for entry in store.list("")] == ["a", "b"]
    url = urlsplit(store.signed_location("a", 60))
    assert url.path.endswith("/supertable/a")
    query = parse_qs(url.query)
    assert (query["sktid"], query["sp"], query["sr"]) == ([TENANT], ["r"], ["b"])
    # Azurite does not support this SDK's newer kind of delegated signatures, so the address cannot be read here.
    store.delete(["a", "b"])
    assert list(store.list("")) == []
    assert len(tokens.requests) == 1


def test_without_an_identity_the_error_names_the_settings(
    azurite_of_identities: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/token")
    monkeypatch.setenv("IDENTITY_HEADER", "from-the-platform")
    address = replace(azure_address(load_settings()), timeouts=AzureTimeouts(attempts=1))
    store = CloudObjectStore(AzureBucket(address), "", tmp_path)
    with pytest.raises(StoreUnavailable, match="no usable credentials; check AZURE_STORAGE_CONNECTION_STRING"):
        store.read("a")


@pytest.fixture
def google(home: Path, fake_gcs: FakeGcs, monkeypatch: pytest.MonkeyPatch) -> FakeGcs:
    for name, value in {**fake_gcs.environment, "SUPERTABLE_HOME": str(home)}.items():
        monkeypatch.setenv(name, value)
    return fake_gcs


def test_a_service_account_reads_writes_and_signs(google: FakeGcs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCP_SA_JSON", service_account())
    store = opened()
    store.put("a", b"x")
    assert store.read("a") == b"x"
    url = store.signed_location("a", 90)
    query = parse_qs(urlsplit(url).query)
    assert query["X-Goog-Expires"] == ["90"]
    assert query["X-Goog-Credential"][0].startswith("tests@test.iam.gserviceaccount.com/")
    assert urllib.request.urlopen(url).read() == b"x"
    assert "PRIVATE KEY" not in repr(store)


def test_an_invalid_service_account_is_an_error_and_not_shown(google: FakeGcs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCP_SA_JSON", '{"type": "service_account", "private_key": "hidden"}')
    with pytest.raises(StoreUnavailable, match="no usable credentials") as refused:
        opened().put("a", b"x")
    assert "hidden" not in str(refused.value)
