"""The known attacks through `query_sql` of MCP: its answers, errors included, equal those of the copy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from mcp.client.client import Client

from supertable import Lake
from supertable.entrypoints.mcp.identity.connections import Connection
from supertable.entrypoints.mcp.protocol.execution import Execution
from supertable.entrypoints.mcp.protocol.server import create_server
from supertable.entrypoints.mcp.tools.desk import Desk
from tests.attacks.test_known_attacks import ATTACKS
from tests.support.budgets import todays
from tests.support.mcp.clients import text
from tests.support.oracles.two_lakes import HIDDEN_WORDS, TwoLakes

_QUERY_FAILED = "QueryFailed"


@pytest.fixture(scope="module")
def execution() -> Iterator[Execution]:
    execution = Execution(4)
    yield execution
    execution.close()


async def _answers(lake: Lake, execution: Execution, statements: Sequence[str]) -> list[str]:
    """What a model is told. Which of several rows fails first is chance, so that such an error counts by its kind."""
    desk = Desk(lake._container)
    session = lake._namespace.session
    server = create_server(lambda: desk, lambda _: Connection(session, session.organization), execution)
    told = []
    async with Client(server, mode="2026-07-28") as client:
        for sql in statements:
            result = await client.call_tool("query_sql", {"sql": sql, "limit": 1000})
            if result.is_error:
                words = text(result)
                told.append(_QUERY_FAILED if words.startswith(_QUERY_FAILED) else words)
            else:
                content = dict(result.structured_content)
                told.append(repr({**content, "rows": sorted(map(repr, content["rows"]))}))
    return told


def test_attacks_by_mcp_get_the_answers_of_the_copy(lakes: TwoLakes, execution: Execution) -> None:
    statements = todays(ATTACKS, "attacks by mcp")
    both = zip(
        statements,
        asyncio.run(_answers(lakes.restricted, execution, statements)),
        asyncio.run(_answers(lakes.copy, execution, statements)),
        strict=True,
    )
    for sql, restricted, copy in both:
        assert restricted == copy, sql
        assert "InternalError" not in restricted, sql
        assert not [word for word in HIDDEN_WORDS if word in restricted and word not in sql.lower()], sql
