"""The command line: what changed between two versions."""

from __future__ import annotations

import pytest

from supertable.entrypoints.cli.terminal import failures
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
        (("nope",), failures.NOT_FOUND),
        (("fruit", "--after", "99"), failures.NOT_FOUND),
        (("fruit", "--after", "-1"), failures.WRONG_INPUT),
        (("a b",), failures.WRONG_INPUT),
    ],
)
def test_failures(fruit: Cli, arguments: tuple[str, ...], code: int) -> None:
    assert fruit("changes", *arguments).code == code
