"""`supertable query` with statements that change something, and with scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.statements.cases import CASES, CHANGE, Changed, Fails, Outcome, Step, assert_same
from tests.support.command_line import Cli


def by_command_line(cli: Cli, step: Step) -> Outcome:
    done = cli("--json", "query", step.on("main"))
    if done.code:
        error = json.loads(done.err)["error"]
        assert done.code == error["exit_code"]
        return Fails(error["kind"], error["message"])
    found = json.loads(done.out)
    if isinstance(found, dict):
        return Changed(*(found[name] for name in CHANGE))
    return [tuple(row.values()) for row in found]


@pytest.mark.parametrize("name", ["insert values", "returning", "one statement at a time"])
def test_by_the_command_line(cli: Cli, name: str) -> None:
    for step in CASES[name]:
        assert_same(by_command_line(cli, step), step)


def test_a_script_on_the_command_line(cli: Cli) -> None:
    script = "-- first\nCREATE TABLE t (a INT);\nINSERT INTO t VALUES (1), (2); SELECT sum(a) AS s FROM t;\n"
    Path("good.sql").write_text(script)
    done = cli("query", "--file", "good.sql", "--format", "csv")
    assert (done.code, done.out.splitlines()[-2:]) == (0, ['"s"', "3"])
    done = cli(
        "--json", "query", "-f", "-", stdin="INSERT INTO t VALUES (3);\n\nINSERT INTO t\nVALUES ('x');DROP TABLE t"
    )
    error = json.loads(done.err)["error"]
    assert (done.code, error["kind"]) == (2, "InvalidSchema")
    assert error["message"].startswith("Statement 2 of 3, at line 3, failed: Column 'a': row 1")
    assert error["message"].endswith("The 1 statement before it ran, and what they changed is kept; no later one ran.")
    assert cli("query", "SELECT sum(a) AS s FROM t", "--format", "csv").out == '"s"\n6\n'
    for wrong in (["query"], ["query", "SELECT 1", "-f", "good.sql"], ["query", "-f", "good.sql", "--output", "x.csv"]):
        assert cli(*wrong).code == 2
    assert cli("query", "INSERT INTO t VALUES (9)").out.startswith("INSERT t: version 4, 1 row inserted, 1 file of ")
