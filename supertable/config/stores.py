"""Which object store the settings ask for."""

from __future__ import annotations

from pathlib import Path

from supertable.adapters.object_stores.local import LocalObjectStore
from supertable.application.ports.object_stores import ObjectStore
from supertable.config.settings import Settings
from supertable.config.storage_settings import StorageType
from supertable.domain.errors import InvalidSetting


def folder(settings: Settings, kind: str) -> Path:
    """A deployment's own folder on this machine, e.g. of its locks."""
    return settings.home / kind / settings.prefix


def object_store(settings: Settings) -> ObjectStore:
    """Raises `InvalidSetting` where a setting that the store needs is not given, `MissingExtra` without its SDK."""
    if settings.storage_type is StorageType.LOCAL:
        return LocalObjectStore(folder(settings, "storage"))
    raise InvalidSetting("STORAGE_TYPE", f"{settings.storage_type} cannot be used yet")
