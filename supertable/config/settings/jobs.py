"""Jobs and maintenance: limits, and how long results are kept."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class JobSettings(BaseSettings):
    maintenance_seconds: float = Field(
        default=300,
        ge=0,
        alias="SUPERTABLE_MAINTENANCE_SEC",
        description="Seconds between two rounds of maintenance, which one worker of a service does; 0: none does.",
    )
    jobs_at_once: int = Field(
        default=4,
        ge=1,
        le=256,
        alias="SUPERTABLE_JOBS_AT_ONCE",
        description="Maximum number of jobs that one worker runs at once.",
    )
    jobs_per_user: int = Field(
        default=16,
        ge=1,
        alias="SUPERTABLE_JOBS_PER_USER",
        description="Maximum number of jobs of one user that wait or run at once, in all workers.",
    )
    job_result_bytes: int = Field(
        default=1024**3,
        ge=1024,
        alias="SUPERTABLE_JOB_RESULT_BYTES",
        description="Maximum size of the stored result of an asynchronous query, in bytes.",
    )
    jobs_kept_seconds: float = Field(
        default=24 * 3600,
        ge=60,
        alias="SUPERTABLE_JOBS_KEPT_SEC",
        description="Seconds that jobs and their results are kept after the job ends.",
    )
