"""The commands of the audit log."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_line import Cli


def test_listing(fruit: Cli) -> None:
    assert fruit("query", "SELECT name FROM fruit WHERE kg > 1.75").code == 0
    assert fruit("query", "SELECT * FROM read_csv('x.csv')").code == 2
    listed = fruit("audit", "list")
    assert listed.code == 0
    assert "(kg > ?)" in listed.out
    assert "1.75" not in listed.out
    (refusal,) = fruit("--json", "audit", "list", "--kind", "refusal").json()
    assert (refusal["what"], refusal["user_name"], refusal["outcome"]) == ("query", "owner", "StatementRefused")
    assert len(fruit("--json", "audit", "list", "--limit", "2").json()) == 2
    assert fruit("--json", "audit", "list", "--user", "nobody").json() == []
    wrong = fruit("audit", "list", "--kind", "nonsense")
    assert (wrong.code, "sign_in" in wrong.err) == (2, True)


def test_verifying(fruit: Cli, home: Path) -> None:
    assert fruit("audit", "export").code == 0
    intact = fruit("audit", "verify")
    assert (intact.code, "is intact" in intact.out) == (0, True)
    end = intact.out.split("End of the log: ")[1].strip()
    assert fruit("audit", "verify", "--known", end).code == 0
    assert fruit("audit", "verify", "--known", end[:-1]).code == 2
    (home / "storage/default/-/audit/anchor").unlink()
    broken = fruit("audit", "verify")
    assert (broken.code, "WAS TAMPERED WITH OR DAMAGED" in broken.out) == (1, True)
    assert fruit("--json", "audit", "verify").json()["whole"] is False


def test_a_role_without_the_permission_is_refused(fruit: Cli) -> None:
    assert fruit("roles", "create", "clerk", "reader").code == 0
    for command in (("list",), ("verify",), ("export",)):
        refused = fruit("--role", "clerk", "audit", *command)
        assert refused.code != 0, refused.out
        assert "Error" in refused.err
