"""Settings of Redis, for lakes whose catalog and locks are in it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class LockingBackend(StrEnum):
    REDIS = "redis"
    LOCAL = "local"


class RedisSettings(BaseSettings):
    """Without these, the catalog is a SQLite file in SUPERTABLE_HOME. `SUPERTABLE_REDIS_*` override `REDIS_*`."""

    locking_backend: LockingBackend | None = Field(
        default=None,
        alias="LOCKING_BACKEND",
        description="Where writers' locks are kept, redis or local; if unset, redis where it is configured.",
    )
    redis_host: str | None = Field(default=None, alias="REDIS_HOST", description="Redis host name.")
    redis_port: int = Field(default=6379, ge=1, le=65535, alias="REDIS_PORT", description="Redis port.")
    redis_db: int = Field(default=0, ge=0, alias="REDIS_DB", description="Number of the Redis database.")
    redis_password: SecretStr | None = Field(default=None, alias="REDIS_PASSWORD", description="Redis password.")
    supertable_redis_url: SecretStr | None = Field(
        default=None,
        alias="SUPERTABLE_REDIS_URL",
        description="Redis URL, redis:// or rediss:// (TLS); overrides host, port, database and password.",
    )
    supertable_redis_host: str | None = Field(
        default=None, alias="SUPERTABLE_REDIS_HOST", description="Redis host name; overrides REDIS_HOST."
    )
    supertable_redis_port: int | None = Field(
        default=None, ge=1, le=65535, alias="SUPERTABLE_REDIS_PORT", description="Redis port; overrides REDIS_PORT."
    )
    supertable_redis_db: int | None = Field(
        default=None, ge=0, alias="SUPERTABLE_REDIS_DB", description="Number of the Redis database; overrides REDIS_DB."
    )
    supertable_redis_username: str | None = Field(
        default=None, alias="SUPERTABLE_REDIS_USERNAME", description="Redis user name (ACL)."
    )
    supertable_redis_password: SecretStr | None = Field(
        default=None, alias="SUPERTABLE_REDIS_PASSWORD", description="Redis password; overrides REDIS_PASSWORD."
    )
    supertable_redis_sentinel: bool = Field(
        default=False,
        alias="SUPERTABLE_REDIS_SENTINEL",
        description="Whether to find the Redis master through Sentinels.",
    )
    supertable_redis_sentinels: str | None = Field(
        default=None,
        alias="SUPERTABLE_REDIS_SENTINELS",
        description="The Sentinels, as host:port,host:port.",
    )
    supertable_redis_sentinel_master: str = Field(
        default="mymaster",
        alias="SUPERTABLE_REDIS_SENTINEL_MASTER",
        description="Name of the master in the Sentinels' configuration.",
    )
    supertable_redis_sentinel_password: SecretStr | None = Field(
        default=None, alias="SUPERTABLE_REDIS_SENTINEL_PASSWORD", description="Password of the Sentinels."
    )
    supertable_redis_decode_responses: bool = Field(
        default=False,
        alias="SUPERTABLE_REDIS_DECODE_RESPONSES",
        description="Accepted and ignored; both values work.",
    )

    @field_validator("locking_backend", mode="before")
    @classmethod
    def _any_case(cls, backend: object) -> object:
        return backend.strip().lower() if isinstance(backend, str) else backend

    @property
    def redis_configured(self) -> bool:
        given = (self.redis_host, self.supertable_redis_url, self.supertable_redis_host)
        return any(given) or self.supertable_redis_sentinel
