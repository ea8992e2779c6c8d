"""`POST /query` with statements that change something."""

from __future__ import annotations

import httpx

from supertable import Lake
from tests.support.api.actors import create_token
from tests.support.api.server import ApiServer

ORDERS = "/api/v1/supertables/main/tables/orders"


def run(api: httpx.Client, sql: str, key: str | None = None, **more: object) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return api.post("/api/v1/query", json={"sql": sql, **more}, headers=headers)


def test_a_change_is_answered_as_by_the_other_routes(api: httpx.Client, lake: Lake, server: ApiServer) -> None:
    lake.create_table("orders", [("id", "int64"), ("name", "string")], keys=["id"])
    done = run(api, "INSERT INTO orders VALUES (?, 'a'), (2, 'b')", key="k1", parameters=[1])
    assert (done.status_code, done.headers["location"]) == (201, f"{ORDERS}/versions/2")
    assert {name: done.json()[name] for name in ("table", "version", "operation", "rows_inserted", "replayed")} == {
        "table": "orders",
        "version": 2,
        "operation": "append",
        "rows_inserted": 2,
        "replayed": False,
    }
    again = run(api, "INSERT INTO orders VALUES (?, 'a'), (2, 'b')", key="k1", parameters=[1])
    assert (again.status_code, again.json()["version"], again.json()["replayed"]) == (201, 2, True)
    other = run(api, "INSERT INTO orders VALUES (?, 'a'), (2, 'b')", key="k1", parameters=[3])
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    taken = run(api, "INSERT INTO orders VALUES (2, 'c')")
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/duplicate-key")
    assert run(api, "DELETE FROM orders WHERE id = 2").json()["rows_deleted"] == 1

    update = "UPDATE orders SET name = name || ? WHERE id = $2"
    assert run(api, update.replace("$2", "?"), parameters=["!", 1]).json()["rows_updated"] == 1
    merge = "MERGE INTO orders USING (VALUES (1, 'x'), (3, 'c')) s(id, n) ON orders.id = s.id"
    merge += " WHEN MATCHED THEN UPDATE SET name = n WHEN NOT MATCHED THEN INSERT VALUES (id, n)"
    merged = run(api, merge, key="m1")
    assert [merged.json()[f"rows_{part}"] for part in ("inserted", "updated", "deleted")] == [1, 1, 0]
    assert run(api, merge, key="m1").json()["replayed"] is True
    lake.roles.create("reads", "reader", ["orders"])
    with server.client(create_token(lake, "reader", "reads")) as reader:
        refused = run(reader, "DELETE FROM orders")
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/access-denied")
        assert run(reader, "SELECT count(*) AS n FROM orders").json()["rows"] == [{"n": 2}]
    several = run(api, "DELETE FROM orders; DELETE FROM orders")
    assert several.status_code == 400
    assert "supertable query --file" in several.json()["detail"]
    assert api.post("/api/v1/queries", json={"sql": "DELETE FROM orders"}).status_code == 400
    assert lake.table("orders").info().version == 5
