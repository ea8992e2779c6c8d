"""Query parameters that no resource has are refused, on every address, with the nearest name."""

from __future__ import annotations

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from supertable.entrypoints.web.requests import known_parameters
from tests.support.api.actors import TABLES, problem_type_of
from tests.support.api.server import TOKEN, ApiServer

CASES = (
    ("GET", "/api/v1/supertables?limt=1", "There is no query parameter 'limt'. Did you mean `limit`?"),
    ("GET", "/api/v1/supertables?LIMIT=1", "There is no query parameter 'LIMIT'. Did you mean `limit`?"),
    ("GET", f"{TABLES}/nothing?x=", "There is no query parameter 'x'. This resource takes none."),
    ("GET", f"{TABLES}/nothing/changes?since=1", "'since'. Those of this resource are after, engine, numbers, up_to."),
    ("POST", f"{TABLES}/nothing/rows?mod=upsert", "There is no query parameter 'mod'. Did you mean `mode`?"),
    ("DELETE", "/api/v1/roles/nothing?forced=true", "There is no query parameter 'forced'. Did you mean `force`?"),
    ("POST", "/api/v1/query?sql=SELECT+1", "There is no query parameter 'sql'."),
    ("GET", "/healthz?verbose=1", "This resource takes none."),
    ("GET", "/api/v1/supertables?limit=1&limit=2", "The query parameter 'limit' is given 2 times. Give it once."),
)


def test_unknown_parameters_are_refused(api: httpx.Client) -> None:
    for method, path, detail in CASES:
        answer = api.request(method, path)
        assert (answer.status_code, problem_type_of(answer)) == (400, "invalid-input"), path
        assert detail in answer.json()["detail"], path


def test_the_known_ones_are_found_once_for_each_resource(api: httpx.Client) -> None:
    api.get("/api/v1/supertables?limit=1")
    known = known_parameters._parameters.cache_info().currsize
    for _ in range(3):
        api.get("/api/v1/supertables?limit=1")
    assert known_parameters._parameters.cache_info().currsize == known


def test_a_websocket_refuses_them_too(server: ApiServer) -> None:
    address = f"{server.url.replace('http', 'ws')}{TABLES}/orders/stream?mood=append"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with pytest.raises(InvalidStatus) as refused, connect(address, additional_headers=headers):
        pass
    assert refused.value.response.status_code == 403
