"""Other ways to the same answers: over HTTP, through executors, and at a version of the tables that is not the newest.

The service's queries run in an executor. What changes the tables does so in a copy of each lake.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa

import supertable
from supertable import Lake
from supertable.config.closing import close
from supertable.config.container import Container
from supertable.config.service_container import service_container
from supertable.config.settings.settings import load_settings
from tests.conformance.cases import Case, Expected
from tests.conformance.engines import ask
from tests.conformance.json_values import rows_of_json
from tests.conformance.oracles import Columns, columns_of, rows_of
from tests.conformance.world.lakes import VIEWS
from tests.support.api.server import TOKEN, ApiServer

ARROW, JSON, VERSION, TIMESTAMP = "Arrow over HTTP", "JSON over HTTP", "AT (VERSION)", "AT (TIMESTAMP)"
Found = tuple[Columns, Expected]
WAYS = (ARROW, JSON, VERSION, TIMESTAMP)
_ARROW_STREAM = "application/vnd.apache.arrow.stream"
_NO_ALIAS = (
    "anti|asof|at|cross|except|fetch|full|group|having|inner|intersect|join|left|limit|natural|offset|on|order|pivot|"
    "positional|qualify|right|sample|select|semi|tablesample|union|unpivot|using|where|window"
)


_AT = re.compile(r" AT \((?:VERSION => \d+|TIMESTAMP => '[^']+')\)")
_NUMBERED = re.compile(r"_\d+$")


class Refused(Exception):
    """The service's answer is an error."""


class Ways:
    """The lakes of `home`, which hold all their rows, asked in each way. What a way needs starts when it is used."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._containers: list[Container] = []
        self._servers: list[ApiServer] = []
        self._pasts: list[Past] = []
        self._client = cache(self._started)
        self._past = cache(self._copied)

    def ask(self, way: str, caller: str, engine: str, case: Case) -> Found | None:
        """The columns and rows. None: the statement has no form for this way."""
        if way in (ARROW, JSON):
            return self._over_http(way, caller, engine, case)
        past = self._past(caller)
        sql = past.statement(case, way) if case.supertable == "main" else None
        if sql is None:
            return None
        table = ask(past.lake, engine, sql)
        return columns_of(table.rename_columns([_AT.sub("", name) for name in table.schema.names])), rows_of(table)

    def close(self) -> None:
        for server in self._servers:
            server.stop()
        for container in self._containers:
            close(container)
        for past in self._pasts:
            past.lake.close()

    def _over_http(self, way: str, caller: str, engine: str, case: Case) -> Found:
        body = {"sql": case.sql, "supertable": case.supertable, "engine": engine}
        client = self._client(caller)
        table = pa.ipc.open_stream(_content(client, body, _ARROW_STREAM)).read_all()
        columns = columns_of(table.rename_columns(_without_numbers(table.schema.names)))
        if way == ARROW:
            return columns, rows_of(table)
        found = json.loads(_content(client, body, "application/json"), parse_float=Decimal)
        return columns, rows_of_json(found, table.schema)

    def _started(self, caller: str) -> httpx.Client:
        settings = load_settings(
            home=self._home / caller, executors=1, supertoken=TOKEN, rate_limit=0, result_cache_bytes=0
        )
        container = service_container(settings)
        self._containers.append(container)
        self._servers.append(ApiServer(container))
        return self._servers[-1].client(role="analyst" if caller == "role" else None)

    def _copied(self, caller: str) -> Past:
        self._pasts.append(Past(self._home / caller, self._home / f"{caller}, later", caller))
        return self._pasts[-1]


class Past:
    """A copy of a lake, all of whose rows were deleted after a moment."""

    def __init__(self, of: Path, home: Path, caller: str) -> None:
        shutil.copytree(of, home)
        with supertable.connect(home=home) as all_rows:
            self._moment = dt.datetime.now(dt.UTC)
            self._versions = {table.name: _emptied(all_rows, table.name) for table in all_rows.tables()}
        alias = rf"(?: as \w+| (?!(?:{_NO_ALIAS})\b)\w+)?"
        columns = rf"(?:\w|\(| as |\.| (?!(?:{_NO_ALIAS})\b)\w+\()"
        self._tables = re.compile(rf"\b(from|join) ({'|'.join(self._versions)}){alias}(?!{columns})", re.IGNORECASE)
        self._names = re.compile(rf"(?<![.\w])(?:{'|'.join([*self._versions, *VIEWS])})(?!\w|\.)", re.IGNORECASE)
        self.lake = supertable.connect(home=home, role="analyst" if caller == "role" else None)

    def statement(self, case: Case, way: str) -> str | None:
        """The statement with AT for each table. None: it has AT already, or tables in other places."""
        if re.search(r"\bat \(|table_changes|\bwith\b", case.sql, re.IGNORECASE):
            return None
        if self._names.search(self._tables.sub("", case.sql)):
            return None
        sql, count = self._tables.subn(lambda found: self._at(found, way), case.sql)
        return sql if count else None

    def _at(self, found: re.Match[str], way: str) -> str:
        version = self._versions[found[2].lower()]
        past = f"VERSION => {version}" if way == VERSION else f"TIMESTAMP => '{self._moment:%Y-%m-%d %H:%M:%S.%f}'"
        return f"{found[0]} AT ({past})"


def _without_numbers(names: Sequence[str]) -> list[str]:
    """The names in process: over HTTP, each further column of a name has a number behind it."""
    found: list[str] = []
    for name in names:
        first = _NUMBERED.sub("", name)
        found.append(first if found.count(first) and name == f"{first}_{found.count(first)}" else name)
    return found


def _emptied(lake: Lake, name: str) -> int:
    """The version that the table had before all its rows were deleted."""
    version = lake.table(name).info().version
    lake.delete(name, where="true")
    return version


def _content(client: httpx.Client, body: Mapping[str, Any], media_type: str) -> bytes:
    answer = client.post("/api/v1/query", json=dict(body), headers={"Accept": media_type})
    if answer.status_code != 200:
        raise Refused(f"{answer.status_code} {answer.text}")
    return answer.content
