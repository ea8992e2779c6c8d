"""Addresses and credentials of Azure and Google Cloud Storage, and combinations of settings that are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from supertable.adapters.object_stores.cloud.azure import AzureAddress
from supertable.adapters.object_stores.cloud.gcs import GcsAddress
from supertable.config.backends.azure_address import azure_address
from supertable.config.backends.gcs_address import gcs_address
from supertable.config.settings.settings import load_settings
from supertable.domain.errors import InvalidSetting

KEY = "c2VjcmV0"
OTHER = "b3RoZXI="
CONNECTION = f"DefaultEndpointsProtocol=https;AccountName=acc;AccountKey={KEY};EndpointSuffix=core.windows.net"
SERVICE_ACCOUNT = json.dumps({"type": "service_account", "private_key": "hidden"})


@pytest.fixture(autouse=True)
def isolated_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)


def azure(monkeypatch: pytest.MonkeyPatch, **variables: str) -> AzureAddress:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return azure_address(load_settings())


def gcs(monkeypatch: pytest.MonkeyPatch, **variables: str) -> GcsAddress:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return gcs_address(load_settings())


def test_an_account_has_its_default_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    found = azure(monkeypatch, AZURE_STORAGE_ACCOUNT="acc", AZURE_STORAGE_KEY=KEY)
    assert found == AzureAddress("supertable", "https://acc.blob.core.windows.net", "acc", KEY)
    assert KEY not in repr(found)


def test_azure_s_own_settings_override_the_general_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    found = azure(
        monkeypatch,
        AZURE_STORAGE_ACCOUNT="acc",
        AZURE_SAS_TOKEN="sv=1&sig=hidden",
        AZURE_CONTAINER="box",
        STORAGE_BUCKET="other",
        STORAGE_ENDPOINT_URL="http://elsewhere:1",
    )
    assert found == AzureAddress("box", "http://elsewhere:1", "acc", sas_token="sv=1&sig=hidden")
    assert "hidden" not in repr(found)
    assert azure(monkeypatch, AZURE_BLOB_ENDPOINT="http://here:2/acc/").endpoint == "http://here:2/acc"


def test_without_key_or_token_the_identity_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    found = azure(monkeypatch, AZURE_STORAGE_ACCOUNT="acc", STORAGE_BUCKET="box")
    assert found == AzureAddress("box", "https://acc.blob.core.windows.net", "acc")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CONNECTION, AzureAddress("supertable", "https://acc.blob.core.windows.net", "acc", KEY)),
        (
            f"AccountName=acc;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:1/acc/;",
            AzureAddress("supertable", "http://127.0.0.1:1/acc", "acc", KEY),
        ),
        (
            "BlobEndpoint=https://acc.blob.core.windows.net/;SharedAccessSignature=sv=1&sig=a%3D",
            AzureAddress("supertable", "https://acc.blob.core.windows.net", None, None, "sv=1&sig=a%3D"),
        ),
    ],
)
def test_a_connection_string_is_parsed(monkeypatch: pytest.MonkeyPatch, text: str, expected: AzureAddress) -> None:
    assert azure(monkeypatch, AZURE_STORAGE_CONNECTION_STRING=text) == expected


@pytest.mark.parametrize(
    ("setting", "variables"),
    [
        ("AZURE_STORAGE_ACCOUNT", {}),
        ("AZURE_STORAGE_ACCOUNT", {"AZURE_STORAGE_KEY": KEY}),
        ("AZURE_STORAGE_ACCOUNT", {"AZURE_STORAGE_CONNECTION_STRING": CONNECTION, "AZURE_STORAGE_ACCOUNT": "other"}),
        ("AZURE_SAS_TOKEN", {"AZURE_STORAGE_ACCOUNT": "acc", "AZURE_STORAGE_KEY": KEY, "AZURE_SAS_TOKEN": "sv=1"}),
        ("AZURE_STORAGE_KEY", {"AZURE_STORAGE_ACCOUNT": "acc", "AZURE_STORAGE_KEY": "not/base64!"}),
        ("AZURE_STORAGE_KEY", {"AZURE_STORAGE_CONNECTION_STRING": CONNECTION, "AZURE_STORAGE_KEY": OTHER}),
        ("AZURE_SAS_TOKEN", {"AZURE_STORAGE_CONNECTION_STRING": CONNECTION, "AZURE_SAS_TOKEN": "sv=1"}),
        ("STORAGE_ENDPOINT_URL", {"AZURE_STORAGE_CONNECTION_STRING": CONNECTION, "STORAGE_ENDPOINT_URL": "http://a"}),
        ("AZURE_STORAGE_CONNECTION_STRING", {"AZURE_STORAGE_CONNECTION_STRING": "hidden"}),
        ("AZURE_STORAGE_CONNECTION_STRING", {"AZURE_STORAGE_CONNECTION_STRING": "AccountName=acc;AccountKey=hidden!"}),
        ("AZURE_STORAGE_CONNECTION_STRING", {"AZURE_STORAGE_CONNECTION_STRING": f"AccountKey={KEY}"}),
        ("AZURE_BLOB_ENDPOINT", {"AZURE_STORAGE_ACCOUNT": "acc", "AZURE_BLOB_ENDPOINT": "http://plain"}),
        ("STORAGE_ENDPOINT_URL", {"AZURE_STORAGE_ACCOUNT": "acc", "STORAGE_ENDPOINT_URL": "http://plain"}),
    ],
)
def test_an_invalid_combination_names_the_setting_without_secrets(
    monkeypatch: pytest.MonkeyPatch, setting: str, variables: dict[str, str]
) -> None:
    with pytest.raises(InvalidSetting) as refused:
        azure(monkeypatch, **variables)
    assert refused.value.setting == setting
    assert not any(secret in str(refused.value) for secret in ("hidden", KEY, OTHER, "not/base64"))


def test_google_s_bucket_and_credentials_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert gcs(monkeypatch) == GcsAddress("supertable")
    assert gcs(monkeypatch, GCP_PROJECT="p", GCS_BUCKET="b") == GcsAddress("b", project="p")
    file = tmp_path / "key.json"
    file.write_text(SERVICE_ACCOUNT)
    found = gcs(monkeypatch, GOOGLE_APPLICATION_CREDENTIALS=str(file))
    assert found == GcsAddress("b", project="p", credentials=SERVICE_ACCOUNT)
    assert "hidden" not in repr(found)
    with pytest.raises(InvalidSetting, match="GCP_SA_JSON: GOOGLE_APPLICATION_CREDENTIALS is given too"):
        gcs(monkeypatch, GCP_SA_JSON=SERVICE_ACCOUNT)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    assert gcs(monkeypatch) == found


@pytest.mark.parametrize("text", ["hidden", "[]", '{"private_key": "hidden"}'])
def test_malformed_google_credentials_are_refused_without_showing_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "key.json"
    file.write_text(text)
    with pytest.raises(InvalidSetting, match="GOOGLE_APPLICATION_CREDENTIALS") as refused:
        gcs(monkeypatch, GOOGLE_APPLICATION_CREDENTIALS=str(file))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    assert "hidden" not in str(refused.value)
    with pytest.raises(InvalidSetting, match="GCP_SA_JSON") as refused:
        gcs(monkeypatch, GCP_SA_JSON=text)
    assert "hidden" not in str(refused.value)


def test_a_missing_credentials_file_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidSetting, match="GOOGLE_APPLICATION_CREDENTIALS: the file cannot be read"):
        gcs(monkeypatch, GOOGLE_APPLICATION_CREDENTIALS="nowhere.json")
