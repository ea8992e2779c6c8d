"""Writes through the API respect what a role sees, also when callers with different rights write concurrently."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pyarrow as pa
import pytest
from websockets.sync.client import connect

from supertable import Lake
from tests.support.api.server import ApiServer

TABLES = "/api/v1/supertables/main/tables"
SCHEMA = pa.schema([("id", pa.int64()), ("region", pa.string()), ("secret", pa.string())])
Token = Callable[..., str]


@pytest.fixture
def token(lake: Lake) -> Token:
    """Makes tokens for users with the given role and region."""
    lake.create_table("sales", SCHEMA)
    lake.create_table("other", SCHEMA)
    lake.roles.create("whole", "writer", tables="sales")
    lake.roles.create("region", "writer")
    lake.roles.grant("region", "sales", columns=["id", "region"], where="region = user_attribute('region')")
    lake.roles.create("viewer", "reader", tables="sales")

    def create(role: str, region: str = "north") -> str:
        name = f"{role}_{region}"
        if name not in {user.name for user in lake.users.list()}:
            lake.users.create(name, role, attributes={"region": region})
        return lake.tokens.create(f"number {len(lake.tokens.list())}", name).secret

    return create


def post(server: ApiServer, token: str, rows: object, table: str = "sales") -> httpx.Response:
    with server.client(token=token) as api:
        return api.post(f"{TABLES}/{table}/rows", json=rows)


def regions(lake: Lake) -> list[tuple[int, str]]:
    found = lake.sql("SELECT id, region FROM sales ORDER BY id").arrow().to_pylist()
    return [(row["id"], row["region"]) for row in found]


def test_a_row_outside_the_row_filter_is_not_written(server: ApiServer, lake: Lake, token: Token) -> None:
    region = token("region")
    assert post(server, region, [{"id": 1, "region": "north"}]).status_code == 201
    answer = post(server, region, [{"id": 2, "region": "north"}, {"id": 3, "region": "south"}])
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/access-denied")
    assert regions(lake) == [(1, "north")]


def test_a_hidden_column_is_reported_like_a_missing_one(server: ApiServer, token: Token) -> None:
    region = token("region")
    hidden = post(server, region, [{"id": 1, "region": "north", "secret": "x"}])
    absent = post(server, region, [{"id": 1, "region": "north", "absent": "x"}])
    assert hidden.status_code == absent.status_code == 400
    assert hidden.json()["detail"] == absent.json()["detail"].replace("absent", "secret")


def test_callers_without_write_access_are_refused(server: ApiServer, lake: Lake, token: Token) -> None:
    assert post(server, token("viewer"), [{"id": 1}]).status_code == 403
    assert post(server, token("whole"), [{"id": 1}], "other").status_code == 404
    hidden = post(server, token("region"), [{"id": 1}], "other").json()
    absent = post(server, token("region"), [{"id": 1}], "nothing").json()
    assert hidden["detail"] == absent["detail"].replace("nothing", "other")
    assert regions(lake) == []


def test_a_stream_without_write_access_is_closed(server: ApiServer, token: Token) -> None:
    address = f"ws://127.0.0.1:{server.port}{TABLES}/sales/stream"
    with connect(address, additional_headers={"Authorization": f"Bearer {token('viewer')}"}) as client:
        assert json.loads(client.recv(10))["error"]["status"] == 403


def test_concurrent_callers_with_different_rights(server: ApiServer, lake: Lake, token: Token) -> None:
    """Callers who see one region send every fifth row for the other region, which is refused."""
    callers = [token("whole"), token("whole"), *(token("region", name) for name in ("north", "south") for _ in "ab")]

    def calls(caller: int) -> list[tuple[int, str]]:
        made = []
        own = "north" if caller < 4 else "south"
        with server.client(token=callers[caller]) as api:
            for n in range(15):
                number = caller * 100 + n
                stray = caller >= 2 and n % 5 == 0
                region = {"north": "south", "south": "north"}[own] if stray else own
                answer = api.post(f"{TABLES}/sales/rows", json={"id": number, "region": region})
                assert answer.status_code == (403 if stray else 201), answer.text
                if not stray:
                    assert answer.json()["rows_inserted"] == 1
                    made.append((number, region))
        return made

    with ThreadPoolExecutor(len(callers)) as pool:
        made = [one for found in pool.map(calls, range(len(callers))) for one in found]
    assert regions(lake) == sorted(made)


def test_a_revoked_token_cannot_write(server: ApiServer, lake: Lake, token: Token) -> None:
    whole = token("whole")
    assert post(server, whole, [{"id": 1}]).status_code == 201
    for found in lake.tokens.list("whole_north"):
        lake.tokens.revoke(found.id)
    assert post(server, whole, [{"id": 2}]).status_code == 401
    assert [number for number, _ in regions(lake)] == [1]
