"""`supertable delete`."""

from __future__ import annotations

from pathlib import Path

import pytest

from supertable.entrypoints.cli.terminal import exit_codes
from tests.support.command_line import Cli, rows


class TestDelete:
    def test_by_predicate(self, fruit: Cli) -> None:
        assert "2 rows deleted" in fruit("delete", "fruit", "--where", "kg >= 1.5", "--yes").out
        assert rows(fruit, "SELECT id FROM fruit") == [{"id": 3}]

    @pytest.mark.parametrize(("name", "content"), [("k.csv", "id\n1\n9\n"), ("k.json", '[{"id":1},{"id":9}]')])
    def test_by_keys_in_a_file(self, fruit: Cli, name: str, content: str) -> None:
        Path(name).write_text(content)
        assert "1 row deleted" in fruit("delete", "fruit", "--keys", name, "-y").out

    def test_keys_from_standard_input(self, fruit: Cli) -> None:
        assert fruit("delete", "fruit", "--keys", "-", "--yes", stdin="id\n2\n").code == 0

    def test_delete_needs_a_confirmation(self, fruit: Cli) -> None:
        done = fruit("delete", "fruit", "--where", "true")
        assert done.code == exit_codes.WRONG_INPUT
        assert "--yes" in done.err

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("fruit",), exit_codes.WRONG_INPUT),
            (("fruit", "--where", "true", "--keys", "fruit.csv"), exit_codes.WRONG_INPUT),
            (("absent", "--where", "true"), exit_codes.NOT_FOUND),
            (("fruit", "--where", "nope = 1"), exit_codes.WRONG_INPUT),
            (("fruit", "--where", "1 = 1; DROP TABLE fruit"), exit_codes.WRONG_INPUT),
            (("fruit", "--where", "id IN (SELECT 1 FROM read_csv('fruit.csv'))"), exit_codes.WRONG_INPUT),
            (("fruit", "--keys", "absent.csv"), exit_codes.WRONG_INPUT),
        ],
    )
    def test_failures_change_nothing(self, fruit: Cli, arguments: tuple[str, ...], code: int) -> None:
        assert fruit("delete", *arguments, "--yes").code == code
        assert rows(fruit, "SELECT count(*) AS n FROM fruit") == [{"n": 3}]
