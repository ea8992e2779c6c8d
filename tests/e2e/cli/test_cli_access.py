"""`supertable roles`, `users` and `tokens`."""

from __future__ import annotations

from pathlib import Path

import pytest

from supertable.domain.errors import AccessDenied, NotSignedIn
from supertable.entrypoints.cli.terminal.exit_codes import exit_code
from tests.support.command_line import Cli

PEOPLE = "id,email,region\n1,ann@x.de,EU\n2,bob@y.de,US\n"


@pytest.fixture
def people(cli: Cli) -> Cli:
    Path("people.csv").write_text(PEOPLE)
    assert cli("load", "people.csv", "--into", "people").code == 0
    return cli


def test_a_token_of_a_granted_role_sees_part_of_a_table(people: Cli) -> None:
    assert people("roles", "create", "analyst", "reader", "--comment", "people who read").code == 0
    granted = people(
        *("roles", "grant", "analyst", "people", "--column", "id", "--column", "email"),
        *("--mask", "email=last:4", "--where", "region = user_attribute('region')"),
    )
    assert granted.code == 0, granted.err
    for word in ("people who read", "main.people", "id, email", "email=last:4", "user_attribute('region')"):
        assert word in granted.out
    made = people("users", "create", "ann@example.com", "--roles", "analyst", "--attribute", "region=EU", "--json")
    assert made.json()["default_role"] == "analyst"
    token = people("tokens", "create", "laptop", "--user", "ann@example.com", "--expires", "12h", "--json").json()
    done = people("query", "SELECT * FROM people", "--format", "csv", "--token", token["token"])
    assert done.out == '"id","email"\n1,"****x.de"\n'
    refused = people("roles", "list", "--token", token["token"])
    assert refused.code == exit_code(AccessDenied())
    assert "rbac" in refused.err
    assert people("tokens", "revoke", token["info"]["id"]).code == 0
    assert people("query", "SELECT 1", "--token", token["token"]).code == exit_code(NotSignedIn())


def test_listing_showing_altering_and_dropping(people: Cli) -> None:
    assert "No users yet" in people("users", "list").out
    assert "No tokens yet" in people("tokens", "list").out
    people("roles", "create", "analyst", "reader", "--table", "sales_*", "--table", "people")
    people("roles", "create", "writers", "writer", "--table", "*")
    people("users", "create", "ann", "--roles", "analyst, writers")
    people("tokens", "create", "ci", "--user", "ann", "--only-role", "writers", "--expires", "never")
    listed = people("roles", "list").out
    assert all(word in listed for word in ("superadmin", "analyst", "sales_*, people", "writers"))
    assert (
        people("roles", "alter", "analyst", "--type", "meta", "--comment", "names only", "--json").json()["type"]
        == "meta"
    )
    assert people("roles", "revoke", "analyst", "sales_*", "--json").json()["tables"] == ["people"]
    altered = people("users", "alter", "ann", "--name", "Ann", "--disable", "--json").json()
    assert (altered["name"], altered["enabled"], altered["roles"]) == ("Ann", False, ["analyst", "writers"])
    assert "Ann" in people("users", "show", altered["hash"]).out
    (token,) = people("tokens", "list", "--user", "Ann", "--json").json()
    assert (token["name"], token["role"], token["expires_at"]) == ("ci", "writers", None)
    assert "never" in people("tokens", "list").out
    refused = people("roles", "drop", "writers", "--yes")
    assert (refused.code, "still in use" in refused.err) == (2, True)
    assert people("roles", "drop", "writers", "--yes", "--force", "--json").json() == {"dropped": "writers"}
    assert people("users", "alter", "ann", "--roles", "", "--json").json()["default_role"] is None
    assert people("users", "drop", "ann", "--yes").code == 0
    assert people("users", "list", "--json").json() == []


def test_a_secret_is_shown_once_and_its_digest_never(people: Cli) -> None:
    made = people("tokens", "create", "ci").out
    secret = made.split()[-1]
    assert secret.startswith("st_")
    listed = people("tokens", "list").out + people("tokens", "list", "--json").out
    assert secret not in listed
    assert "digest" not in listed
    assert people("tables", "--token", secret).code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("roles", "create", "x", "root"), 2),
        (("roles", "create", "superadmin", "reader"), 2),
        (("roles", "create", "known", "reader"), 4),
        (("roles", "show", "nosuch"), 3),
        (("roles", "drop", "nosuch", "--yes"), 3),
        (("roles", "drop", "known"), 2),
        (("roles", "grant", "known", "nosuch", "--column", "id"), 3),
        (("roles", "grant", "known", "people", "--mask", "email"), 2),
        (("roles", "grant", "known", "people", "--mask", "email=hash", "--mask", "email=null"), 2),
        (("roles", "grant", "known", "people", "--mask", "email=blur"), 2),
        (("roles", "grant", "known", "people", "--where", "rowid = 1"), 2),
        (("roles", "revoke", "known", "people"), 3),
        (("users", "create", "bad name"), 2),
        (("users", "create", "ann", "--roles", "nosuch"), 3),
        (("users", "create", "ann", "--attribute", "region"), 2),
        (("users", "show", "nosuch"), 3),
        (("tokens", "create", "t", "--user", "nosuch"), 3),
        (("tokens", "create", "t", "--expires", "soon"), 2),
        (("tokens", "create", "t", "--expires", "0s"), 2),
        (("tokens", "revoke", "nosuch"), 3),
    ],
)
def test_exit_codes(people: Cli, arguments: tuple[str, ...], code: int) -> None:
    people("roles", "create", "known", "reader")
    done = people(*arguments)
    assert done.code == code, done.err
    assert done.err
    assert not done.out
