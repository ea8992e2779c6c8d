"""The SDK's own client, for tests that are not asynchronous."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx2
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from tests.support.mcp.service import COMMAND, TOKEN

Result = TypeVar("Result")
Talk = Callable[[Client], Awaitable[Result]]
Era = Literal["2026-07-28", "legacy"]
ERAS: tuple[Era, ...] = ("2026-07-28", "legacy")
"""The newest revision of the protocol, and the newest with a handshake: 2025-11-25."""


def over_http(
    url: str, talk: Talk[Result], token: str | None = TOKEN, era: Era = "2026-07-28", **headers: str
) -> Result:
    """What `talk` returns, with a client of the server at `url`."""

    async def run() -> Result:
        sent = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        async with (
            httpx2.AsyncClient(headers=sent, timeout=60) as http,
            Client(streamable_http_client(url, http_client=http), mode=era) as client,
        ):
            return await talk(client)

    return asyncio.run(run())


def over_stdio(home: Path, talk: Talk[Result], era: Era = "2026-07-28", **environment: str) -> Result:
    """What `talk` returns, with a client of a server that it starts."""

    async def run() -> Result:
        arguments = ["--home", str(home), "serve", "mcp"]
        server = StdioServerParameters(command=COMMAND, args=arguments, env=environment)
        async with Client(stdio_client(server), mode=era) as client:
            return await talk(client)

    return asyncio.run(run())


def calling(name: str, **arguments: Any) -> Talk[CallToolResult]:
    """A talk of one call."""

    async def talk(client: Client) -> CallToolResult:
        return await client.call_tool(name, arguments)

    return talk


def refusal(result: CallToolResult) -> str:
    """The words of a refused call. Asserts that it was refused."""
    assert result.is_error, result.structured_content
    return text(result)


def answer(result: CallToolResult) -> Mapping[str, Any]:
    """The structured content of a call that was answered. Asserts that the JSON text says the same."""
    assert not result.is_error, text(result)
    structured: Mapping[str, Any] = result.structured_content
    assert json.loads(result.content[1].text) == structured  # type: ignore[union-attr]
    return structured


def text(result: CallToolResult) -> str:
    """All the text blocks of a result."""
    return "\n".join(block.text for block in result.content if block.type == "text")
