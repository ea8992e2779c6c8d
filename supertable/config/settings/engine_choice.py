"""Settings of the choice between engines, and of the rows that are kept."""

from __future__ import annotations

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from supertable.domain.engine_choice import EngineLimits, EngineName


class EngineChoiceSettings(BaseSettings):
    """Which engine runs a query that names none, and what is kept of its rows."""

    default_engine: EngineName = Field(
        default=EngineName.AUTO,
        alias="SUPERTABLE_DEFAULT_ENGINE",
        description="Engine of queries that name none, over tables that name none: AUTO, LITE, PRO or SPARK; one that "
        "is away is passed over.",
    )
    engine_lite_max_bytes: int = Field(
        default=EngineLimits().lite_max_bytes,
        ge=0,
        alias="SUPERTABLE_ENGINE_LITE_MAX_BYTES",
        description="Bytes to read up to which AUTO takes LITE.",
    )
    engine_spark_min_bytes: int = Field(
        default=EngineLimits().spark_min_bytes,
        ge=0,
        alias="SUPERTABLE_ENGINE_SPARK_MIN_BYTES",
        description="Bytes to read above which AUTO takes SPARK.",
    )
    engine_freshness_seconds: float = Field(
        default=EngineLimits().fresh_seconds,
        ge=0,
        alias="SUPERTABLE_ENGINE_FRESHNESS_SEC",
        description="Seconds after a write of its tables in which AUTO takes LITE for a query of any size below that.",
    )

    result_cache_bytes: int = Field(
        default=64 * 1024**2,
        ge=0,
        alias="SUPERTABLE_RESULT_CACHE_BYTES",
        description="Memory of a process for rows of queries, kept for equal queries over the same versions under the "
        "same rights; 0: none are kept. A result takes up to an eighth of it.",
    )

    @field_validator("default_engine", mode="before")
    @classmethod
    def _in_any_case(cls, engine: object) -> object:
        return engine.strip().lower() if isinstance(engine, str) else engine
