"""How DuckDB reads the object store itself: by ranges, or by its extension httpfs."""

from __future__ import annotations

from supertable.adapters.engines.duckdb import HttpfsAccess, RangeAccess, RemoteAccess, httpfs_is_available
from supertable.application.ports.engines.running_queries import Stopped
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.files.ranged_files import KeptTails, RangeReads
from supertable.config.settings.settings import Settings
from supertable.config.settings.storage import StorageType

REQUESTS_AT_ONCE = 16
_TIMEOUT_SECONDS = 30
_EXTRAS = {StorageType.S3: "s3", StorageType.MINIO: "s3", StorageType.AZURE: "azure", StorageType.GCP: "gcs"}


def remote_access(settings: Settings, store: ObjectStore) -> RemoteAccess | None:
    """None: the store is a folder on this machine."""
    if settings.storage_type is StorageType.LOCAL:
        return None
    seconds, keeps = settings.duckdb_http_timeout_seconds, settings.duckdb_http_metadata_cache
    if settings.duckdb_presigned and httpfs_is_available():
        return HttpfsAccess(store, seconds, keeps)
    tails = KeptTails() if keeps else KeptTails(max_bytes=0)

    def reads(stopped: Stopped) -> RangeReads:
        return RangeReads(store, tails, requests_at_once(settings), seconds or _TIMEOUT_SECONDS, stopped)

    return RangeAccess(reads, _EXTRAS[settings.storage_type])


def requests_at_once(settings: Settings) -> int:
    """The most requests that one query makes at once."""
    return settings.duckdb_external_threads or REQUESTS_AT_ONCE
