"""The README's examples work as they are written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from supertable.entrypoints.cli.main import run

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_python_examples(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SUPERTABLE_HOME", str(home))
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert examples
    exec("\n".join(examples), {})
    assert "fig" in capsys.readouterr().out


@pytest.mark.parametrize("line", re.findall(r"supertable (?:--json )?[a-z]+ .*", README.partition("## Settings")[0]))
def test_every_command_is_one_that_there_is(
    home: Path, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tables are not there, so a command that is understood fails for that or finds nothing."""
    monkeypatch.setenv("SUPERTABLE_HOME", str(home))
    command = shlex.split(line.partition("|")[0].partition(" #")[0])
    if "serve" in command:
        command.append("--help")  # else it would go on
    code = run(command[1:])
    error = capsys.readouterr().err
    assert code in {0, 2, 3}
    assert not re.search(r"No such (command|option)|Missing|Invalid value for (?!--yes)", error)
