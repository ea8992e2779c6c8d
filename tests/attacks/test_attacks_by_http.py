"""The known attacks through the REST API: its answers, errors included, equal those of the copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.attacks.test_known_attacks import ATTACKS, PARAMETERS
from tests.support.api.server import ApiServer
from tests.support.oracles.two_lakes import HIDDEN_WORDS, TwoLakes

Answer = tuple[int, Any]


@pytest.fixture(scope="module")
def clients(lakes: TwoLakes) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Two clients of ann: of the whole lake, of which she sees a part, and of the copy, which holds only that part."""
    owners = (lakes.owner, lakes.copy_owner)
    servers = [ApiServer(owner._container) for owner in owners]
    tokens = [owner.tokens.create("attacks", "ann").secret for owner in owners]
    one, other = (server.client(token) for server, token in zip(servers, tokens, strict=True))
    yield one, other
    for client in (one, other):
        client.close()
    for server in servers:
        server.stop()


def _answer(client: httpx.Client, sql: str, parameters: Any = ()) -> Answer:
    answer = client.post("/api/v1/query", json={"sql": sql, "parameters": parameters})
    body = answer.json()
    if answer.status_code == 200:
        return 200, {**body, "rows": sorted(map(repr, body["rows"]))}
    del body["instance"]
    if answer.status_code == 422:
        del body["detail"]  # several rows may fail first
    return answer.status_code, body


def _check_equal(clients: tuple[httpx.Client, httpx.Client], sql: str, parameters: Any = ()) -> None:
    restricted, copy = (_answer(client, sql, parameters) for client in clients)
    assert restricted == copy, sql
    assert restricted[0] < 500
    assert not [word for word in HIDDEN_WORDS if word in repr(restricted[1]) and word not in sql.lower()]


@pytest.mark.parametrize("part", range(10))
def test_attacks_by_http_get_the_answers_of_the_copy(clients: tuple[httpx.Client, httpx.Client], part: int) -> None:
    for sql in ATTACKS[part::10]:
        _check_equal(clients, sql)


def test_parameters_by_http_get_the_answers_of_the_copy(clients: tuple[httpx.Client, httpx.Client]) -> None:
    for sql, parameters in PARAMETERS:
        _check_equal(clients, sql, parameters)


@pytest.mark.parametrize("path", ["", "/schema", "/versions", "/statistics", "/rows?limit=1000", "/changes?after=0"])
def test_resources_by_http_reveal_nothing_hidden(clients: tuple[httpx.Client, httpx.Client], path: str) -> None:
    for client in clients:
        answer = client.get(f"/api/v1/supertables/main/tables/orders{path}", headers={"Accept": "application/json"})
        assert answer.status_code in (200, 403)
        assert not [word for word in HIDDEN_WORDS if word in answer.text]
    missing, hidden = (
        clients[0].get(f"/api/v1/supertables/main/tables/{name}{path}") for name in ("public_list", "secret_plans")
    )
    assert (hidden.status_code, _named(hidden, "secret_plans")) == (404, _named(missing, "public_list"))


def _named(answer: httpx.Response, name: str) -> str:
    return str(answer.json()["detail"]).replace(name, "…")
