"""Callers of the API: one for each type of role, each with its own user and token."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import httpx

from supertable import Lake
from supertable.entrypoints.sdk.access import RoleTypeName
from tests.support.api.server import ApiServer

ROLES = {"admin": (), "writer": ("t_*",), "reader": ("t_*",), "meta": ("t_*",), "outsider": ()}
"""The tables granted to each. Admins see all tables without a grant; the outsider is a reader without tables."""
Result = TypeVar("Result")
TABLES = "/api/v1/supertables/main/tables"


class Actors:
    """Sends requests as one of the `ROLES`, or as `superadmin`, the superuser."""

    def __init__(self, lake: Lake, server: ApiServer) -> None:
        self._clients = {"superadmin": server.client()}
        for name, tables in ROLES.items():
            kind = cast(RoleTypeName, "reader" if name == "outsider" else name)
            lake.roles.create(f"{name}_role", kind, tables)
            self._clients[name] = server.client(create_token(lake, f"{name}_user", f"{name}_role"))

    def call(self, actor: str, method: str, path: str, **options: Any) -> httpx.Response:
        return self._clients[actor].request(method, path, **options)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def create_token(lake: Lake, user: str, role: str, **attributes: str) -> str:
    """Create a user with the role and attributes, and return a token for it."""
    lake.users.create(user, [role], attributes=attributes)
    return lake.tokens.create("for tests", user).secret


def listed_supertables(answer: httpx.Response) -> list[dict[str, Any]]:
    """The listed supertables without `system`, which the audit log creates at a time of its own."""
    return [info for info in answer.json()["items"] if info["name"] != "system"]


def problem_type_of(answer: httpx.Response) -> str:
    """The type of the problem, without its prefix. Asserts that the response is a valid problem document."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert set(problem) >= {"type", "title", "status", "detail", "instance"}
    type_: str = problem["type"]
    return type_.removeprefix("/problems/")


def run_concurrently(count: int, act: Callable[[int], Result]) -> list[Result]:
    """The results of `act(0)` to `act(count - 1)`, run in threads that start at the same moment."""
    start = threading.Barrier(count)

    def run(number: int) -> Result:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
