"""Callers of the API, one for each type of role, each a user of its own with a token of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx

from supertable import Lake
from tests.support.api.server import ApiServer

ROLES = {"admin": (), "writer": ("t_*",), "reader": ("t_*",), "meta": ("t_*",), "outsider": ()}
"""What each is granted; admins reach everything anyway, and the outsider is a reader of nothing."""
Answer = TypeVar("Answer")
TABLES = "/api/v1/supertables/main/tables"


class Actors:
    """`call` sends a request as one of them; `superadmin` is the superuser."""

    def __init__(self, lake: Lake, server: ApiServer) -> None:
        self._clients = {"superadmin": server.client()}
        for name, tables in ROLES.items():
            lake.roles.create(f"{name}_role", "reader" if name == "outsider" else name, tables)
            self._clients[name] = server.client(token_of(lake, f"{name}_user", f"{name}_role"))

    def call(self, actor: str, method: str, path: str, **options: Any) -> httpx.Response:
        return self._clients[actor].request(method, path, **options)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def token_of(lake: Lake, user: str, role: str, **attributes: str) -> str:
    """A token of a new user with that role."""
    lake.users.create(user, [role], attributes=attributes)
    return lake.tokens.create("for tests", user).secret


def lakes_in(answer: httpx.Response) -> list[dict[str, Any]]:
    """The supertables in a list but for that of the audit log, which comes into being when it likes."""
    return [lake for lake in answer.json()["items"] if lake["name"] != "system"]


def kind_of(answer: httpx.Response) -> str:
    """The type of the problem that it is, and that it is one in all respects."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert set(problem) >= {"type", "title", "status", "detail", "instance"}
    kind: str = problem["type"]
    return kind.removeprefix("/problems/")


def together(count: int, act: Callable[[int], Answer]) -> list[Answer]:
    """What as many threads got that began at one moment."""
    start = threading.Barrier(count)

    def one(number: int) -> Answer:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
