"""The kinds of credentials for Azure, with Azurite, which checks keys and tokens."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from supertable.application.ports.object_stores import ObjectStore
from supertable.config.backends.object_storage import object_store
from supertable.config.settings.settings import load_settings
from supertable.domain.errors import StoreUnavailable
from tests.servers.azurite import KEY, Azurite

WRONG_KEY = "bm90IHRoZSBrZXk="


@pytest.fixture(autouse=True)
def environment(home: Path, azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"SUPERTABLE_HOME": str(home), "SUPERTABLE_PREFIX": f"keys_{uuid4().hex}"}
    for name, value in {**settings, **azurite.environment}.items():
        monkeypatch.setenv(name, value)


def opened() -> ObjectStore:
    return object_store(load_settings())


def test_a_wrong_key_is_refused_and_never_shown(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_KEY", WRONG_KEY)
    store = opened()
    uses: list[Callable[[], object]] = [
        lambda: store.read("a"),
        lambda: store.size("a"),
        lambda: store.put_if_absent("a", b""),
        lambda: list(store.list("")),
        lambda: store.delete(["a"]),
    ]
    for use in uses:
        with pytest.raises(StoreUnavailable, match="credentials were refused.*AZURE_STORAGE_KEY") as raised:
            use()
        assert WRONG_KEY not in f"{raised.value!r} {store!r}"


def test_a_connection_string_is_sufficient(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_BLOB_ENDPOINT"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite.connection_string)
    store = opened()
    store.put_if_absent("a", b"x")
    assert urllib.request.urlopen(store.signed_location("a", 60)).read() == b"x"
    assert KEY not in repr(store)


def test_a_sas_token_is_sufficient_but_cannot_sign(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    token = azurite.sas_token(read_only=False)
    monkeypatch.delenv("AZURE_STORAGE_KEY")
    monkeypatch.setenv("AZURE_SAS_TOKEN", token)
    store = opened()
    store.put_if_absent("a", b"x")
    assert [entry.key for entry in store.list("")] == ["a"]
    with pytest.raises(StoreUnavailable, match="AZURE_SAS_TOKEN cannot sign"):
        store.signed_location("a", 60)
    store.delete(["a", "b"])
    assert store.size("a") is None
    assert "sig=" not in repr(store)


def test_a_read_only_token_cannot_write(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    opened().put("a", b"x")
    monkeypatch.delenv("AZURE_STORAGE_KEY")
    monkeypatch.setenv("AZURE_SAS_TOKEN", f"?{azurite.sas_token(read_only=True)}")
    store = opened()
    assert store.read("a") == b"x"
    writes: list[Callable[[], object]] = [
        lambda: store.put("a", b"y"),
        lambda: store.put_if_absent("b", b""),
        lambda: store.delete(["a"]),
    ]
    for write in writes:
        with pytest.raises(StoreUnavailable, match="refused|could not be deleted") as raised:
            write()
        assert "sig" not in str(raised.value)
    assert store.read("a") == b"x"
