"""How data files are read: in their local folder, from copies on this machine, or by DuckDB from the object store."""

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
from supertable.application.ports.engines.file_sources import BeginReads
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.files.cached_files import CachedFiles
from supertable.application.storage.files.local_files import LocalFiles
from supertable.config.backends.duckdb_access import remote_access, requests_at_once
from supertable.config.settings.settings import Settings
from supertable.config.settings.storage import StorageType


def data_files(
    settings: Settings, store: ObjectStore, vectors: DeletionVectors, duckdb: DuckDBInstance
) -> LocalFiles | CachedFiles:
    return opened_files(settings, store, vectors, duckdb.begin_reads)


def opened_files(
    settings: Settings, store: ObjectStore, vectors: DeletionVectors, begin_reads: BeginReads
) -> LocalFiles | CachedFiles:
    """`begin_reads` begins the reads of what has no copy on this machine."""
    if settings.storage_type is StorageType.LOCAL:
        return LocalFiles(store, vectors)
    return CachedFiles(store, vectors, _cache(settings, store), begin_reads, requests_at_once(settings))


def duckdb_instance(settings: Settings, store: ObjectStore) -> DuckDBInstance:
    return DuckDBInstance(
        root=local_folder(settings, store),
        memory_limit=settings.duckdb_memory_limit,
        threads=settings.duckdb_threads,
        temp_directory=settings.folder("temporary"),
        remote=remote_access(settings, store),
    )


def sandbox_instance(settings: Settings) -> DuckDBInstance:
    """An instance that can open no file, for the statements of roles that see a part of a table."""
    return DuckDBInstance(
        root=None,
        memory_limit=settings.duckdb_memory_limit,
        threads=settings.duckdb_threads,
        temp_directory=settings.folder("temporary"),
    )


def local_folder(settings: Settings, store: ObjectStore) -> str | None:
    if settings.storage_type is StorageType.LOCAL:
        return str(settings.folder("storage"))
    return str(copies_folder(settings, store)) if settings.cache_bytes else None


def copies_folder(settings: Settings, store: ObjectStore) -> Path:
    """The folder of the copies of this deployment's files."""
    return _cache_root(settings) / store_digest(settings, store)


def store_digest(settings: Settings, store: ObjectStore) -> str:
    """32 hex digits that identify the bucket, prefix and endpoint."""
    connection = settings.azure_storage_connection_string
    account = re.findall("(?:AccountName|BlobEndpoint)=([^;]*)", connection.get_secret_value()) if connection else []
    address = [
        settings.storage_type.value,
        settings.storage_endpoint_url,
        settings.azure_storage_account,
        settings.azure_blob_endpoint,
        account,
        store.location("-"),
    ]
    return hashlib.sha256(json.dumps(address).encode()).hexdigest()[:32]


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
