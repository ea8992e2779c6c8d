"""Signing in from Python and the command line, with an embedded catalog and with the catalog in Redis."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable import AccessDenied, Lake, NotSignedIn
from supertable.domain.access.sessions import superuser_hash
from supertable.entrypoints.cli.terminal.exit_codes import NOT_ALLOWED
from tests.servers.valkey import TOKENS, Valkey
from tests.support.command_line import Cli

SUPER_TOKEN = "the super token of these tests"
ORDERS = pa.table({"id": [1, 2], "region": ["EU", "US"], "price": [10, 20]})


@pytest.fixture
def token(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A token of ann, whose default role reads only the orders of region EU; she also has a writer role.

    SUPERTABLE_HOME is set to the lake's home.
    """
    monkeypatch.setenv("SUPERTABLE_HOME", str(home))
    with supertable.connect() as lake:
        lake.create_table_from("orders", ORDERS, keys=["id"])
        lake.roles.create("reader", "reader")
        lake.roles.grant("reader", "orders", columns=["id", "region"], where="region = user_attribute('region')")
        lake.roles.create("writer", "writer", tables="*")
        lake.users.create("ann", ["reader", "writer"], attributes={"region": "EU"})
        return lake.tokens.create("tests", "ann").secret


def ids(lake: Lake) -> list[int]:
    return [int(row["id"]) for row in lake.sql("SELECT id FROM orders ORDER BY id").arrow().to_pylist()]


def test_without_a_token_the_caller_is_the_owner(token: str) -> None:
    with supertable.connect() as lake:
        me = lake.whoami()
        assert (me.user, me.user_hash, me.superuser) == ("owner", superuser_hash("default"), True)
        assert (me.role, me.role_type) == ("superadmin", "superadmin")
        assert me.permissions == ["rbac", "control", "write", "read", "meta"]
        assert ids(lake) == [1, 2]
    with supertable.connect(role="READER") as lake:
        assert (lake.whoami().role, lake.whoami().permissions) == ("reader", ["read", "meta"])
        assert ids(lake) == []


def test_with_a_token_the_caller_is_its_user(token: str) -> None:
    with supertable.connect(token=token) as lake:
        me = lake.whoami()
        assert (me.user, me.role, me.superuser, me.attributes) == ("ann", "reader", False, {"region": "EU"})
        assert ids(lake) == [1]
        with pytest.raises(AccessDenied):
            lake.write("orders", ORDERS)
    with supertable.connect(token=token, role="writer") as lake:
        assert ids(lake) == [1, 2]
        lake.write("orders", ORDERS.slice(0, 1))


def test_a_token_from_the_settings(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_TOKEN", token)
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", SUPER_TOKEN)
    with supertable.connect() as lake:
        assert lake.whoami().user == "ann"
        assert token not in repr(lake.settings)
    with supertable.connect(token=SUPER_TOKEN) as lake:
        assert lake.whoami().superuser, "an argument overrides the setting"


@pytest.mark.parametrize("wrong", ["", "st_" + "a" * 43, "owner", SUPER_TOKEN])
def test_an_invalid_token_never_signs_in_as_owner(token: str, wrong: str) -> None:
    with pytest.raises(NotSignedIn):
        supertable.connect(token=wrong)


def test_a_role_that_the_caller_does_not_hold_is_refused(token: str) -> None:
    for role in ("superadmin", "nothing"):
        with pytest.raises(AccessDenied):
            supertable.connect(token=token, role=role)
    with supertable.connect(role="nothing") as lake, pytest.raises(AccessDenied):
        lake.whoami()


def test_an_open_lake_is_refused_once_its_token_is_revoked(token: str) -> None:
    with supertable.connect(token=token) as lake, supertable.connect() as owner:
        result = lake.sql("SELECT id FROM orders")
        owner.tokens.revoke(owner.tokens.list()[0].id)
        assert len(result.arrow()) == 1, "a query that is already bound still runs"
        with pytest.raises(NotSignedIn):
            ids(lake)
        with pytest.raises(NotSignedIn):
            lake.write("orders", ORDERS)


def test_the_configured_superuser_hash(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_SUPERHASH", "ab" * 16)
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", SUPER_TOKEN)
    with supertable.connect() as lake, supertable.connect(token=SUPER_TOKEN) as signed_in:
        assert lake.whoami().user_hash == signed_in.whoami().user_hash == "ab" * 16
        secret = lake.tokens.create("own").secret
    with supertable.connect(token=secret) as lake:
        assert lake.whoami().superuser


def test_a_catalog_in_redis_requires_a_token(
    home: Path, valkey: Valkey, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    for name, value in valkey.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SUPERTABLE_HOME", str(home))
    with supertable.connect() as lake:
        assert lake.whoami().superuser
    monkeypatch.delenv("SUPERTABLE_TOKEN")
    for role in (None, "superadmin"):
        with pytest.raises(NotSignedIn, match="SUPERTABLE_TOKEN"):
            supertable.connect(role=role)
    done = cli("tables")
    assert (done.code, done.out) == (NOT_ALLOWED, "")
    assert "--token" in done.err
    assert cli("config").code == 0, "config works without signing in, to help find the problem"
    for command in ("tables", "maintain", "fsck"):
        assert cli(command).code == NOT_ALLOWED, command
        assert cli(command, "--token", TOKENS["SUPERTABLE_TOKEN"]).code == 0, command
    with pytest.raises(NotSignedIn):
        supertable.connect(token="wrong")


def test_whoami(token: str, cli: Cli) -> None:
    done = cli("whoami", "--token", token)
    assert done.code == 0
    for shown in ("ann", "reader (reader)", "read, meta", "region=EU", "default"):
        assert shown in done.out
    as_json = cli("--json", "--token", token, "whoami", "--role", "writer").json()
    assert (as_json["user"], as_json["role"], as_json["permissions"]) == ("ann", "writer", ["write", "read", "meta"])
    assert cli("--json", "whoami").json()["user"] == "owner"


def test_every_command_obeys_role_and_token(token: str, cli: Cli) -> None:
    sql = "SELECT id FROM orders ORDER BY id"
    assert cli("query", sql, "--format", "csv").out.split() == ['"id"', "1", "2"]
    assert cli("query", sql, "--format", "csv", "--token", token).out.split() == ['"id"', "1"]
    assert cli("query", sql, "--format", "csv", f"--token={token}", "--role=writer").out.split() == ['"id"', "1", "2"]
    assert cli("query", sql, "--format", "csv", "--role", "reader").out.split() == ['"id"']
    for command in (["drop", "orders", "--yes"], ["maintain"], ["users", "list"], ["compact", "orders"]):
        done = cli(*command, "--token", token)
        assert (done.code, done.out) == (NOT_ALLOWED, ""), command


def test_the_command_line_never_shows_a_token(token: str, home: Path) -> None:
    """Neither in output nor in tracebacks of --verbose."""
    environment = {**os.environ, "SUPERTABLE_TOKEN": token, "SUPERTABLE_SUPERTOKEN": SUPER_TOKEN}
    command = [sys.executable, "-m", "supertable.entrypoints.cli.main", "--verbose"]
    other = "st_" + "b" * 43
    for arguments in (["config"], ["--json", "config"], ["whoami"], ["tables", "--token", other], ["drop", "orders"]):
        done = subprocess.run(
            [*command, *arguments], env=environment, cwd=home, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        output = done.stdout + done.stderr
        assert output
        assert not any(secret in output for secret in (token, SUPER_TOKEN, other)), arguments
