"""Many queries at once through MCP, of several users. None may fail, and the server must keep its limit."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pyarrow as pa
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

import supertable
from benchmarks.machine import machine_facts
from tests.support.mcp.service import McpService

ROWS = 1_000_000
USERS = 4
SQL = "SELECT kind, count(*) AS n, sum(amount) AS total FROM sales WHERE id % {} > 3 GROUP BY kind ORDER BY total DESC"


def measure(parallel: int, rounds: int) -> dict[str, Any]:
    """`parallel` calls at once, `rounds` times. Prints the latencies."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokens = _filled(folder / "home")
        service = McpService(folder / "home", folder / "service", SUPERTABLE_EXECUTORS="2")
        try:
            seconds = asyncio.run(_latencies(service.url, tokens, parallel, rounds))
        finally:
            service.stop()
    p50, p99 = (round(float(np.percentile(seconds, part)) * 1000) for part in (50, 99))
    print(f"{parallel} queries at once over {ROWS:,} rows: p50 {p50} ms, p99 {p99} ms, of {len(seconds)}; none failed")
    return {"machine": machine_facts(), "parallel": parallel, "calls": len(seconds), "p50_ms": p50, "p99_ms": p99}


def _filled(home: Path) -> list[str]:
    """The tokens of readers of a lake with one table."""
    rng = np.random.default_rng(1)
    table = pa.table({"id": np.arange(ROWS), "kind": rng.integers(0, 50, ROWS), "amount": rng.integers(0, 999, ROWS)})
    with supertable.connect(home) as lake:
        lake.write("sales", table)
        lake.roles.create("reader", "reader", "*")
        for number in range(USERS):
            lake.users.create(f"user{number}", ["reader"])
        return [lake.tokens.create("benchmark", f"user{number}").secret for number in range(USERS)]


async def _latencies(url: str, tokens: list[str], parallel: int, rounds: int) -> list[float]:
    parts = [_of_one_user(url, token, parallel // len(tokens), rounds) for token in tokens]
    return [seconds for part in await asyncio.gather(*parts) for seconds in part]


async def _of_one_user(url: str, token: str, parallel: int, rounds: int) -> list[float]:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=120) as http,
        Client(streamable_http_client(url, http_client=http), mode="2026-07-28") as client,
    ):
        taken = []
        for turn in range(rounds):
            calls = [_seconds(client, SQL.format(7 + turn * parallel + number)) for number in range(parallel)]
            taken += await asyncio.gather(*calls)
        return taken


async def _seconds(client: Client, sql: str) -> float:
    began = time.perf_counter()
    result = await client.call_tool("query_sql", {"sql": sql})
    assert not result.is_error, result.content
    assert result.structured_content["row_count"] == 50
    return time.perf_counter() - began


if __name__ == "__main__":
    measure(64, 5)
