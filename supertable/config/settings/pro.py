"""Settings of the Pro engine."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field
from pydantic_settings import BaseSettings


class ProPlace(StrEnum):
    """Where Pro keeps data."""

    DISK = "disk"
    MEMORY = "memory"


class ProSettings(BaseSettings):
    """What the Pro engine keeps between queries."""

    pro_cache_bytes: int = Field(
        default=1024**3,
        ge=0,
        alias="SUPERTABLE_PRO_CACHE_BYTES",
        description="Bytes of tables' rows that each process keeps for PRO; 0: none, so that PRO is not there.",
    )
    pro_cache_in: ProPlace = Field(
        default=ProPlace.DISK,
        alias="SUPERTABLE_PRO_CACHE_IN",
        description="Where it keeps them: disk, in a folder in SUPERTABLE_HOME that only its user can read, or memory.",
    )
