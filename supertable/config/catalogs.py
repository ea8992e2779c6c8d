"""Where the settings put a lake's catalog, locks and leases."""

from __future__ import annotations

from supertable.adapters.catalogs.sqlite import SqliteCatalog
from supertable.adapters.leases.files import FileLeases
from supertable.adapters.locks.files import FileLocks
from supertable.application.ports.catalogs import Catalog
from supertable.application.ports.leases import Leases
from supertable.application.ports.locks import Locks
from supertable.config.settings import Settings
from supertable.config.stores import folder


def catalog(settings: Settings) -> Catalog:
    return SqliteCatalog(folder(settings, "catalog") / "catalog.sqlite")


def locks(settings: Settings) -> Locks:
    return FileLocks(folder(settings, "locks"))


def leases(settings: Settings) -> Leases:
    return FileLeases(folder(settings, "leases"))
