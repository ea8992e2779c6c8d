"""Calls that run: progress, cancelling, leaving, time limits, and many at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp.client.client import Client

from tests.support.mcp.clients import ERAS, Era, answer, calling, over_http, over_stdio, refusal
from tests.support.mcp.service import McpService

ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = 1"
SOON_SECONDS = 20


@pytest.fixture(scope="module")
def narrow(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpService]:
    """A service that runs one query at a time, so that one that is not stopped holds up the next."""
    service = McpService(home, tmp_path_factory.mktemp("narrow"), SUPERTABLE_MAX_CONCURRENCY="1")
    yield service
    service.stop()


async def _leave(client: Client) -> list[str]:
    """Start an endless query, and cancel it after the second message on its progress, which is returned."""
    told: list[str] = []
    going = asyncio.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message or "")
        if len(told) == 2:
            going.set()

    query = asyncio.ensure_future(client.call_tool("query_sql", {"sql": ENDLESS}, progress_callback=note))
    await asyncio.wait_for(going.wait(), SOON_SECONDS)
    query.cancel()
    with pytest.raises(asyncio.CancelledError):
        await query
    return told


@pytest.mark.parametrize("era", ERAS)
def test_cancelling_a_call_frees_the_engine_over_http(narrow: McpService, era: Era) -> None:
    async def talk(client: Client) -> None:
        assert "query_sql: started" in (await _leave(client))[0]
        began = time.monotonic()
        assert answer(await client.call_tool("query_sql", {"sql": "SELECT 1"}))["rows"] == [[1]]
        assert time.monotonic() - began < SOON_SECONDS

    over_http(narrow.url, talk, era=era)


def test_cancelling_a_call_frees_the_engine_over_stdio(home: Path) -> None:
    async def talk(client: Client) -> None:
        await _leave(client)
        assert answer(await client.call_tool("query_sql", {"sql": "SELECT 1"}))["rows"] == [[1]]

    over_stdio(home, talk, SUPERTABLE_MAX_CONCURRENCY="1")


def test_a_query_ends_at_its_time_limit(narrow: McpService) -> None:
    told = refusal(over_http(narrow.url, calling("query_sql", sql=ENDLESS, query_timeout_sec=0.5)))
    assert "time limit of 0.5 s" in told
    assert "higher query_timeout_sec" in told


def test_many_calls_at_once_are_all_answered(narrow: McpService) -> None:
    async def talk(client: Client) -> list[int]:
        calls = [client.call_tool("query_sql", {"sql": f"SELECT {n}"}) for n in range(64)]
        return [answer(result)["rows"][0][0] for result in await asyncio.gather(*calls)]

    assert over_http(narrow.url, talk) == list(range(64))
