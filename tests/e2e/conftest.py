from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import FRUIT, Cli, command_line


@pytest.fixture
def cli(home: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Cli:
    """Runs one command line in this process, with a new home. The working folder is the test's own."""
    monkeypatch.setenv("SUPERTABLE_HOME", str(home))
    return command_line(monkeypatch)


@pytest.fixture
def fruit(cli: Cli) -> Cli:
    """A lake with a table `fruit`, which has three rows at version 2."""
    Path("fruit.csv").write_text(FRUIT)
    assert cli("load", "fruit.csv", "--into", "fruit", "--key", "id").code == 0
    return cli
