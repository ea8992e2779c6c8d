"""Settings of the DuckDB engine and of the local copies of files."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class EngineSettings(BaseSettings):
    """DuckDB's resources, and the local copies of the object store's files."""

    duckdb_memory_limit: str | None = Field(
        default=None,
        alias="SUPERTABLE_DUCKDB_MEMORY_LIMIT",
        pattern=r"^\s*\d+(\.\d+)?\s*([KMGT]i?)?B\s*$",
        description="Memory that DuckDB may use before it spills to disk, like 4GB; if unset, DuckDB's default.",
    )
    duckdb_threads: int | None = Field(
        default=None,
        ge=1,
        alias="SUPERTABLE_DUCKDB_THREADS",
        description="Number of DuckDB's threads; if unset, one per core.",
    )
    duckdb_external_threads: int | None = Field(
        default=None,
        ge=1,
        alias="SUPERTABLE_DUCKDB_EXTERNAL_THREADS",
        description="Maximum number of concurrent requests of one query to an object store; if unset, 16.",
    )
    duckdb_presigned: bool = Field(
        default=False,
        alias="SUPERTABLE_DUCKDB_PRESIGNED",
        description="Whether DuckDB reads the store by its extension httpfs and signed URLs, if it can load httpfs.",
    )
    duckdb_http_timeout_seconds: int | None = Field(
        default=None,
        ge=1,
        alias="SUPERTABLE_DUCKDB_HTTP_TIMEOUT",
        description="Seconds that DuckDB waits for a range of a file in the store; if unset, 30.",
    )
    duckdb_http_metadata_cache: bool = Field(
        default=True,
        alias="SUPERTABLE_DUCKDB_HTTP_METADATA_CACHE",
        description="Whether the footers of files in the store, which never change, are kept in memory.",
    )
    cache_dir: Path | None = Field(
        default=None,
        alias="SUPERTABLE_CACHE_DIR",
        description="Folder for copies of an object store's files; if unset, the folder cache in SUPERTABLE_HOME.",
    )
    cache_bytes: int = Field(
        default=10 * 1024**3,
        ge=0,
        alias="SUPERTABLE_CACHE_BYTES",
        description="Maximum size of these copies in bytes; 0: no copies. Files over a tenth of it are not copied.",
    )
