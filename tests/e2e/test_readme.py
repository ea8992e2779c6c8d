"""The README's examples work as written."""

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
def test_every_command_line_is_understood(
    home: Path, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tables do not exist, so a command that is understood finds nothing or fails with an exit code for that."""
    monkeypatch.setenv("SUPERTABLE_HOME", str(home))
    command = shlex.split(line.partition("|")[0].partition(" #")[0])
    if "serve" in command:
        command.append("--help")  # without it, the service would keep running
    code = run(command[1:])
    error = capsys.readouterr().err
    assert code in {0, 2, 3}
    assert not re.search(r"No such (command|option)|Missing|Invalid value for (?!--yes)", error)
