"""How DuckDB reads an object store, as the settings select it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supertable.adapters.engines.duckdb import HttpfsAccess, RangeAccess
from supertable.application.storage.files.ranged_files import RangeReads
from supertable.config.backends import duckdb_access
from supertable.config.backends.object_storage import object_store
from supertable.config.settings.settings import load_settings
from supertable.domain.table.data_files import DataFile

KEYS = {"storage_access_key": "known", "storage_secret_key": "hush"}
S3 = {"storage_type": "S3", "storage_bucket": "b", "prefix": "p", "storage_endpoint_url": "http://host:9000"} | KEYS
AZURE = {"storage_type": "AZURE", "azure_storage_account": "acc", "azure_container": "c"}
GCP = {"storage_type": "GCP", "gcs_bucket": "g", "storage_endpoint_url": "http://127.0.0.1:1"}


def access(home: Path, **settings: Any) -> Any:
    loaded = load_settings(home=home, **settings)
    return duckdb_access.remote_access(loaded, object_store(loaded))


def reads(given: RangeAccess) -> RangeReads:
    return given.begin(lambda: False)._reads


def test_a_local_folder_needs_no_remote_access(home: Path) -> None:
    assert access(home) is None


@pytest.mark.parametrize("settings", [S3, AZURE, GCP], ids=["S3", "AZURE", "GCP"])
def test_every_store_is_read_by_ranges(home: Path, settings: dict[str, Any]) -> None:
    assert isinstance(access(home, **settings), RangeAccess)


def test_settings_of_ranges(home: Path) -> None:
    given = reads(access(home, **S3))
    assert (vars(given._slots)["_initial_value"], given._timeout_seconds, given._tails._max_bytes) == (
        16,
        30,
        64 * 1024 * 1024,
    )
    settings = {"duckdb_external_threads": 3, "duckdb_http_timeout_seconds": 7, "duckdb_http_metadata_cache": False}
    given = reads(access(home, **S3, **settings))
    assert (vars(given._slots)["_initial_value"], given._timeout_seconds, given._tails._max_bytes) == (3, 7, 0)


def test_footers_are_kept_for_all_queries(home: Path) -> None:
    given = access(home, **S3)
    assert reads(given)._tails is reads(given)._tails


@pytest.mark.parametrize(("is_available", "kind"), [(True, HttpfsAccess), (False, RangeAccess)])
def test_presigned_reads_need_httpfs(
    home: Path, monkeypatch: pytest.MonkeyPatch, is_available: bool, kind: type
) -> None:
    monkeypatch.setattr(duckdb_access, "httpfs_is_available", lambda: is_available)
    assert isinstance(access(home, **S3, duckdb_presigned=True), kind)


def test_signed_addresses_are_reused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = object_store(load_settings(home=home, **S3))
    monkeypatch.setattr(store, "size", lambda key: 10)
    given = HttpfsAccess(store, None, True)
    file = DataFile("b.parquet", 1, 10, "", 1, {})
    address = given.locate("a/b.parquet", file)
    assert address.startswith("http://host:9000/b/p/a/b.parquet?")
    assert given.locate("a/b.parquet", file) is address
    assert given.locate("a/c.parquet", file) != address
    assert "hush" not in address
