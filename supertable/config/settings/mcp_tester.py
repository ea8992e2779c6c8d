"""Settings of the MCP tester: where it listens, which server it calls, and what its forms begin with."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class McpTesterSettings(BaseSettings):
    mcp_tester_host: str = Field(
        default="127.0.0.1",
        alias="SUPERTABLE_MCP_TESTER_HOST",
        description="Address that the MCP tester listens on; 0.0.0.0: all addresses.",
    )
    mcp_tester_port: int = Field(
        default=8070,
        ge=1,
        le=65_535,
        alias="SUPERTABLE_MCP_TESTER_PORT",
        description="Port that the MCP tester listens on.",
    )
    mcp_tester_url: str | None = Field(
        default=None,
        alias="SUPERTABLE_MCP_TESTER_URL",
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        examples=["http://mcp:8099/mcp"],
        description="Address of the MCP server that the tester calls; if unset, the one on this machine.",
    )
    test_organization: str = Field(
        default="",
        alias="SUPERTABLE_TEST_ORG",
        description="Organization that the tester's forms begin with.",
    )
    test_super: str = Field(
        default="",
        alias="SUPERTABLE_TEST_SUPER",
        description="Supertable that the tester's forms begin with.",
    )
    test_user_hash: str = Field(
        default="",
        alias="SUPERTABLE_TEST_USER_HASH",
        pattern=r"^ *([0-9A-Fa-f]{32}|[0-9A-Fa-f]{64})? *$",
        examples=["0123456789abcdef0123456789abcdef"],
        description="User hash that the tester's forms begin with.",
    )
    test_query: str = Field(
        default="",
        alias="SUPERTABLE_TEST_QUERY",
        description="Statement that the tester's forms begin with.",
    )
