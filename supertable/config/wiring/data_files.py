"""How the settings have data files read: in their folder, from copies on this machine, or by DuckDB from the store."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from supertable.adapters.engines.duckdb import DuckDBInstance
from supertable.adapters.file_caches.folder import FolderCache
from supertable.adapters.leases.files import FileLeases
from supertable.adapters.object_stores.local.file_system import VolatileFileSystem
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.cached_files import CachedFiles
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.local_files import LocalFiles
from supertable.config.settings.settings import Settings
from supertable.config.settings.storage import StorageType
from supertable.config.wiring.duckdb_access import SignedLocations, remote_access
from supertable.config.wiring.object_stores import folder

REQUESTS_AT_ONCE = 16


def data_files(
    settings: Settings, store: ObjectStore, vectors: DeletionVectors, duckdb: DuckDBInstance
) -> LocalFiles | CachedFiles:
    remote = remote_access(settings, store)
    if remote is None:
        return LocalFiles(store, vectors)
    place = store.location if remote.secret else SignedLocations(store)

    def locate(key: str) -> str:
        duckdb.need_remote()
        return place(key)

    requests = settings.duckdb_external_threads or REQUESTS_AT_ONCE
    return CachedFiles(store, vectors, _cache(settings, store), locate, requests)


def duckdb_instance(settings: Settings, store: ObjectStore) -> DuckDBInstance:
    return DuckDBInstance(
        root=_local_folder(settings, store),
        memory_limit=settings.duckdb_memory_limit,
        threads=settings.duckdb_threads,
        temp_directory=folder(settings, "temporary"),
        remote=remote_access(settings, store),
    )


def _local_folder(settings: Settings, store: ObjectStore) -> str | None:
    if settings.storage_type is StorageType.LOCAL:
        return str(folder(settings, "storage"))
    return str(copies_folder(settings, store)) if settings.cache_bytes else None


def copies_folder(settings: Settings, store: ObjectStore) -> Path:
    """Where the copies of this deployment's files are."""
    return _cache_root(settings) / store_digest(settings, store)


def store_digest(settings: Settings, store: ObjectStore) -> str:
    """32 hex digits, which no other bucket, prefix or endpoint has."""
    connection = settings.azure_storage_connection_string
    told = re.findall("(?:AccountName|BlobEndpoint)=([^;]*)", connection.get_secret_value()) if connection else []
    where = [
        settings.storage_type.value,
        settings.storage_endpoint_url,
        settings.azure_storage_account,
        settings.azure_blob_endpoint,
        told,
        store.location("-"),
    ]
    return hashlib.sha256(json.dumps(where).encode()).hexdigest()[:32]


def _cache(settings: Settings, store: ObjectStore) -> FolderCache | None:
    if not settings.cache_bytes:
        return None
    copies = copies_folder(settings, store)
    return FolderCache(
        root=_cache_root(settings),
        folder=copies,
        copies=LocalObjectStore(copies, VolatileFileSystem()),
        leases=FileLeases,
        max_bytes=settings.cache_bytes,
    )


def _cache_root(settings: Settings) -> Path:
    return (settings.cache_dir or settings.home / "cache").expanduser().resolve()
