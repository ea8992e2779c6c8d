"""How Redis is reached, where a lake's catalog and locks are there."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class LockingBackend(StrEnum):
    REDIS = "redis"
    LOCAL = "local"


class RedisSettings(BaseSettings):
    """With none of these given, the catalog is a SQLite file in SUPERTABLE_HOME. `SUPERTABLE_REDIS_*` win."""

    locking_backend: LockingBackend | None = Field(
        default=None,
        alias="LOCKING_BACKEND",
        description="redis or local: where writers' locks are; if unset, redis where it is configured.",
    )
    redis_host: str | None = Field(default=None, alias="REDIS_HOST", description="Redis' host name.")
    redis_port: int = Field(default=6379, ge=1, le=65535, alias="REDIS_PORT", description="Redis' port.")
    redis_db: int = Field(default=0, ge=0, alias="REDIS_DB", description="Number of the database in Redis.")
    redis_password: SecretStr | None = Field(default=None, alias="REDIS_PASSWORD", description="Redis' password.")
    supertable_redis_url: SecretStr | None = Field(
        default=None,
        alias="SUPERTABLE_REDIS_URL",
        description="Redis as one address, redis:// or rediss:// (TLS); wins over host, port, database and password.",
    )
    supertable_redis_host: str | None = Field(
        default=None, alias="SUPERTABLE_REDIS_HOST", description="As REDIS_HOST, and wins over it."
    )
    supertable_redis_port: int | None = Field(
        default=None, ge=1, le=65535, alias="SUPERTABLE_REDIS_PORT", description="As REDIS_PORT, and wins over it."
    )
    supertable_redis_db: int | None = Field(
        default=None, ge=0, alias="SUPERTABLE_REDIS_DB", description="As REDIS_DB, and wins over it."
    )
    supertable_redis_username: str | None = Field(
        default=None, alias="SUPERTABLE_REDIS_USERNAME", description="User of Redis' access lists."
    )
    supertable_redis_password: SecretStr | None = Field(
        default=None, alias="SUPERTABLE_REDIS_PASSWORD", description="As REDIS_PASSWORD, and wins over it."
    )
    supertable_redis_sentinel: bool = Field(
        default=False, alias="SUPERTABLE_REDIS_SENTINEL", description="Whether Sentinels say which Redis is the master."
    )
    supertable_redis_sentinels: str | None = Field(
        default=None,
        alias="SUPERTABLE_REDIS_SENTINELS",
        description="The Sentinels, as host:port,host:port.",
    )
    supertable_redis_sentinel_master: str = Field(
        default="mymaster", alias="SUPERTABLE_REDIS_SENTINEL_MASTER", description="Name of the master at the Sentinels."
    )
    supertable_redis_sentinel_password: SecretStr | None = Field(
        default=None, alias="SUPERTABLE_REDIS_SENTINEL_PASSWORD", description="The Sentinels' own password."
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
