"""Every use case under every type of role, from Python and the command line; tests/e2e/api covers the API.

An operation is allowed, refused, or behaves as if its table did not exist. Both surfaces agree.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest

import supertable
from supertable import AccessDenied, Lake, TableNotFound
from supertable.domain.access.roles import Permission
from supertable.entrypoints.cli.terminal.exit_codes import NOT_ALLOWED
from supertable.entrypoints.sdk.access import RoleTypeName
from tests.support.command_line import Cli

PERMISSIONS = {
    "superadmin": set(Permission),
    "admin": set(Permission) - {Permission.RBAC},
    "writer": {Permission.WRITE, Permission.READ, Permission.META},
    "reader": {Permission.READ, Permission.META},
    "meta": {Permission.META},
}
OUTSIDER = "outsider"
"""A reader without any grant."""


@dataclass(frozen=True)
class Operation:
    """One use case: `act` calls it from Python and `line` from the command line, where `{t}` is the table and `{n}` an
    unused name. `need`: the permission it requires; `of_a_table`: whether it names a table.
    """

    line: str
    need: Permission
    act: Callable[[Lake, str, str], Any]
    of_a_table: bool = True
    stdin: str = ""

    def __str__(self) -> str:
        return self.line.format(t="t", n="n").replace("\xa0", " ")

    def call(self, cli: Cli, home: Path, role: str, table: str, name: str) -> int:
        arguments = [part.format(t=table, n=name) for part in self.line.split(" ")]
        return cli("--home", home, "--role", role, *arguments, stdin=self.stdin).code


ROW = pa.table({"id": [7], "word": ["x"]})
KEY = pa.table({"id": [1]})
C, W, R, M, B = Permission.CONTROL, Permission.WRITE, Permission.READ, Permission.META, Permission.RBAC
OPERATIONS = [
    Operation("load - --into {t} --format csv", W, lambda lake, t, n: lake.write(t, ROW), stdin="id,word\n7,x\n"),
    Operation(
        "load - --into {t} --format csv --mode upsert",
        W,
        lambda lake, t, n: lake.write(t, ROW, "upsert"),
        stdin="id,word\n7,x\n",
    ),
    Operation("delete {t} --where id=1 --yes", W, lambda lake, t, n: lake.delete(t, where="id = 1")),
    Operation("query FROM\xa0{t}", R, lambda lake, t, n: lake.sql(f"FROM {t}").arrow()),
    Operation("query SUMMARIZE\xa0{t}", R, lambda lake, t, n: lake.sql(f"SUMMARIZE {t}").arrow()),
    Operation("query DESCRIBE\xa0{t}", R, lambda lake, t, n: lake.sql(f"DESCRIBE {t}").arrow()),
    Operation("query EXPLAIN\xa0FROM\xa0{t}", R, lambda lake, t, n: lake.sql(f"EXPLAIN FROM {t}").arrow()),
    Operation("query FROM\xa0{t}\xa0AT\xa0(VERSION=>1)", R, lambda lake, t, n: lake.sql(f"FROM {t} AT (VERSION => 1)")),
    Operation("changes {t} --after 0", R, lambda lake, t, n: lake.changes(t, 0).arrow()),
    Operation("tombstones {t}", R, lambda lake, t, n: lake.table(t).tombstones()),
    Operation("describe {t}", M, lambda lake, t, n: (lake.table(t).info(), lake.table(t).columns())),
    Operation("history {t}", M, lambda lake, t, n: lake.table(t).history()),
    Operation("tags {t}", M, lambda lake, t, n: lake.table(t).tags()),
    Operation("policy {t}", M, lambda lake, t, n: lake.table(t).maintenance()),
    Operation("policy {t} --small-files 4", C, lambda lake, t, n: lake.table(t).set_maintenance(small_files=4)),
    Operation("rename {t} {n}", C, lambda lake, t, n: lake.rename(t, n)),
    Operation("drop {t} --yes", C, lambda lake, t, n: lake.drop(t)),
    Operation("clone {t} {n}", C, lambda lake, t, n: lake.clone(t, n)),
    Operation("restore {t} 1", C, lambda lake, t, n: lake.table(t).restore(1)),
    Operation("tag {t} second", C, lambda lake, t, n: lake.table(t).tag("second")),
    Operation("untag {t} first", C, lambda lake, t, n: lake.table(t).untag("first")),
    Operation("compact {t}", C, lambda lake, t, n: lake.table(t).compact()),
    Operation("vacuum {t}", C, lambda lake, t, n: lake.table(t).vacuum()),
    Operation("alter {t} add note string", C, lambda lake, t, n: lake.table(t).add_column("note", pa.string())),
    Operation("alter {t} rename word words", C, lambda lake, t, n: lake.table(t).rename_column("word", "words")),
    Operation("alter {t} drop word", C, lambda lake, t, n: lake.table(t).drop_column("word")),
    Operation("undrop dropped_{t}", C, lambda lake, t, n: lake.undrop(f"dropped_{t}"), of_a_table=False),
    Operation("tables --dropped", C, lambda lake, t, n: lake.dropped_tables(), of_a_table=False),
    Operation("tables", M, lambda lake, t, n: lake.tables(), of_a_table=False),
    Operation("vacuum", C, lambda lake, t, n: lake.vacuum(), of_a_table=False),
    Operation("maintain", C, lambda lake, t, n: lake.maintain(), of_a_table=False),
    Operation("fsck", C, lambda lake, t, n: lake.fsck(), of_a_table=False),
    Operation("catalog rebuild", B, lambda lake, t, n: lake.rebuild_catalog(), of_a_table=False),
    Operation("roles list", B, lambda lake, t, n: lake.roles.list(), of_a_table=False),
    Operation("roles create {n} reader", B, lambda lake, t, n: lake.roles.create(n, "reader"), of_a_table=False),
    Operation("roles grant spare x_*", B, lambda lake, t, n: lake.roles.grant("spare", "x_*"), of_a_table=False),
    Operation("roles revoke spare y_*", B, lambda lake, t, n: lake.roles.revoke("spare", "y_*"), of_a_table=False),
    Operation("roles drop spare --yes", B, lambda lake, t, n: lake.roles.drop("spare"), of_a_table=False),
    Operation("users list", B, lambda lake, t, n: lake.users.list(), of_a_table=False),
    Operation("users create {n}", B, lambda lake, t, n: lake.users.create(n), of_a_table=False),
    Operation("users drop idle --yes", B, lambda lake, t, n: lake.users.drop("idle"), of_a_table=False),
    Operation("tokens create {n} --user idle", B, lambda lake, t, n: lake.tokens.create(n, "idle"), of_a_table=False),
    Operation("tokens list", M, lambda lake, t, n: lake.tokens.list(), of_a_table=False),
    Operation("whoami", M, lambda lake, t, n: lake.whoami(), of_a_table=False),
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of three versions with a tag, a dropped one, and an unused role and user."""
    home, name = tmp_path_factory.mktemp("matrix") / "home", "t1"
    with supertable.connect(home=home) as lake:
        for table in (name, f"dropped_{name}"):
            lake.create_table(table, ROW.schema, keys=["id"])
            lake.write(table, pa.table({"id": [1, 2, 3], "word": ["a", "b", "c"]}))
            lake.delete(table, where="id = 3")
        lake.table(name).tag("first", 2)
        lake.drop(f"dropped_{name}")
        for kind in (*PERMISSIONS, OUTSIDER):
            if kind != "superadmin":
                granted = "t*" if kind in ("writer", "reader", "meta") else ()
                type_ = cast(RoleTypeName, "reader" if kind == OUTSIDER else kind)
                lake.roles.create(f"{kind}_role", type_, granted)
        lake.roles.create("spare", "reader", "y_*")
        lake.users.create("idle")
    return home


def _role(kind: str) -> str:
    return kind if kind == "superadmin" else f"{kind}_role"


def _attempt(operation: Operation, home: Path, role: str, table: str) -> Exception | None:
    with supertable.connect(home=home, role=role) as lake:
        try:
            operation.act(lake, table, "free_name")
        except (AccessDenied, TableNotFound) as error:
            return error
    return None


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_use_case_needs_its_permission(operation: Operation, prepared: Path, tmp_path: Path, cli: Cli) -> None:
    refused = tmp_path / "refused"  # stays as it is
    shutil.copytree(prepared, refused)
    for kind, permissions in PERMISSIONS.items():
        for surface in ("python", "cli"):
            allowed = operation.need in permissions
            home = tmp_path / f"{kind}-{surface}" if allowed else refused
            if allowed:
                shutil.copytree(prepared, home)
            if surface == "python":
                refusal = _attempt(operation, home, _role(kind), "t1")
                assert (refusal is None) == allowed, (kind, refusal)
                assert allowed or isinstance(refusal, AccessDenied), (kind, refusal)
            else:
                code = operation.call(cli, home, _role(kind), "t1", "free_name")
                assert code == (0 if allowed else NOT_ALLOWED), kind


@pytest.mark.parametrize("operation", [operation for operation in OPERATIONS if operation.of_a_table], ids=str)
def test_a_hidden_table_looks_like_a_missing_one(
    operation: Operation, prepared: Path, tmp_path: Path, cli: Cli
) -> None:
    home = tmp_path / "lake"
    shutil.copytree(prepared, home)
    errors = [_attempt(operation, home, _role(OUTSIDER), table) for table in ("t1", "dropped_t1", "missing")]
    assert all(isinstance(error, AccessDenied | TableNotFound) for error in errors)
    names = ("dropped_t1", "missing", "t1")
    texts = {_without(str(error), names) for error in errors}
    assert len(texts) == 1, texts
    codes = {operation.call(cli, home, _role(OUTSIDER), table, "free_name") for table in ("t1", "missing")}
    assert len(codes) == 1
    assert 0 not in codes


def _without(text: str, names: tuple[str, ...]) -> str:
    for name in names:
        text = text.replace(f"'{name}'", "…").replace(name, "…")
    return text
