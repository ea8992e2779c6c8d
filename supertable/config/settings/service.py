"""Settings of the services: addresses, workers and limits."""

from __future__ import annotations

from ipaddress import ip_network

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class ServiceSettings(BaseSettings):
    """Lists are separated by commas."""

    api_host: str = Field(
        default="127.0.0.1",
        alias="SUPERTABLE_API_HOST",
        description="Address that the API listens on; 0.0.0.0: all addresses.",
    )
    api_port: int = Field(
        default=8051, ge=1, le=65_535, alias="SUPERTABLE_API_PORT", description="Port that the API listens on."
    )
    api_workers: int = Field(
        default=1, ge=1, le=256, alias="SUPERTABLE_API_WORKERS", description="Number of worker processes of the API."
    )
    odata_host: str = Field(
        default="127.0.0.1",
        alias="SUPERTABLE_ODATA_HOST",
        description="Address that OData listens on; 0.0.0.0: all addresses.",
    )
    odata_port: int = Field(
        default=8052, ge=1, le=65_535, alias="SUPERTABLE_ODATA_PORT", description="Port that OData listens on."
    )
    odata_workers: int = Field(
        default=1, ge=1, le=256, alias="SUPERTABLE_ODATA_WORKERS", description="Number of worker processes of OData."
    )
    odata_public_url: str | None = Field(
        default=None,
        alias="SUPERTABLE_ODATA_PUBLIC_URL",
        pattern="^https?://[^?#]+$",
        examples=["https://data.example.com:8452"],
        description="Address at which clients reach OData, without /odata, for links; if unset, that of the request.",
    )
    trusted_proxies: str = Field(
        default="",
        alias="SUPERTABLE_TRUSTED_PROXIES",
        examples=["10.0.0.0/8"],
        description="Addresses or networks of proxies whose X-Forwarded headers count; if unset, none.",
    )
    allowed_hosts: str = Field(
        default="*",
        alias="SUPERTABLE_ALLOWED_HOSTS",
        description="Host names accepted in requests, like *.example.com; *: any.",
    )
    cors_origins: str = Field(
        default="",
        alias="SUPERTABLE_CORS_ORIGINS",
        description="Origins whose pages may call the API from a browser; if unset, none.",
    )
    rate_limit: int = Field(
        default=60_000,
        ge=0,
        alias="SUPERTABLE_RATE_LIMIT",
        description="Requests per minute that each worker accepts from one user; 0: unlimited.",
    )
    max_body_bytes: int = Field(
        default=10 * 1024**2,
        ge=1024,
        alias="SUPERTABLE_MAX_BODY_BYTES",
        description="Maximum size of a request body, in bytes, except rows to be written.",
    )
    shutdown_seconds: int = Field(
        default=25,
        ge=1,
        alias="SUPERTABLE_SHUTDOWN_SECONDS",
        description="Seconds that running requests have to finish when a service stops; then they are cancelled.",
    )
    max_connections: int = Field(
        default=1000,
        ge=8,
        alias="SUPERTABLE_MAX_CONNECTIONS",
        description="Connections that each worker serves at once, at most half its limit of open files; others wait.",
    )
    idle_seconds: int = Field(
        default=20,
        ge=1,
        le=3600,
        alias="SUPERTABLE_IDLE_SEC",
        description="Seconds after which a connection is closed on which no complete request header arrived.",
    )
    disk_reserve_bytes: int = Field(
        default=16 * 1024**2,
        ge=1024**2,
        alias="SUPERTABLE_DISK_RESERVE_BYTES",
        description="Bytes that a service keeps of its disk, so that vacuum can run and be recorded when it is full.",
    )
    otlp_endpoint: str | None = Field(
        default=None,
        alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        pattern="^https?://",
        examples=["http://127.0.0.1:4318"],
        description="Address that receives OpenTelemetry traces, by OTLP over HTTP; if unset, no traces are recorded.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, names: str) -> str:
        for name in listed(names):
            ip_network(name, strict=False)
        return ",".join(listed(names))

    @field_validator("allowed_hosts", "cors_origins")
    @classmethod
    def _tidy(cls, names: str) -> str:
        return ",".join(listed(names))


def listed(names: str) -> list[str]:
    """The parts of a setting that is a list, without blanks."""
    return [name.strip() for name in names.split(",") if name.strip()]
