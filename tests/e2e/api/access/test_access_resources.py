"""`/roles`, `/users` and `/tokens`."""

from __future__ import annotations

import datetime
from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from tests.support.api.actors import create_token, problem_type_of, run_concurrently
from tests.support.api.server import ApiServer

ROLES, USERS, TOKENS = "/api/v1/roles", "/api/v1/users", "/api/v1/tokens"


@pytest.fixture
def analyst(lake: Lake) -> Lake:
    """A lake with a role `analyst` and a table `orders`."""
    lake.create_table_from("orders", pa.table({"id": [1, 2], "region": ["n", "s"], "card": ["1234", "5678"]}))
    lake.roles.create("analyst", "reader")
    return lake


def test_a_role_is_created_changed_and_dropped(api: httpx.Client) -> None:
    made = api.post(ROLES, json={"name": "Analyst", "type": "reader", "tables": ["sales_*"], "comment": "reads"})
    assert (made.status_code, made.headers["Location"]) == (201, f"{ROLES}/Analyst")
    found = api.get(f"{ROLES}/analyst")
    assert found.headers["ETag"] == made.headers["ETag"]
    assert found.json() == {
        "name": "Analyst",
        "type": "reader",
        "tables": ["sales_*"],
        "rules": [],
        "comment": "reads",
        "version": 1,
    }
    edited = api.patch(f"{ROLES}/analyst", json={"type": "writer"}, headers={"If-Match": found.headers["ETag"]})
    assert (edited.json()["type"], edited.json()["tables"]) == ("writer", ["sales_*"])
    assert edited.headers["ETag"] != found.headers["ETag"]
    assert [role["name"] for role in api.get(ROLES).json()["items"]] == ["superadmin", "Analyst"]
    assert api.delete(f"{ROLES}/analyst", headers={"If-Match": found.headers["ETag"]}).status_code == 412
    assert api.delete(f"{ROLES}/analyst", headers={"If-Match": edited.headers["ETag"]}).status_code == 204
    assert problem_type_of(api.delete(f"{ROLES}/analyst")) == "not-found"
    assert problem_type_of(api.get(f"{ROLES}/analyst")) == "not-found"


def test_a_part_of_a_table_is_granted_and_revoked(analyst: Lake, server: ApiServer, api: httpx.Client) -> None:
    grant = f"{ROLES}/analyst/grants/orders"
    rule = {"columns": ["id", "card"], "masks": {"card": "last:2"}, "where": "region = user_attribute('region')"}
    granted = api.put(grant, json=rule)
    assert granted.status_code == 200, granted.text
    (rule_info,) = granted.json()["rules"]
    assert (rule_info["supertable"], rule_info["table"], rule_info["columns"], rule_info["masks"]) == (
        "main",
        "orders",
        ["id", "card"],
        {"card": "last:2"},
    )
    assert "user_attribute('region')" in rule_info["where"]
    assert api.put(grant, json=rule).json()["rules"] == granted.json()["rules"]
    with server.client(create_token(analyst, "ada", "analyst", region="s")) as ada:
        rows = "/api/v1/supertables/main/tables/orders/rows"
        assert ada.get(rows).json()["rows"] == [{"id": 2, "card": "****78"}]
        assert api.delete(grant).status_code == 204
        assert problem_type_of(ada.get(rows)) == "table-not-found"
    assert problem_type_of(api.delete(grant)) == "not-found"


def test_patterns_are_granted_and_revoked(analyst: Lake, api: httpx.Client) -> None:
    for pattern in ("sales_*", "main.*", "orders"):
        assert api.put(f"{ROLES}/analyst/grants/{pattern}", json={}).status_code == 200
    assert sorted(api.get(f"{ROLES}/analyst").json()["tables"]) == ["main.*", "orders", "sales_*"]
    assert api.delete(f"{ROLES}/analyst/grants/sales_*").status_code == 204
    assert sorted(api.get(f"{ROLES}/analyst").json()["tables"]) == ["main.*", "orders"]


@pytest.mark.parametrize(
    ("table", "body", "kind"),
    [
        ("orders", {"columns": ["nope"]}, "invalid-schema"),
        ("orders", {"columns": "id"}, "invalid-input"),
        ("orders", {"masks": {"card": "blur"}}, "invalid-input"),
        ("orders", {"masks": {"id": "last:2"}}, "invalid-input"),
        ("orders", {"where": "region = "}, "invalid-statement"),
        ("orders", {"where": "id IN (SELECT id FROM other)"}, "statement-refused"),
        ("orders", {"wher": "id = 1"}, "invalid-input"),
        ("nope", {"columns": ["id"]}, "table-not-found"),
        ("a b", {}, "invalid-name"),
        ("x.y.z", {}, "invalid-name"),
    ],
)
def test_invalid_grants_change_nothing(
    analyst: Lake, api: httpx.Client, table: str, body: dict[str, Any], kind: str
) -> None:
    answer = api.put(f"{ROLES}/analyst/grants/{table}", json=body)
    assert answer.status_code in (400, 404)
    assert problem_type_of(answer) == kind
    assert api.get(f"{ROLES}/analyst").json()["version"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "x", "type": "emperor"},
        {"name": "", "type": "reader"},
        {"name": "a b", "type": "reader"},
        {"name": "superadmin", "type": "reader"},
        {"name": "x", "type": "reader", "tables": "orders"},
        {"name": "x", "type": "reader", "tables": ["or ders"]},
        {"name": "x", "type": "reader", "color": "red"},
    ],
    ids=str,
)
def test_invalid_roles_are_refused(api: httpx.Client, body: dict[str, Any]) -> None:
    answer = api.post(ROLES, json=body)
    assert answer.status_code == 400, answer.text
    problem_type_of(answer)
    assert len(api.get(ROLES).json()["items"]) == 1


def test_a_role_in_use_is_dropped_only_by_force(analyst: Lake, api: httpx.Client) -> None:
    create_token(analyst, "ada", "analyst")
    assert api.delete(f"{ROLES}/analyst").status_code == 400
    assert api.delete(f"{ROLES}/analyst", params={"force": True}).status_code == 204
    assert api.get(f"{USERS}/ada").json()["roles"] == []


def test_a_user_is_created_changed_and_dropped(analyst: Lake, api: httpx.Client) -> None:
    body = {"name": "Ada", "roles": ["analyst"], "attributes": {"region": "n"}}
    made = api.post(USERS, json=body)
    user = made.json()
    assert (made.status_code, made.headers["Location"]) == (201, f"{USERS}/{user['hash']}")
    assert {name: user[name] for name in ("name", "roles", "default_role", "attributes", "enabled")} == {
        **body,
        "default_role": "analyst",
        "enabled": True,
    }
    assert api.get(f"{USERS}/ada").json() == api.get(made.headers["Location"]).json() == user
    assert problem_type_of(api.post(USERS, json={"name": "ADA"})) == "already-exists"
    edited = api.patch(f"{USERS}/ada", json={"name": "Lovelace", "attributes": {}, "enabled": False})
    assert (edited.json()["hash"], edited.json()["roles"], edited.json()["enabled"]) == (
        user["hash"],
        ["analyst"],
        False,
    )
    late = api.patch(f"{USERS}/lovelace", json={"enabled": True}, headers={"If-Match": made.headers["ETag"]})
    assert problem_type_of(late) == "outdated"
    assert api.delete(f"{USERS}/{user['hash']}").status_code == 204
    assert problem_type_of(api.get(f"{USERS}/lovelace")) == "not-found"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": ""}, 400),
        ({"name": "x\ny"}, 400),
        ({"name": "x", "roles": ["nope"]}, 404),
        ({"name": "x", "roles": ["superadmin"]}, 404),
        ({"name": "x", "attributes": {"a": 1}}, 400),
        ({"name": "x", "hash": "0" * 32}, 400),
    ],
    ids=str,
)
def test_invalid_users_are_refused(api: httpx.Client, body: dict[str, Any], status: int) -> None:
    answer = api.post(USERS, json=body)
    assert answer.status_code == status, answer.text
    problem_type_of(answer)
    assert api.get(USERS).json()["items"] == []


@pytest.mark.parametrize("what", ["users", "roles"])
def test_one_of_many_conditional_edits_wins(analyst: Lake, api: httpx.Client, what: str) -> None:
    analyst.users.create("ada")
    path = {"users": f"{USERS}/ada", "roles": f"{ROLES}/analyst"}[what]
    tag = api.get(path).headers["ETag"]

    def edit(number: int) -> httpx.Response:
        body = {"attributes": {"n": str(number)}} if what == "users" else {"comment": str(number)}
        return api.patch(path, json=body, headers={"If-Match": tag})

    answers = run_concurrently(8, edit)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    for wrong in ('"0"', '"x"', "", 'W/"1"', '"1", "2"', "9" * 30):
        assert api.patch(path, json={}, headers={"If-Match": wrong}).status_code == 412, wrong
    assert api.patch(path, json={}, headers={"If-Match": "*"}).status_code == 200


def test_a_token_is_shown_once_and_refused_after_it_is_revoked(
    analyst: Lake, server: ApiServer, api: httpx.Client
) -> None:
    analyst.users.create("ada", ["analyst"])
    made = api.post(TOKENS, json={"name": "laptop", "user": "ada", "role": "analyst", "lifetime_seconds": 3600})
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    secret, token_id = made.json()["secret"], made.json()["id"]
    assert made.headers["Location"] == f"{TOKENS}/{token_id}"
    described = api.get(made.headers["Location"])
    listed = api.get(TOKENS, params={"user": "ada"})
    assert listed.json()["items"] == [described.json()]
    assert secret not in described.text + listed.text
    ends, began = (datetime.datetime.fromisoformat(made.json()[name]) for name in ("expires_at", "created_at"))
    assert abs((ends - began).total_seconds() - 3600) < 60
    with server.client(secret) as ada:
        assert ada.get("/api/v1/whoami").json()["user"] == "ada"
        assert [entry["id"] for entry in ada.get(TOKENS).json()["items"]] == [token_id]
        assert api.delete(f"{TOKENS}/{token_id}").status_code == 204
        assert problem_type_of(ada.get("/api/v1/whoami")) == "not-signed-in"
    assert problem_type_of(api.delete(f"{TOKENS}/{token_id}")) == "not-found"
    assert problem_type_of(api.get(f"{TOKENS}/{token_id}")) == "not-found"


def test_users_see_and_revoke_only_their_own_tokens(analyst: Lake, server: ApiServer, api: httpx.Client) -> None:
    others = api.post(TOKENS, json={"name": "mine"}).json()
    with server.client(create_token(analyst, "ada", "analyst")) as ada:
        own = ada.post(TOKENS, json={"name": "second", "lifetime_seconds": None})
        assert own.status_code == 201
        assert own.json()["user"] == "ada"
        assert [entry["name"] for entry in ada.get(TOKENS).json()["items"]] == ["second", "for tests"]
        hidden, missing = (ada.get(f"{TOKENS}/{token_id}") for token_id in (others["id"], "0" * 32))
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert hidden.json()["detail"].replace(others["id"], "0" * 32) == missing.json()["detail"]
        assert ada.delete(f"{TOKENS}/{others['id']}").status_code == 404
        assert ada.delete(f"{TOKENS}/{own.json()['id']}").status_code == 204
    assert api.get(f"{TOKENS}/{others['id']}").status_code == 200


def test_tokens_are_listed_in_pages_newest_first(analyst: Lake, api: httpx.Client) -> None:
    analyst.users.create("ada", ["analyst"])
    for number in range(3):
        api.post(TOKENS, json={"name": str(number), "user": "ada"})
    first = api.get(TOKENS, params={"limit": 2}).json()
    api.post(TOKENS, json={"name": "3", "user": "ada"})
    rest = api.get(TOKENS, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [entry["name"] for entry in (*first["items"], *rest["items"])] == ["2", "1", "0"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": " "}, 400),
        ({"name": "x", "lifetime_seconds": 0}, 400),
        ({"name": "x", "lifetime_seconds": -1}, 400),
        ({"name": "x", "lifetime_seconds": 1e12}, 400),
        ({"name": "x", "lifetime_seconds": "soon"}, 400),
        ({"name": "x", "user": "nobody"}, 404),
        ({"name": "x", "role": "nope"}, 404),
        ({"name": "x", "secret": "st_mine"}, 400),
    ],
    ids=str,
)
def test_invalid_tokens_are_refused(api: httpx.Client, body: dict[str, Any], status: int) -> None:
    answer = api.post(TOKENS, json=body)
    assert answer.status_code == status, answer.text
    problem_type_of(answer)
    assert api.get(TOKENS).json()["items"] == []
