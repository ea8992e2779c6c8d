"""DuckDB's access to an object store, as the settings select it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supertable.config.backends.duckdb_access import SignedLocations, remote_access
from supertable.config.backends.object_storage import object_store
from supertable.config.settings.settings import load_settings

KEYS = {"storage_access_key": "known", "storage_secret_key": "hush"}
S3 = {"storage_type": "S3", "storage_bucket": "b", "prefix": "p"}
AZURE = {"storage_type": "AZURE", "azure_storage_account": "acc", "azure_container": "c"}
GCP = {"storage_type": "GCP", "gcs_bucket": "g", "storage_endpoint_url": "http://127.0.0.1:1"}


def access(home: Path, **settings: Any) -> Any:
    loaded = load_settings(home=home, **settings)
    return remote_access(loaded, object_store(loaded))


@pytest.mark.parametrize(
    ("settings", "kind", "options", "folder"),
    [
        (
            S3 | KEYS,
            "s3",
            {"KEY_ID": "known", "SECRET": "hush", "REGION": "us-east-1", "URL_STYLE": "path", "USE_SSL": "true"},
            "s3://b/p/",
        ),
        (
            S3
            | KEYS
            | {
                "storage_type": "MINIO",
                "storage_endpoint_url": "http://host:9000",
                "storage_region": "eu",
                "storage_session_token": "token",
                "storage_force_path_style": False,
            },
            "s3",
            {
                "KEY_ID": "known",
                "SECRET": "hush",
                "SESSION_TOKEN": "token",
                "REGION": "eu",
                "URL_STYLE": "vhost",
                "USE_SSL": "false",
                "ENDPOINT": "host:9000",
            },
            "s3://b/p/",
        ),
        (
            AZURE | {"azure_storage_key": "aHVzaA=="},
            "azure",
            {
                "CONNECTION_STRING": "DefaultEndpointsProtocol=https;BlobEndpoint=https://acc.blob.core.windows.net;"
                "AccountName=acc;AccountKey=aHVzaA==;"
            },
            "az://c/",
        ),
        (
            AZURE | {"azure_sas_token": "?sig=hush"},
            "azure",
            {
                "CONNECTION_STRING": "DefaultEndpointsProtocol=https;BlobEndpoint=https://acc.blob.core.windows.net;"
                "SharedAccessSignature=sig=hush;"
            },
            "az://c/",
        ),
        (
            GCP | KEYS,
            "gcs",
            {
                "KEY_ID": "known",
                "SECRET": "hush",
                "URL_STYLE": "path",
                "USE_SSL": "false",
                "ENDPOINT": "127.0.0.1:1",
            },
            "gs://g/",
        ),
    ],
)
def test_credentials_in_the_settings_become_a_secret_of_duckdb(
    home: Path, settings: dict[str, Any], kind: str, options: dict[str, str], folder: str
) -> None:
    given = access(home, **settings)
    assert (given.secret.kind, dict(given.secret.options)) == (kind, options)
    assert given.folder() == folder
    assert "hush" not in repr(given)


@pytest.mark.parametrize("settings", [S3, AZURE, GCP], ids=["roles", "identities", "service accounts"])
def test_without_credentials_in_the_settings_urls_are_signed(home: Path, settings: dict[str, Any]) -> None:
    given = access(home, **settings)
    assert given.secret is None
    assert list(given.extensions) == ["httpfs"]


def test_presigned_access_has_no_credentials(home: Path) -> None:
    given = access(home, **S3, **KEYS, storage_endpoint_url="http://host:9000", duckdb_presigned=True)
    assert given.secret is None
    assert given.folder() == "http://host:9000/b/p/"


def test_a_local_folder_needs_no_remote_access(home: Path) -> None:
    assert access(home) is None


def test_signed_urls_are_reused(home: Path) -> None:
    loaded = load_settings(home=home, **S3, **KEYS, storage_endpoint_url="http://host:9000")
    sign = SignedLocations(object_store(loaded))
    assert sign("a/b.parquet") is sign("a/b.parquet")
    assert sign("a/b.parquet") != sign("a/c.parquet")
    assert "hush" not in sign("a/b.parquet")
