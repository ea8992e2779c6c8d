"""Settings of small commits, whose rows ride in the commit record."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class SmallCommitSettings(BaseSettings):
    inline_rows: int = Field(
        default=100,
        ge=0,
        le=10_000,
        alias="SUPERTABLE_INLINE_ROWS",
        description="Rows of a write, and dead rows, that are stored in the commit record, not as files; 0: none.",
    )
    inline_bytes: int = Field(
        default=65_536,
        ge=0,
        le=1_048_576,
        alias="SUPERTABLE_INLINE_BYTES",
        description="Maximum size of the rows that a commit record holds, in bytes; larger writes become files.",
    )
