"""Reads by DuckDB's extension httpfs, from signed addresses. Optional: the extension must have DuckDB's version."""

from __future__ import annotations

import importlib.util
import time
from collections import OrderedDict
from pathlib import Path

import duckdb

from supertable.adapters.engines.duckdb.types import literal
from supertable.application.ports.engines.file_sources import DirectReads
from supertable.application.ports.engines.running_queries import Stopped
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.files.verified_files import check_size
from supertable.domain.table.data_files import DataFile

SIGNED_SECONDS = 12 * 3600
"""Lifetime of a signed address. A query that takes longer may fail, as may one that outlives temporary credentials."""
_REUSED_SECONDS = 600
_MAX_SIGNED = 100_000
_NAME = "-"


def httpfs_is_available() -> bool:
    """Whether DuckDB can load httpfs, from its Python package or from where `INSTALL httpfs` has put it."""
    with duckdb.connect(":memory:") as database:
        try:
            _load(database)
        except duckdb.Error:
            return False
    return True


class HttpfsAccess:
    """A `RemoteAccess`, and the `DirectReads` of all queries. `timeout_seconds`: None: the extension's default.

    Each address is used again for a while, so that DuckDB recognizes the file in its caches.
    """

    failure = None

    def __init__(self, store: ObjectStore, timeout_seconds: int | None, keeps_metadata: bool) -> None:
        self._store = store
        self._timeout_seconds = timeout_seconds
        self._keeps_metadata = keeps_metadata
        self._signed: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def attach(self, database: duckdb.DuckDBPyConnection) -> str:
        _load(database)
        for setting in self._settings():
            database.execute(f"SET GLOBAL {setting}")  # so that they apply to every cursor
        address = self._store.signed_location(_NAME, SIGNED_SECONDS)
        return address.partition("?")[0].removesuffix(_NAME)

    def begin(self, _: Stopped) -> DirectReads:
        return self

    def locate(self, key: str, file: DataFile) -> str:
        address, until = self._signed.get(key, ("", 0.0))
        if time.monotonic() < until:
            return address
        check_size(key, file, self._store.size(key))
        address = self._store.signed_location(key, SIGNED_SECONDS)
        self._signed[key] = address, time.monotonic() + _REUSED_SECONDS
        while len(self._signed) > _MAX_SIGNED:
            self._signed.popitem(last=False)
        return address

    def close(self) -> None:
        """No-op: DuckDB itself ends its requests."""

    def _settings(self) -> list[str]:
        settings = [
            "enable_global_s3_configuration = false",
            "s3_url_compatibility_mode = true",  # no patterns or parameters in URLs
            f"enable_http_metadata_cache = {str(self._keeps_metadata).lower()}",
        ]
        return [*settings, f"http_timeout = {self._timeout_seconds}"] if self._timeout_seconds else settings


def _load(database: duckdb.DuckDBPyConnection) -> None:
    packaged = _packaged()
    database.execute(f"LOAD {literal(str(packaged))}" if packaged else "LOAD httpfs")


def _packaged() -> Path | None:
    found = importlib.util.find_spec("duckdb_extension_httpfs")
    if found is None or found.origin is None:
        return None
    file = Path(found.origin).parent / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
    return file if file.is_file() else None
