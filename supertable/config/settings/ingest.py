"""Limits of rows that are sent to a service."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class IngestSettings(BaseSettings):
    ingest_max_bytes: int = Field(
        default=16 * 1024**3,
        ge=1024,
        alias="SUPERTABLE_INGEST_MAX_BYTES",
        description="Maximum size of the rows that one request sends, in bytes, before decompression.",
    )
    ingest_max_unpacked_bytes: int = Field(
        default=64 * 1024**3,
        ge=1024,
        alias="SUPERTABLE_INGEST_MAX_UNPACKED_BYTES",
        description="Maximum size of compressed rows after decompression, in bytes.",
    )
    ingest_max_ratio: int = Field(
        default=1000,
        ge=1,
        alias="SUPERTABLE_INGEST_MAX_RATIO",
        description="Maximum ratio of decompressed to compressed size of rows; 1 MiB is always allowed.",
    )
    ingest_max_line_bytes: int = Field(
        default=16 * 1024**2,
        ge=1024,
        alias="SUPERTABLE_INGEST_MAX_LINE_BYTES",
        description="Maximum length of one line, or of one JSON object, of rows that are sent, in bytes.",
    )
