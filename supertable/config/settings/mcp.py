"""Settings of the MCP server: how it is reached, who may use it, and how much one call may take."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from supertable.config.settings.service import listed

_HASHES = r"^ *([0-9a-f]{32}|[0-9a-f]{64})?( *, *([0-9a-f]{32}|[0-9a-f]{64}))* *$"


class McpTransport(StrEnum):
    """How clients reach the MCP server: they start it, or connect to it."""

    STDIO = "stdio"
    STREAMABLE_HTTP = "streamable-http"


class McpSettings(BaseSettings):
    """docs/mcp.md says what each of them means for a caller's rights; none of them widens these."""

    mcp_transport: McpTransport = Field(
        default=McpTransport.STDIO,
        alias="SUPERTABLE_MCP_TRANSPORT",
        description="How clients reach the MCP server: stdio, started by the client, or streamable-http.",
    )
    mcp_http_host: str = Field(
        default="127.0.0.1",
        alias="SUPERTABLE_MCP_HTTP_HOST",
        description="Address that the MCP server listens on; 0.0.0.0: all addresses.",
    )
    mcp_http_port: int = Field(
        default=8099,
        ge=1,
        le=65_535,
        alias="SUPERTABLE_MCP_HTTP_PORT",
        description="Port that the MCP server listens on.",
    )
    mcp_http_path: str = Field(
        default="/mcp",
        alias="SUPERTABLE_MCP_HTTP_PATH",
        pattern=r"^/[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*$",
        examples=["/mcp"],
        description="Path of the MCP server's address.",
    )
    mcp_resource_url: str | None = Field(
        default=None,
        alias="SUPERTABLE_MCP_RESOURCE_URL",
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        examples=["https://lake.example.com:8499/mcp"],
        description="The MCP server's address as clients see it. If set, JWTs must be issued for it, as in their claim "
        "aud, in place of SUPERTABLE_JWT_AUDIENCE.",
    )
    mcp_origins: str = Field(
        default="",
        alias="SUPERTABLE_MCP_ORIGINS",
        description="Origins whose pages may call the MCP server from a browser, separated by commas; if unset, none.",
    )
    require_token: bool = Field(
        default=True,
        alias="SUPERTABLE_REQUIRE_TOKEN",
        description="Whether each HTTP request to the MCP server needs a bearer token; 0: calls may bring auth_token "
        "instead.",
    )
    mcp_auth_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        alias="SUPERTABLE_MCP_AUTH_TOKEN",
        description="Token of a trusted application, which names the user of each call by user_hash; if unset, there "
        "is none.",
    )
    require_explicit_user_hash: bool = Field(
        default=True,
        alias="SUPERTABLE_REQUIRE_EXPLICIT_USER_HASH",
        description="Whether a call with SUPERTABLE_MCP_AUTH_TOKEN must name its user; 0: without a name it acts "
        "for the one allowed user.",
    )
    allowed_user_hashes: str = Field(
        default="",
        alias="SUPERTABLE_ALLOWED_USER_HASHES",
        pattern=_HASHES,
        examples=["0123456789abcdef0123456789abcdef"],
        description="Hashes of the users who may use the MCP server, separated by commas; if unset, all who sign in "
        "themselves.",
    )
    default_limit: int = Field(
        default=200,
        ge=1,
        alias="SUPERTABLE_DEFAULT_LIMIT",
        description="Rows that a tool of the MCP server returns unless the call says how many.",
    )
    max_limit: int = Field(
        default=5_000,
        ge=1,
        le=100_000,
        alias="SUPERTABLE_MAX_LIMIT",
        description="Rows that a tool of the MCP server returns at most.",
    )
    max_concurrency: int = Field(
        default=6,
        ge=1,
        le=128,
        alias="SUPERTABLE_MAX_CONCURRENCY",
        description="Queries that the MCP server runs at once; others wait, in turns between users.",
    )

    @field_validator("mcp_origins", "allowed_user_hashes")
    @classmethod
    def _without_blanks(cls, names: str) -> str:
        return ",".join(listed(names))

    @field_validator("allowed_user_hashes", mode="before")
    @classmethod
    def _hashes_in_lower_case(cls, hashes: object) -> object:
        return hashes.lower() if isinstance(hashes, str) else hashes
