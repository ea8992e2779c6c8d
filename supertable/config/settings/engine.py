"""Settings of the DuckDB engine and of the local copies of files."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

_SIZE = r"^\s*\d+(\.\d+)?\s*([KMGT]i?)?B\s*$"


class EngineSettings(BaseSettings):
    """DuckDB's resources, and the local copies of the object store's files."""

    duckdb_memory_limit: str | None = Field(
        default=None,
        alias="SUPERTABLE_DUCKDB_MEMORY_LIMIT",
        pattern=_SIZE,
        examples=["4GB"],
        description="Memory that DuckDB may use before it spills to disk, like 4GB; if unset, DuckDB's default.",
    )
    executors: int | None = Field(
        default=None,
        ge=0,
        le=256,
        alias="SUPERTABLE_EXECUTORS",
        description="Processes that each worker of a service keeps ready for callers' SQL; if unset, one per core; 0: "
        "it runs in the service's own process, without turns.",
    )
    executor_memory: str | None = Field(
        default=None,
        alias="SUPERTABLE_EXECUTOR_MEMORY",
        pattern=_SIZE,
        examples=["4GB"],
        description="Memory of one such process, like 4GB; if unset, half of the machine's memory shared by those kept "
        "ready, 1 GB at least.",
    )
    spill_bytes: int = Field(
        default=16 * 1024**3,
        ge=0,
        alias="SUPERTABLE_SPILL_BYTES",
        description="Bytes that one such process may write to disk when its memory is too small.",
    )
    max_query_seconds: int = Field(
        default=3600,
        gt=0,
        alias="SUPERTABLE_MAX_QUERY_TIMEOUT_SEC",
        description="Seconds after which a service stops any query, whatever limit its request has.",
    )
    queries_at_once: int = Field(
        default=32,
        ge=1,
        le=128,
        alias="SUPERTABLE_QUERIES_AT_ONCE",
        description="Queries that one worker runs at once; half the places are for users who have none running.",
    )
    queries_per_user: int = Field(
        default=8,
        ge=1,
        alias="SUPERTABLE_QUERIES_PER_USER",
        description="Queries of one user that one worker runs at once; others wait.",
    )
    queries_waiting: int = Field(
        default=256,
        ge=0,
        le=256,
        alias="SUPERTABLE_QUERIES_WAITING",
        description="Queries that may wait in one worker; further ones are refused.",
    )
    queries_waiting_per_user: int = Field(
        default=128,
        ge=0,
        alias="SUPERTABLE_QUERIES_WAITING_PER_USER",
        description="Queries of one user that may wait in one worker; further ones are refused.",
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
    key_index_bytes: int = Field(
        default=256 * 1024**2,
        ge=0,
        alias="SUPERTABLE_KEY_INDEX_BYTES",
        description="Bytes of memory in which a process keeps keys of tables and where their rows are; 0: none.",
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
