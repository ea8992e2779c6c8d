"""Statements through two doors: the Python API and the REST API. `test_command_line` has the third."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import supertable
from supertable import Lake
from supertable.domain.errors import SupertableError
from tests.e2e.statements.cases import CASES, CHANGE, Changed, Fails, Outcome, Step, assert_same
from tests.support.api.server import TOKEN, ApiServer

BY_REST = [
    "insert values",
    "parameters",
    "counts and columns",
    "conflicting keys",
    "returning",
    "delete and truncate",
    "create as",
    "rename, drop and comment",
    "one statement at a time",
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ApiServer, httpx.Client]]:
    """A lake with one supertable for each door, and a server of it."""
    home = tmp_path_factory.mktemp("statements")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SUPERTABLE_HOME", str(home))
        patched.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
        with supertable.connect(home) as lake:
            server = ApiServer(lake._container)
            with server.client() as client:
                yield home, server, client
            server.stop()


@pytest.fixture(scope="module")
def lake(shared: tuple[Path, ApiServer, httpx.Client]) -> Iterator[Lake]:
    with supertable.connect(shared[0], supertable="main") as opened:
        yield opened


def by_python(lake: Lake, step: Step) -> Outcome:
    try:
        result = lake.sql(step.on("main"), step.parameters)
        if result.write is not None and not result.has_rows:
            return Changed(*(getattr(result.write, name) for name in CHANGE))
        return [tuple(row) for row in result.fetchall()]
    except SupertableError as error:
        return Fails(type(error).__name__, str(error))


def by_rest(client: httpx.Client, supertable_: str, step: Step) -> Outcome:
    body = {"sql": step.on(supertable_), "parameters": step.parameters, "supertable": supertable_}
    answer = client.post("/api/v1/query", json=body)
    found = answer.json()
    if answer.status_code >= 400:
        name = found["type"].removeprefix("/problems/").title().replace("-", "")
        return Fails(name, found["detail"])
    if "operation" in found:
        assert answer.status_code == (200 if found["operation"] in ("drop", "none") else 201)
        return Changed(*(found[name] for name in CHANGE))
    return [tuple(row.values()) for row in found["rows"]]


@pytest.mark.parametrize("name", CASES)
def test_by_python(lake: Lake, name: str) -> None:
    lake.sql("DROP TABLE IF EXISTS t")
    for step in CASES[name]:
        assert_same(by_python(lake, step), step)


@pytest.mark.parametrize("name", BY_REST)
def test_by_rest(shared: tuple[Path, ApiServer, httpx.Client], name: str) -> None:
    by_rest(shared[2], "main2", Step("DROP TABLE IF EXISTS t", []))
    for step in CASES[name]:
        assert_same(by_rest(shared[2], "main2", step), step)
