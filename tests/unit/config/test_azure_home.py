"""`SUPERTABLE_HOME` as the address of a folder in Azure."""

from __future__ import annotations

from pathlib import Path

import pytest

from supertable.config.backends.azure_address import azure_address
from supertable.config.settings.settings import Settings, load_settings
from supertable.config.settings.storage import StorageType
from supertable.domain.errors import InvalidName, InvalidSetting

KEY = "c2VjcmV0"
ADDRESS = "abfss://lake@acc.dfs.core.windows.net/warehouse/prod"


@pytest.fixture(autouse=True)
def isolated_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_container_account_and_folder_are_the_storage(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, SUPERTABLE_HOME=ADDRESS)
    assert (found.storage_type, found.prefix) == (StorageType.AZURE, "warehouse/prod")
    assert not found.all_is_local
    address = azure_address(found)
    assert (address.container, address.endpoint) == ("lake", "https://acc.blob.core.windows.net")
    assert (address.account, address.key) == ("acc", KEY)
    assert found.home == home / ".cache" / "supertable" / "lake@acc"


@pytest.mark.parametrize("given", [ADDRESS, Path(ADDRESS), ADDRESS + "/"])
def test_as_an_argument_too(given: str | Path) -> None:
    found = load_settings(home=given)
    assert (found.storage_type, found.azure_container, found.prefix) == (StorageType.AZURE, "lake", "warehouse/prod")


def test_in_a_file_of_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.env"
    file.write_text(f"SUPERTABLE_HOME={ADDRESS}\n")
    monkeypatch.delenv("SUPERTABLE_HOME", raising=False)
    found = settings(monkeypatch, DOTENV_PATH=str(file))
    assert (found.storage_type, found.azure_storage_account) == (StorageType.AZURE, "acc")


def test_without_a_folder_and_with_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = "abfss://lake@acc.dfs.core.windows.net"
    assert settings(monkeypatch, SUPERTABLE_HOME=whole).prefix == ""
    assert settings(monkeypatch, SUPERTABLE_PREFIX="more").prefix == "more"
    assert settings(monkeypatch, SUPERTABLE_HOME=ADDRESS).prefix == "warehouse/prod/more"


def test_another_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, SUPERTABLE_HOME="abfss://lake@acc.dfs.core.chinacloudapi.cn/x")
    assert azure_address(found).endpoint == "https://acc.blob.core.chinacloudapi.cn"


def test_a_connection_string_of_the_same_account_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_KEY")
    connection = f"AccountName=acc;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:1/acc"
    found = azure_address(settings(monkeypatch, SUPERTABLE_HOME=ADDRESS, AZURE_STORAGE_CONNECTION_STRING=connection))
    assert (found.container, found.endpoint) == ("lake", "http://127.0.0.1:1/acc")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("STORAGE_TYPE", "S3"), ("AZURE_CONTAINER", "other"), ("AZURE_STORAGE_ACCOUNT", "other")],
)
def test_a_setting_that_differs_is_refused(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidSetting, match=f"SUPERTABLE_HOME: {variable} is given too"):
        settings(monkeypatch, SUPERTABLE_HOME=ADDRESS, **{variable: value})


@pytest.mark.parametrize(
    "home",
    [
        "abfss://",
        "abfss://lake",
        "abfss://lake@acc",
        "abfss://@acc.dfs.core.windows.net/x",
        "abfss://lake@acc.blob.core.windows.net/x",
        "ABFSS://lake@acc.blob.core.windows.net/x",
    ],
)
def test_an_incomplete_address_is_refused(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidSetting, match="SUPERTABLE_HOME: the address is not like"):
        settings(monkeypatch, SUPERTABLE_HOME=home)


@pytest.mark.parametrize("home", ["s3://bucket/x", "abfs://c@a.dfs.core.windows.net/x", "GS://b", "file:///srv/lake"])
def test_another_address_is_no_folder(home: str, tmp_path: Path) -> None:
    for given in (home, Path(home)):
        with pytest.raises(InvalidSetting, match="a folder or an abfss:// address"):
            load_settings(home=given)
    assert load_settings(home=tmp_path / "a:b").home == tmp_path / "a:b"


def test_a_folder_whose_name_is_not_allowed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidName):
        settings(monkeypatch, SUPERTABLE_HOME="abfss://lake@acc.dfs.core.windows.net/a/../b")
