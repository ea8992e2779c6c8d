"""Which object store the settings ask for."""

from __future__ import annotations

from pathlib import Path

from supertable.adapters.object_stores.local import LocalObjectStore
from supertable.adapters.object_stores.remote import RemoteObjectStore
from supertable.application.ports.object_stores import ObjectStore
from supertable.config.settings import Settings
from supertable.config.storage_settings import StorageType
from supertable.domain.errors import InvalidSetting, MissingExtra


def folder(settings: Settings, kind: str) -> Path:
    """A deployment's own folder on this machine, e.g. of its locks."""
    return settings.home / kind / settings.prefix


def object_store(settings: Settings) -> ObjectStore:
    """Raises `InvalidSetting` where a setting that the store needs is not given, `MissingExtra` without its SDK."""
    if settings.storage_type is StorageType.LOCAL:
        return LocalObjectStore(folder(settings, "storage"))
    if settings.storage_type in (StorageType.S3, StorageType.MINIO):
        return _s3(settings)
    raise InvalidSetting("STORAGE_TYPE", f"{settings.storage_type} cannot be used yet")


def _s3(settings: Settings) -> ObjectStore:
    try:
        from supertable.adapters.object_stores.s3 import S3Bucket
        from supertable.config.s3_settings import s3_address
    except ImportError:
        raise MissingExtra(f"STORAGE_TYPE {settings.storage_type}", "s3") from None
    bucket = S3Bucket(s3_address(settings))
    return RemoteObjectStore(bucket, settings.prefix, folder(settings, "temporary") / "uploads")
