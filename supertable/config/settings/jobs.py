"""How much may go on as jobs, and for how long what came of it is kept."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class JobSettings(BaseSettings):
    jobs_at_once: int = Field(
        default=4, ge=1, le=256, alias="SUPERTABLE_JOBS_AT_ONCE", description="How many jobs each worker runs at once."
    )
    jobs_per_user: int = Field(
        default=16,
        ge=1,
        alias="SUPERTABLE_JOBS_PER_USER",
        description="How many jobs of one user may wait or run at once, in all workers.",
    )
    job_result_bytes: int = Field(
        default=1024**3,
        ge=1024,
        alias="SUPERTABLE_JOB_RESULT_BYTES",
        description="Most bytes that the result of one asynchronous query may take in the store.",
    )
    jobs_kept_seconds: float = Field(
        default=24 * 3600,
        ge=60,
        alias="SUPERTABLE_JOBS_KEPT_SEC",
        description="Seconds for which jobs and their results are kept when they are over.",
    )
