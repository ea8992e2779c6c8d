"""Direct reads of an object store by DuckDB: its extensions, its secret, and the one folder that it may read."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from supertable.adapters.engines.duckdb.types import literal
from supertable.domain.errors import InvalidSetting, MissingExtra


@dataclass(frozen=True, slots=True)
class Secret:
    """Credentials. `kind`: s3, gcs or azure. `options`: those of DuckDB's CREATE SECRET."""

    kind: str
    options: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RemoteAccess:
    """`folder` returns the URL, ending with a slash, under which everything may be read.

    Without a `secret`, locations are signed or public. The HTTP settings are those of the httpfs extension. `extra`:
    the optional dependency that has the extensions.
    """

    folder: Callable[[], str]
    extensions: Sequence[str]
    extra: str
    secret: Secret | None
    http_timeout_seconds: int | None
    http_metadata_cache: bool

    def settings(self) -> list[str]:
        """Statements to execute once the extensions are loaded. GLOBAL, so that they apply to every cursor."""
        if "httpfs" not in self.extensions:
            return []
        settings = [
            "SET GLOBAL enable_global_s3_configuration = false",
            "SET GLOBAL s3_url_compatibility_mode = true",  # no patterns or parameters in URLs
            f"SET GLOBAL enable_http_metadata_cache = {str(self.http_metadata_cache).lower()}",
        ]
        if self.http_timeout_seconds:
            settings.append(f"SET GLOBAL http_timeout = {self.http_timeout_seconds}")
        return settings


def load(database: duckdb.DuckDBPyConnection, name: str, extra: str) -> None:
    """Loads an extension from its Python package, or else an installed one. Raises `MissingExtra`."""
    packaged = _packaged(name)
    try:
        database.execute(f"LOAD {literal(str(packaged))}" if packaged else f"LOAD {name}")
    except duckdb.Error:
        raise MissingExtra(f"Reading object storage by DuckDB's extension {name}", extra) from None


def make_secret(database: duckdb.DuckDBPyConnection, secret: Secret, folder: str) -> None:
    """Creates the secret for `folder`. DuckDB's own error is hidden, since it would quote the credentials."""
    options = [f"{name} {literal(value)}" for name, value in {**secret.options, "SCOPE": folder}.items()]
    try:
        database.execute(f"CREATE SECRET st_store (TYPE {secret.kind}, {', '.join(options)})")
    except duckdb.Error:
        raise InvalidSetting("STORAGE_TYPE", f"DuckDB does not accept this store's {secret.kind} credentials") from None


def _packaged(name: str) -> Path | None:
    found = importlib.util.find_spec(f"duckdb_extension_{name}")
    if found is None or found.origin is None:
        return None
    file = Path(found.origin).parent / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    return file if file.is_file() else None
