"""The command line: changes between two versions."""

from __future__ import annotations

import pytest

from supertable.entrypoints.cli.terminal import exit_codes
from tests.support.command_line import Cli


def test_changes_in_every_format(fruit: Cli) -> None:
    fruit("delete", "fruit", "--where", "true", "--yes")
    inserted = fruit("changes", "fruit", "--up-to", "2", "--json").json()
    assert {row["_change"] for row in inserted} == {"insert"}
    deleted = fruit("changes", "fruit", "--after", "2", "--json").json()
    assert [row["_change"] for row in deleted] == ["delete"] * len(inserted)
    assert fruit("changes", "fruit", "--after", "2", "--format", "csv").out.startswith('"_change","_version"')
    assert "delete" in fruit("changes", "fruit").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nope",), exit_codes.NOT_FOUND),
        (("fruit", "--after", "99"), exit_codes.NOT_FOUND),
        (("fruit", "--after", "-1"), exit_codes.WRONG_INPUT),
        (("a b",), exit_codes.WRONG_INPUT),
    ],
)
def test_failures(fruit: Cli, arguments: tuple[str, ...], code: int) -> None:
    assert fruit("changes", *arguments).code == code
