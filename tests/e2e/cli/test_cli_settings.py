"""`supertable config` and `catalog rebuild`; global options."""

from __future__ import annotations

from pathlib import Path

import pytest

from supertable.entrypoints.cli.terminal import exit_codes
from tests.support.command_line import Cli, rows


class TestCatalogAndSettings:
    def test_rebuild_restores_what_the_catalog_lost(self, fruit: Cli, home: Path) -> None:
        for path in home.rglob("*.sqlite*"):
            path.unlink()
        assert "1 table" in fruit("catalog", "rebuild").out
        assert fruit("--json", "catalog", "rebuild").json()["tables"] == 1
        assert rows(fruit, "SELECT count(*) AS n FROM fruit") == [{"n": 3}]

    def test_config_shows_the_source_of_each_value(self, cli: Cli, home: Path) -> None:
        Path(".env").write_text("SUPERTABLE_ORGANIZATION=acme\n")
        sources = {setting["name"]: setting["source"] for setting in cli("--json", "config").json()}
        assert sources["SUPERTABLE_HOME"] == "environment"
        assert sources["SUPERTABLE_ORGANIZATION"] == ".env file"
        assert sources["LOG_LEVEL"] == "default"
        given = {setting["name"]: setting for setting in cli("config", "--json", "--home", str(home / "x")).json()}
        assert given["SUPERTABLE_HOME"]["source"] == "argument"
        assert "SUPERTABLE_HOME" in cli("config").out

    def test_lakes_are_separate(self, fruit: Cli, home: Path) -> None:
        assert fruit("-s", "other", "--json", "tables").json() == []
        assert fruit("-o", "acme", "--json", "tables").json() == []
        assert fruit("--json", "tables", "--home", home / "elsewhere").json() == []

    def test_an_invalid_setting(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SUPERTABLE_DUCKDB_THREADS", "many")
        done = cli("tables")
        assert done.code == exit_codes.WRONG_INPUT
        assert "SUPERTABLE_DUCKDB_THREADS" in done.err

    def test_a_name_that_is_almost_a_setting(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SUPERTABLE_HOEM", "/elsewhere")
        warning = "Warning: SUPERTABLE_HOEM is no setting and has no effect. Did you mean SUPERTABLE_HOME?\n"
        for command in (["config"], ["--json", "tables"]):
            done = cli(*command)
            assert (done.code, done.err) == (0, warning), command
