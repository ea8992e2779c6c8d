"""A lake whose local store acts as a remote one: files are read through a file cache, or directly from the store."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from dependency_injector import providers

from supertable.adapters.engines.duckdb import DuckDBInstance, RangeAccess
from supertable.adapters.file_caches.folder import FolderCache
from supertable.adapters.leases.files import FileLeases
from supertable.adapters.object_stores.local.file_system import FileSystem, VolatileFileSystem
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.files.cached_files import CachedFiles
from supertable.application.storage.files.ranged_files import KeptTails, RangeReads
from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import owner
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.faulty_store import FaultyStore

MIB = 1024 * 1024


def folder_cache(root: Path, max_bytes: int = 100 * MIB, file_system: FileSystem | None = None) -> FolderCache:
    copies = LocalObjectStore(root / "one", file_system or VolatileFileSystem())
    return FolderCache(root, root / "one", copies, FileLeases, max_bytes)


def remote_lake(home: Path, cache: FolderCache | None, store: ObjectStore | None = None) -> tuple[Lake, FaultyStore]:
    """A lake as a new process would open it, and its store, which records its calls.

    `cache`: None: files are not cached. `store`: None: the local store in `home`.
    """
    remote = FaultyStore(store or LocalObjectStore(home / "storage"))
    container = Container(settings=load_settings(home=home))
    container.store.override(providers.Object(remote))
    access = RangeAccess(partial(RangeReads, remote, KeptTails(), 4, 30), "s3")
    duckdb = DuckDBInstance(str(home.parent), None, 2, home / "temporary", access)
    container.duckdb.override(providers.Object(duckdb))
    container.stored_files.override(
        providers.Singleton(CachedFiles, container.store, container.vectors, cache, duckdb.begin_reads, 4)
    )
    return Lake(container, "main", owner("default")), remote


def fetched_files(remote: FaultyStore) -> list[str]:
    """The data files that were read from the store, in order."""
    return [call.removeprefix("chunks ") for call in remote.calls if call.startswith("chunks ") and "/data/" in call]
