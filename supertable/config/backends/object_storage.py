"""The object store that the settings select."""

from __future__ import annotations

from collections.abc import Callable

from supertable.adapters.object_stores.cloud.buckets import Bucket
from supertable.adapters.object_stores.cloud.cloud_store import CloudObjectStore
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.ports.object_stores import ObjectStore
from supertable.config.settings.settings import Settings
from supertable.config.settings.storage import StorageType
from supertable.domain.errors import MissingExtra, UnsafeStore


def object_store(settings: Settings) -> ObjectStore:
    """Raises `InvalidSetting` where a setting that the store needs is missing, `MissingExtra` without its SDK,
    and `UnsafeStore` for an account that is not supported."""
    if settings.storage_type is StorageType.LOCAL:
        return LocalObjectStore(settings.folder("storage"))
    if settings.storage_type in (StorageType.S3, StorageType.MINIO):
        return _remote(settings, _s3, "s3")
    if settings.storage_type is StorageType.AZURE:
        return _remote(settings, _azure, "azure")
    return _remote(settings, _gcs, "gcs")


def _remote(settings: Settings, open_bucket: Callable[[Settings], Bucket], extra: str) -> ObjectStore:
    try:
        bucket = open_bucket(settings)
    except ImportError:
        raise MissingExtra(f"STORAGE_TYPE {settings.storage_type}", extra) from None
    return CloudObjectStore(bucket, settings.prefix, settings.folder("temporary") / "uploads")


def _s3(settings: Settings) -> Bucket:
    from supertable.adapters.object_stores.cloud.s3 import S3Bucket
    from supertable.config.backends.s3_address import s3_address

    return S3Bucket(s3_address(settings))


def _azure(settings: Settings) -> Bucket:
    from supertable.adapters.object_stores.cloud.azure import AzureBucket
    from supertable.config.backends.azure_address import azure_address

    bucket = AzureBucket(azure_address(settings))
    if bucket.is_hierarchical():
        raise UnsafeStore(
            "This Azure account has a hierarchical namespace: it lists folders as if they were objects. "
            "Nothing was written. Use a storage account without it."
        )
    return bucket


def _gcs(settings: Settings) -> Bucket:
    from supertable.adapters.object_stores.cloud.gcs import GcsBucket
    from supertable.config.backends.gcs_address import gcs_address

    return GcsBucket(gcs_address(settings))
