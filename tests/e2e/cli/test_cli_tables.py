"""The command line: names, tags, clones, deletes and columns of tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from supertable.entrypoints.cli.terminal import exit_codes
from tests.support.command_line import Cli, rows


def names(cli: Cli, *arguments: str) -> list[str]:
    return [info["name"] for info in cli("--json", "tables", *arguments).json()]


class TestListing:
    def test_an_empty_lake(self, cli: Cli) -> None:
        assert "No tables yet" in cli("tables").out
        assert cli("--json", "tables").json() == []

    def test_tables_and_describe(self, fruit: Cli) -> None:
        assert fruit("tables").out.splitlines()[2].split()[:4] == ["fruit", "2", "3", "1"]
        described = fruit("describe", "FRUIT")
        assert "version 2, 3 rows, 1 file" in described.out
        assert "keys id" in described.out
        found = fruit("describe", "fruit", "--json").json()
        assert [(column["name"], column["type"]) for column in found["columns"]] == [
            ("id", "int64"), ("name", "string"), ("kg", "float64"),
        ]  # fmt: skip
        assert found["table"]["rows"] == 3

    def test_views(self, fruit: Cli) -> None:
        assert "No views" in fruit("tables", "--views").out
        assert fruit("query", "create view heavy as select name from fruit where kg > 1").code == 0
        assert "select name from fruit" in fruit("tables", "--views").out
        assert names(fruit, "--views") == ["heavy"]
        assert names(fruit) == ["fruit"]
        assert fruit("drop", "heavy", "--yes").code != 0
        assert fruit("query", "drop view heavy").code == 0
        assert names(fruit, "--views") == []

    def test_history_and_restore(self, fruit: Cli) -> None:
        assert fruit("delete", "fruit", "--where", "id < 3", "--yes", "--reason", "spoilt").code == 0
        history = fruit("--json", "history", "fruit").json()
        assert [(entry["version"], entry["operation"], entry["rows_deleted"]) for entry in history] == [
            (3, "delete", 2), (2, "append", 0), (1, "create", 0),
        ]  # fmt: skip
        assert "spoilt" in fruit("history", "fruit").out
        assert len(fruit("--json", "history", "fruit", "--limit", "1").json()) == 1
        assert fruit("restore", "fruit", "2").out.startswith("Restored fruit to version 2: version 4")
        assert rows(fruit, "SELECT count(*) AS n FROM fruit") == [{"n": 3}]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("describe", "absent"), exit_codes.NOT_FOUND),
            (("history", "absent"), exit_codes.NOT_FOUND),
            (("restore", "absent", "1"), exit_codes.NOT_FOUND),
            (("restore", "fruit", "99"), exit_codes.NOT_FOUND),
            (("restore", "fruit", "one"), exit_codes.NOT_FOUND),
            (("history", "fruit", "--limit", "0"), exit_codes.WRONG_INPUT),
        ],
    )
    def test_failures(self, fruit: Cli, arguments: tuple[str, ...], code: int) -> None:
        assert fruit(*arguments).code == code


class TestNames:
    def test_rename(self, fruit: Cli) -> None:
        assert fruit("rename", "fruit", "food").out == "Renamed fruit to food.\n"
        assert fruit("rename", "food", "Food", "--json").json() == {"table": "Food", "renamed_from": "food"}
        assert names(fruit) == ["Food"]

    def test_drop_and_undrop(self, fruit: Cli) -> None:
        assert fruit("drop", "FRUIT", "--yes").out == "Dropped fruit. Restore it with `supertable undrop fruit`.\n"
        assert (names(fruit), names(fruit, "--dropped")) == ([], ["fruit"])
        assert "fruit" in fruit("tables", "--dropped").out
        assert fruit("load", "fruit.csv", "--into", "fruit").code == 0
        assert fruit("undrop", "fruit").code == exit_codes.IN_CONFLICT
        assert fruit("undrop", "fruit", "--as", "old").out == "Restored table old: version 2, 3 rows.\n"
        assert fruit("--json", "drop", "old", "-y").json() == {"dropped": "old"}
        assert fruit("--json", "undrop", "old").json()["rows"] == 3
        assert fruit("tables", "--dropped").out == "No dropped tables.\n"
        assert fruit("undrop", "nope").code == exit_codes.NOT_FOUND

    def test_drop_needs_a_confirmation(self, fruit: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        done = fruit("drop", "fruit")
        assert done.code == exit_codes.WRONG_INPUT
        assert "--yes" in done.err
        monkeypatch.setattr("tests.support.command_line._Input.isatty", lambda self: True)
        assert fruit("drop", "fruit", stdin="n\n").code == exit_codes.INTERRUPTED
        assert names(fruit) == ["fruit"]
        assert fruit("drop", "fruit", stdin="y\n").code == 0
        assert names(fruit) == []

    def test_the_error_for_a_dropped_table_mentions_undrop(self, fruit: Cli) -> None:
        fruit("drop", "fruit", "--yes")
        done = fruit("query", "FROM fruit")
        assert done.code == exit_codes.NOT_FOUND
        assert "It was dropped; `undrop` brings it back." in done.err

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("rename", "nope", "x"), exit_codes.NOT_FOUND),
            (("rename", "fruit", "main"), exit_codes.IN_CONFLICT),
            (("rename", "fruit", "a b"), exit_codes.WRONG_INPUT),
            (("rename", "fruit"), exit_codes.WRONG_INPUT),
            (("drop", "nope", "--yes"), exit_codes.NOT_FOUND),
            (("clone", "nope", "x"), exit_codes.NOT_FOUND),
            (("clone", "fruit", "FRUIT"), exit_codes.IN_CONFLICT),
            (("clone", "fruit", "x", "--version", "9"), exit_codes.NOT_FOUND),
            (("clone", "fruit", "x", "--version", "v9"), exit_codes.NOT_FOUND),
            (("tag", "fruit", "12"), exit_codes.WRONG_INPUT),
            (("tag", "fruit", "x", "--version", "7"), exit_codes.NOT_FOUND),
            (("untag", "fruit", "x"), exit_codes.NOT_FOUND),
            (("restore", "fruit", "x"), exit_codes.NOT_FOUND),
            (("tombstones", "nope"), exit_codes.NOT_FOUND),
        ],
    )
    def test_exit_codes(self, fruit: Cli, arguments: tuple[str, ...], code: int) -> None:
        done = fruit("--json", *arguments)
        assert (done.code, done.out, json.loads(done.err)["error"]["exit_code"]) == (code, "", code)
        assert names(fruit) == ["fruit"]


class TestTagsAndClones:
    def test_tags(self, fruit: Cli) -> None:
        assert fruit("tags", "fruit").out.startswith("fruit has no tags.")
        assert fruit("tag", "fruit", "v1.0").out == "Tagged version 2 of fruit as v1.0.\n"
        tagged = fruit("--json", "tag", "fruit", "first", "--version", "1").json()
        assert tagged == {"table": "fruit", "tag": "first", "version": 1}
        assert fruit("--json", "tags", "fruit").json() == [
            {"tag": "first", "version": 1},
            {"tag": "v1.0", "version": 2},
        ]
        assert fruit("tags", "fruit").out.split()[-4:] == ["first", "1", "v1.0", "2"]
        assert fruit("tag", "fruit", "first").code == exit_codes.IN_CONFLICT
        assert fruit("tag", "fruit", "first", "--version", "v1.0", "--replace").code == 0
        assert rows(fruit, "SELECT count(*) AS n FROM fruit AT (VERSION => 'first')") == [{"n": 3}]
        assert fruit("untag", "fruit", "first").out == "Removed the tag first from fruit.\n"
        assert fruit("untag", "fruit", "v1.0", "--json").json() == {"table": "fruit", "untagged": "v1.0"}
        assert fruit("--json", "tags", "fruit").json() == []

    def test_restore_to_a_tag(self, fruit: Cli) -> None:
        fruit("tag", "fruit", "whole")
        fruit("delete", "fruit", "--where", "true", "--yes")
        assert fruit("restore", "fruit", "whole").out.startswith("Restored fruit to version whole: version 4, 3 rows")

    def test_clone(self, fruit: Cli) -> None:
        assert fruit("clone", "fruit", "copy").out == "Cloned fruit to copy: version 1, 3 rows, 1 file shared.\n"
        fruit("delete", "copy", "--where", "id = 1", "--yes")
        assert fruit("--json", "clone", "copy", "two", "--version", "1").json()["rows"] == 3
        assert rows(fruit, "SELECT count(*) AS n FROM copy") == [{"n": 2}]
        assert "clone of copy at version 1" in fruit("history", "two").out
        assert fruit("--json", "history", "copy").json()[-1]["description"] == "clone of fruit at version 2"


def test_tombstones(fruit: Cli) -> None:
    assert fruit("--json", "tombstones", "fruit").json() == []
    Path("keys.csv").write_text("id\n2\n9\n")
    fruit("delete", "fruit", "--where", "id = 1", "--yes", "--reason", "on request")
    fruit("delete", "fruit", "--keys", "keys.csv", "--yes")
    found = fruit("--json", "tombstones", "fruit").json()
    assert [(entry["version"], entry["keys"], entry["reason"], entry["rows"]) for entry in found] == [
        (4, 2, "", 1),
        (3, None, "on request", 1),
    ]
    shown = fruit("tombstones", "fruit", "--limit", "1").out
    assert "2 keys" in shown
    assert "on request" not in shown


class TestAlter:
    @staticmethod
    def columns(cli: Cli, table: str = "fruit") -> dict[str, Any]:
        return {column["name"]: column for column in cli("--json", "describe", table).json()["columns"]}

    def test_every_change(self, fruit: Cli) -> None:
        done = fruit("alter", "fruit", "add", "price", "DECIMAL(8, 2)", "--comment", "in EUR")
        assert done.out == "Altered fruit (add price decimal(8,2)): version 3, no rows changed.\n"
        assert fruit("alter", "fruit", "widen", "price", "decimal(10,2)", "--json").json()["version"] == 4
        for arguments in (
            ("rename", "kg", "weight"),
            ("move", "price"),
            ("move", "name", "--after", "price"),
            ("forbid-nulls", "id"),
            ("comment", "name", "display name"),
            ("drop", "weight"),
        ):
            assert fruit("alter", "fruit", *arguments).code == 0, arguments
        columns = self.columns(fruit)
        assert {name: (column["type"], column["nullable"], column["comment"]) for name, column in columns.items()} == {
            "price": ("decimal(10,2)", True, "in EUR"),
            "name": ("string", True, "display name"),
            "id": ("int64", False, ""),
        }
        assert list(columns) == ["price", "name", "id"]
        assert fruit("alter", "fruit", "allow-nulls", "id").code == 0
        assert self.columns(fruit)["id"]["nullable"]
        assert rows(fruit, "SELECT name, price FROM fruit WHERE id = 1") == [{"name": "fig", "price": None}]

    def test_members_of_structs(self, fruit: Cli) -> None:
        for arguments in (
            ("add", "place", "STRUCT(zip INTEGER, city VARCHAR)"),
            ("add", "place.since", "DATE"),
            ("widen", "place.zip", "BIGINT"),
            ("rename", "PLACE.city", "town"),
            ("move", "place.since", "--after", "zip"),
            ("drop", "place.town"),
        ):
            assert fruit("alter", "fruit", *arguments).code == 0, arguments
        assert self.columns(fruit)["place"]["type"] == "struct<zip: int64, since: date>"

    def test_a_column_whose_name_has_a_dot(self, cli: Cli) -> None:
        Path("dots.csv").write_text("a.b,c\n1,2\n")
        assert cli("load", "dots.csv", "--into", "dots").code == 0
        assert cli("alter", "dots", "rename", "A.b", "d").code == 0
        assert list(self.columns(cli, "dots")) == ["d", "c"]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("fruit", "add", "x", "NONSENSE"), exit_codes.WRONG_INPUT),
            (("fruit", "add", "x", "INT) AS a, (1"), exit_codes.WRONG_INPUT),
            (("fruit", "add", "x", ""), exit_codes.WRONG_INPUT),
            (("fruit", "add", "NAME", "INT"), exit_codes.WRONG_INPUT),
            (("fruit", "add", "nope.x", "INT"), exit_codes.WRONG_INPUT),
            (("fruit", "drop", "id"), exit_codes.WRONG_INPUT),
            (("fruit", "drop", "nope"), exit_codes.WRONG_INPUT),
            (("fruit", "widen", "name", "INT"), exit_codes.WRONG_INPUT),
            (("fruit", "forbid-nulls", "name"), exit_codes.WRONG_INPUT),
            (("fruit", "nonsense"), exit_codes.WRONG_INPUT),
            (("nope", "drop", "x"), exit_codes.NOT_FOUND),
        ],
    )
    def test_refusals_change_nothing(self, fruit: Cli, arguments: tuple[str, ...], code: int) -> None:
        assert fruit("alter", *arguments).code == code
        assert fruit("--json", "tables").json()[0]["version"] == 2


def test_help_names_every_command(cli: Cli) -> None:
    shown = cli("--help").out
    for command in ("rename", "drop", "undrop", "clone", "tag", "untag", "tags", "tombstones", "alter"):
        assert f" {command} " in shown
