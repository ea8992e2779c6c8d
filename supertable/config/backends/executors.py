"""The executors of a service: their number, memory and limits."""

from __future__ import annotations

import os
import re
import sys
from functools import partial

from supertable.adapters.engines.duckdb import RemoteAccess
from supertable.adapters.engines.executors import (
    ExecutorLimits,
    ExecutorPool,
    InstanceOptions,
    ReadInExecutor,
    Turns,
)
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.files.cached_files import CachedFiles
from supertable.application.storage.files.local_files import LocalFiles
from supertable.config.backends.data_file_access import local_folder, opened_files
from supertable.config.backends.duckdb_access import remote_access
from supertable.config.backends.object_storage import object_store
from supertable.config.settings.settings import Settings
from supertable.config.settings.storage import StorageType

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_LEAST_BYTES = 2**30
_ENGINES_SHARE = 0.7
"""Of an executor's memory. The rest is for what the engine does not count, and for the process itself."""


def executor_count(settings: Settings) -> int:
    """The number of executors that are kept ready; 0: there are none, as on systems other than Linux."""
    if sys.platform != "linux":
        return 0
    return settings.executors if settings.executors is not None else len(os.sched_getaffinity(0))


def executor_pool(settings: Settings, store: ObjectStore) -> ExecutorPool:
    limits = ExecutorLimits(_memory_bytes(settings), settings.max_query_seconds)
    return ExecutorPool(executor_count(settings), partial(_options, settings, store), __name__, limits)


def executor_files(settings: Settings, store: ObjectStore, vectors: DeletionVectors) -> LocalFiles | CachedFiles:
    """Data files for executors, which read themselves what has no copy on this machine."""
    return opened_files(settings, store, vectors, ReadInExecutor)


def turns(settings: Settings) -> Turns:
    return Turns(
        settings.queries_at_once,
        settings.queries_per_user,
        settings.queries_waiting,
        settings.queries_waiting_per_user,
    )


def _options(settings: Settings, store: ObjectStore) -> InstanceOptions:
    engines = int(_memory_bytes(settings) * _ENGINES_SHARE)
    if settings.duckdb_memory_limit:
        engines = min(engines, _bytes(settings.duckdb_memory_limit))
    return InstanceOptions(
        root=local_folder(settings, store),
        memory_limit=f"{engines // 2**20}MiB",
        threads=settings.duckdb_threads,
        temp_directory=settings.folder("temporary"),
        spill_bytes=settings.spill_bytes,
        remote=partial(_remote, settings),
        environment={} if settings.storage_type is StorageType.LOCAL else dict(os.environ),
    )


def _remote(settings: Settings) -> RemoteAccess | None:
    """Called in the executor, which opens the store itself."""
    return remote_access(settings, object_store(settings))


def _memory_bytes(settings: Settings) -> int:
    if settings.executor_memory:
        return _bytes(settings.executor_memory)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(_LEAST_BYTES, machine // 2 // max(executor_count(settings), 1))


def _bytes(size: str) -> int:
    """'4GB': 4 billion."""
    found = re.fullmatch(r"\s*([\d.]+)\s*([KMGT]i?)?B\s*", size)
    assert found is not None
    return int(float(found[1]) * _UNITS[found[2] or ""])
