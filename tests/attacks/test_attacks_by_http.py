"""The known attacks through the REST API: what it answers, errors included, is what it answers of the copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.attacks.test_known_attacks import ATTACKS, PARAMETERS
from tests.support.api.server import ApiServer
from tests.support.two_lakes import HIDDEN_WORDS, TwoLakes

Said = tuple[int, Any]


@pytest.fixture(scope="module")
def clients(lakes: TwoLakes) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Of ann, who sees a part of the whole lake; and of ann where there is nothing else."""
    owners = (lakes.owner, lakes.copy_owner)
    servers = [ApiServer(owner.container) for owner in owners]
    tokens = [owner.tokens.create("attacks", "ann").secret for owner in owners]
    one, other = (server.client(token) for server, token in zip(servers, tokens, strict=True))
    yield one, other
    for client in (one, other):
        client.close()
    for server in servers:
        server.stop()


def _asked(client: httpx.Client, sql: str, parameters: Any = ()) -> Said:
    answer = client.post("/api/v1/query", json={"sql": sql, "parameters": parameters})
    body = answer.json()
    if answer.status_code == 200:
        return 200, {**body, "rows": sorted(map(repr, body["rows"]))}
    del body["instance"]
    if answer.status_code == 422:
        del body["detail"]  # which of several rows fails first is chance
    return answer.status_code, body


def _same(clients: tuple[httpx.Client, httpx.Client], sql: str, parameters: Any = ()) -> None:
    restricted, copy = (_asked(client, sql, parameters) for client in clients)
    assert restricted == copy, sql
    assert restricted[0] < 500
    assert not [word for word in HIDDEN_WORDS if word in repr(restricted[1]) and word not in sql.lower()]


@pytest.mark.parametrize("part", range(10))
def test_attacks_by_http_see_what_the_copy_has(clients: tuple[httpx.Client, httpx.Client], part: int) -> None:
    for sql in ATTACKS[part::10]:
        _same(clients, sql)


def test_parameters_by_http_see_what_the_copy_has(clients: tuple[httpx.Client, httpx.Client]) -> None:
    for sql, parameters in PARAMETERS:
        _same(clients, sql, parameters)


@pytest.mark.parametrize("path", ["", "/schema", "/versions", "/statistics", "/rows?limit=1000", "/changes?after=0"])
def test_resources_by_http_hold_nothing_hidden(clients: tuple[httpx.Client, httpx.Client], path: str) -> None:
    for client in clients:
        answer = client.get(f"/api/v1/supertables/main/tables/orders{path}", headers={"Accept": "application/json"})
        assert answer.status_code in (200, 403)
        assert not [word for word in HIDDEN_WORDS if word in answer.text]
    missing, hidden = (
        clients[0].get(f"/api/v1/supertables/main/tables/{name}{path}") for name in ("no_plans", "secret_plans")
    )
    assert (hidden.status_code, _named(hidden, "secret_plans")) == (404, _named(missing, "no_plans"))


def _named(answer: httpx.Response, name: str) -> str:
    return str(answer.json()["detail"]).replace(name, "…")
