"""Every resource as every type of role: allowed, refused, or not found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from supertable.domain.access.roles import Permission
from tests.support.api.actors import TABLES, Actors, listed_supertables, problem_type_of
from tests.support.api.server import ApiServer

PERMISSIONS = {
    "superadmin": set(Permission),
    "admin": set(Permission) - {Permission.RBAC},
    "writer": {Permission.WRITE, Permission.READ, Permission.META},
    "reader": {Permission.READ, Permission.META},
    "meta": {Permission.META},
}


@dataclass(frozen=True)
class Operation:
    """A request and the permission that it needs. `{t}` is the name of a table, `{n}` a name that is not in use."""

    method: str
    path: str
    permission: Permission
    status: int = 200
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def send(self, actors: Actors, actor: str, table: str, name: str = "n") -> httpx.Response:
        body = None if self.body is None else {key: _with_names(value, table, name) for key, value in self.body.items()}
        return actors.call(actor, self.method, self.path.format(t=table, n=name), json=body)


def _with_names(value: Any, table: str, name: str) -> Any:
    return value.format(t=table, n=name) if isinstance(value, str) else value


_T = TABLES + "/{t}"
TABLE_OPERATIONS = [
    Operation("GET", _T, Permission.META),
    Operation("PATCH", _T, Permission.CONTROL, body={"name": "{n}"}),
    Operation("PATCH", _T, Permission.CONTROL, body={"comment": "hello"}),
    Operation("DELETE", _T, Permission.CONTROL, 204),
    Operation("POST", _T + "/clones", Permission.CONTROL, 201, {"name": "{n}"}),
    Operation("GET", _T + "/schema", Permission.META),
    Operation(
        "POST",
        _T + "/schema/changes",
        Permission.CONTROL,
        201,
        {"changes": [{"action": "add", "column": "note", "type": "string"}]},
    ),
    Operation("GET", _T + "/settings", Permission.META),
    Operation("PATCH", _T + "/settings", Permission.CONTROL, body={"small_files": 4}),
    Operation("GET", _T + "/versions", Permission.META),
    Operation("GET", _T + "/versions/1", Permission.META),
    Operation("POST", _T + "/restores", Permission.CONTROL, 201, {"version": 1}),
    Operation("GET", _T + "/tombstones", Permission.READ),
    Operation("GET", _T + "/tags", Permission.META),
    Operation("GET", _T + "/tags/first", Permission.META),
    Operation("PUT", _T + "/tags/second", Permission.CONTROL, 201, {"version": 2}),
    Operation("DELETE", _T + "/tags/first", Permission.CONTROL, 204),
    Operation("GET", _T + "/rows", Permission.READ),
    Operation("GET", _T + "/changes?after=0", Permission.READ),
    Operation("GET", _T + "/statistics", Permission.READ),
]
OTHER_OPERATIONS = [
    Operation("GET", "/api/v1/supertables", Permission.META),
    Operation("GET", "/api/v1/supertables/main", Permission.META),
    Operation("GET", TABLES, Permission.META),
    Operation("POST", TABLES, Permission.CONTROL, 201, {"name": "{n}", "columns": [{"name": "id", "type": "int64"}]}),
    Operation("GET", "/api/v1/supertables/main/dropped_tables", Permission.CONTROL),
    Operation("POST", "/api/v1/supertables/main/undrops", Permission.CONTROL, 201, {"table": "{t}", "as_name": "{n}"}),
    Operation("GET", "/api/v1/config", Permission.CONTROL),
    Operation("GET", "/api/v1/roles", Permission.RBAC),
    Operation("POST", "/api/v1/roles", Permission.RBAC, 201, {"name": "{n}", "type": "reader"}),
    Operation("GET", "/api/v1/roles/reader_role", Permission.RBAC),
    Operation("PATCH", "/api/v1/roles/spare", Permission.RBAC, body={"comment": "x"}),
    Operation("PUT", "/api/v1/roles/spare/grants/x_*", Permission.RBAC, body={}),
    Operation("DELETE", "/api/v1/roles/spare/grants/y_*", Permission.RBAC, 204),
    Operation("DELETE", "/api/v1/roles/spare", Permission.RBAC, 204),
    Operation("GET", "/api/v1/users", Permission.RBAC),
    Operation("POST", "/api/v1/users", Permission.RBAC, 201, {"name": "{n}"}),
    Operation("GET", "/api/v1/users/reader_user", Permission.RBAC),
    Operation("PATCH", "/api/v1/users/spare", Permission.RBAC, body={"enabled": False}),
    Operation("DELETE", "/api/v1/users/spare", Permission.RBAC, 204),
    Operation("GET", "/api/v1/tokens", Permission.META),
    Operation("POST", "/api/v1/tokens", Permission.META, 201, {"name": "{n}"}),
    Operation("POST", "/api/v1/tokens", Permission.RBAC, 201, {"name": "{n}", "user": "spare"}),
]


@pytest.fixture
def actors(lake: Lake, server: ApiServer) -> Iterator[Actors]:
    actors = Actors(lake, server)
    yield actors
    actors.close()


def _create_table(lake: Lake, name: str) -> str:
    """Create a table with two versions, the first of them tagged."""
    lake.create_table_from(name, pa.table({"id": [1, 2], "word": ["a", "b"]}))
    lake.table(name).tag("first", 1)
    return name


@pytest.mark.parametrize("operation", TABLE_OPERATIONS, ids=str)
def test_operations_on_a_table_need_their_permission(lake: Lake, actors: Actors, operation: Operation) -> None:
    for actor, granted in PERMISSIONS.items():
        table = _create_table(lake, f"t_{actor}")
        answer = operation.send(actors, actor, table, name=f"n_{actor}")
        if operation.permission in granted:
            assert answer.status_code == operation.status, (actor, answer.text)
        else:
            assert (answer.status_code, problem_type_of(answer)) == (403, "access-denied"), actor


@pytest.mark.parametrize("operation", OTHER_OPERATIONS, ids=str)
def test_other_operations_need_their_permission(lake: Lake, actors: Actors, operation: Operation) -> None:
    for actor, granted in PERMISSIONS.items():
        table = _create_table(lake, f"t_{actor}")
        if operation.path.endswith("undrops"):
            lake.drop(table)
        if "spare" in f"{operation.path} {operation.body}":
            _recreate_spare(lake)
        answer = operation.send(actors, actor, table, name=f"n_{actor}")
        if operation.permission in granted:
            assert answer.status_code == operation.status, (actor, answer.text)
        else:
            assert (answer.status_code, problem_type_of(answer)) == (403, "access-denied"), actor


def _recreate_spare(lake: Lake) -> None:
    """Drop and create a role and a user that no other test needs."""
    for present in lake.users.list():
        if present.name == "spare":
            lake.users.drop("spare")
    for role in lake.roles.list():
        if role.name == "spare":
            lake.roles.drop("spare")
    lake.roles.create("spare", "reader", "y_*")
    lake.users.create("spare")


@pytest.mark.parametrize("operation", TABLE_OPERATIONS, ids=str)
def test_a_hidden_table_is_reported_like_a_missing_one(lake: Lake, actors: Actors, operation: Operation) -> None:
    _create_table(lake, "hidden_1")
    _create_table(lake, "dropped_1")
    lake.drop("dropped_1")
    for actor in ("writer", "reader", "meta", "outsider"):
        missing = operation.send(actors, actor, "missing_1")
        assert missing.status_code in (403, 404)
        for name in ("hidden_1", "dropped_1"):
            other = operation.send(actors, actor, name)
            assert other.status_code == missing.status_code
            assert _comparable(other, name) == _comparable(missing, "missing_1")


def _comparable(answer: httpx.Response, name: str) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    return {key: str(value).replace(name, "…") for key, value in problem.items() if key != "instance"}


def test_lists_omit_hidden_tables(lake: Lake, actors: Actors) -> None:
    _create_table(lake, "t_one")
    _create_table(lake, "hidden_1")
    for actor, shown in {"admin": ["hidden_1", "t_one"], "meta": ["t_one"], "outsider": []}.items():
        assert [info["name"] for info in actors.call(actor, "GET", TABLES).json()["items"]] == shown
        lakes = listed_supertables(actors.call(actor, "GET", "/api/v1/supertables"))
        assert lakes == ([{"name": "main", "tables": len(shown)}] if shown else [])
    hidden = actors.call("outsider", "GET", "/api/v1/supertables/main")
    missing = actors.call("outsider", "GET", "/api/v1/supertables/none")
    assert hidden.status_code == 404
    assert _comparable(hidden, "main") == _comparable(missing, "none")


def test_empty_supertables_are_visible_only_to_controllers(lake: Lake, actors: Actors) -> None:
    _create_table(lake, "t_one")
    lake.drop("t_one")
    empty = {"name": "main", "tables": 0}
    assert listed_supertables(actors.call("admin", "GET", "/api/v1/supertables")) == [empty]
    assert actors.call("admin", "GET", "/api/v1/supertables/main").json() == empty
    assert actors.call("reader", "GET", "/api/v1/supertables").json()["items"] == []
    assert actors.call("reader", "GET", "/api/v1/supertables/main").status_code == 404


def test_organizations_are_isolated(lake: Lake, actors: Actors) -> None:
    _create_table(lake, "t_one")
    elsewhere = {"X-Supertable-Organization": "elsewhere"}
    answer = actors.call("superadmin", "GET", TABLES, headers=elsewhere)
    assert answer.json() == {"items": [], "next_cursor": None}
    assert actors.call("superadmin", "GET", f"{TABLES}/t_one", headers=elsewhere).status_code == 404
    assert listed_supertables(actors.call("superadmin", "GET", "/api/v1/supertables", headers=elsewhere)) == []
    stranger = actors.call("reader", "GET", TABLES, headers=elsewhere)
    assert (stranger.status_code, problem_type_of(stranger)) == (401, "not-signed-in")
    for name in ("users", "roles", "tokens"):
        there = actors.call("superadmin", "GET", f"/api/v1/{name}", headers=elsewhere).json()["items"]
        assert [entry["name"] for entry in there] == (["superadmin"] if name == "roles" else [])


@pytest.mark.parametrize("token", [None, "st_unknown"])
def test_all_operations_need_a_token(server: ApiServer, token: str | None) -> None:
    with server.client(token) as client:
        for operation in (*TABLE_OPERATIONS, *OTHER_OPERATIONS):
            answer = client.request(operation.method, operation.path.format(t="t", n="n"), json=operation.body)
            assert (answer.status_code, problem_type_of(answer)) == (401, "not-signed-in"), operation
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
