"""Errors, exit codes, help, pipes, interrupts and progress bars."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from supertable.entrypoints.cli.main import split_global_options
from supertable.entrypoints.cli.terminal import exit_codes
from tests.support.command_line import COMMAND, Cli


class TestErrors:
    def test_as_json(self, cli: Cli) -> None:
        for arguments in (("--json", "describe", "absent"), ("describe", "absent", "--json")):
            done = cli(*arguments)
            assert done.out == ""
            error = json.loads(done.err)["error"]
            assert error == {"kind": "TableNotFound", "message": error["message"], "exit_code": done.code}
            assert "absent" in error["message"]
            assert done.code == exit_codes.NOT_FOUND

    @pytest.mark.parametrize("arguments", [("nonsense",), ("load",), ("tables", "--nonsense"), ("--home",)])
    def test_wrong_usage(self, cli: Cli, arguments: tuple[str, ...]) -> None:
        assert cli(*arguments).code == exit_codes.WRONG_INPUT
        done = cli("--json", *arguments)
        assert done.code == exit_codes.WRONG_INPUT
        assert json.loads(done.err)["error"]["exit_code"] == exit_codes.WRONG_INPUT

    def test_verbose_adds_the_traceback(self, cli: Cli) -> None:
        assert "Traceback" not in cli("describe", "absent").err
        assert "Traceback" in cli("--verbose", "describe", "absent").err

    def test_conflicts_and_existing_names_share_an_exit_code(self) -> None:
        from supertable.domain.errors import Conflict, TableExists

        assert exit_codes.exit_code(TableExists("t")) == exit_codes.IN_CONFLICT
        assert exit_codes.exit_code(Conflict("w", "a", "b")) == exit_codes.IN_CONFLICT

    @pytest.mark.parametrize(
        ("arguments", "options", "rest"),
        [
            (["tables", "--json"], ["--json"], ["tables"]),
            (["query", "x", "--home=/h", "-o", "acme"], ["--home=/h", "-o", "acme"], ["query", "x"]),
            (["query", "--", "--json"], [], ["query", "--", "--json"]),
            (["tables", "--home"], ["--home"], ["tables"]),
        ],
    )
    def test_global_options_may_stand_anywhere(self, arguments: list[str], options: list[str], rest: list[str]) -> None:
        assert split_global_options(arguments) == (options, rest)


class TestProcess:
    """Behaviour that only shows in a separate process."""

    def run(self, *arguments: str, home: Path, **more: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*COMMAND, "--home", str(home), *arguments], capture_output=True, timeout=60, **more)

    def test_version_and_help(self, home: Path) -> None:
        assert self.run("--version", home=home).stdout.startswith(b"supertable 0.")
        shown = self.run("--help", home=home).stdout
        for command in (
            "load",
            "query",
            "tables",
            "describe",
            "history",
            "restore",
            "delete",
            "catalog",
            "config",
            "demo",
        ):
            assert command.encode() in shown

    def test_help_imports_nothing_heavy(self) -> None:
        heavy = ("pyarrow", "numpy", "duckdb", "pydantic", "dependency_injector", "rich")
        script = (
            f"import sys, supertable.entrypoints.cli.main; print([name for name in {heavy} if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60)
        assert done.stdout.strip() == b"[]"

    def test_the_completion_script(self, home: Path) -> None:
        done = self.run("--help", home=home, env={**os.environ, "_SUPERTABLE_COMPLETE": "source_bash"})
        assert done.returncode == 0
        assert b"complete -o default -F _supertable_completion supertable" in done.stdout
        completion = {"_SUPERTABLE_COMPLETE": "complete_bash", "COMP_WORDS": "supertable hist", "COMP_CWORD": "1"}
        assert self.run(home=home, env={**os.environ, **completion}).stdout.strip() == b"history"

    def test_a_closed_pipe_reports_nothing(self, home: Path) -> None:
        with subprocess.Popen(
            [*COMMAND, "--home", str(home), "query", "SELECT * FROM range(3000000)", "--format", "csv"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == b'"range"\n'
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == exit_codes.PIPE_CLOSED

    def test_an_interrupt_ends_the_command_with_its_own_exit_code(self, home: Path) -> None:
        with subprocess.Popen(
            [*COMMAND, "--home", str(home), "query", "SELECT * FROM range(100000000000)", "--format", "ndjson"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            assert process.stderr.read() == b"Error: Interrupted.\n"
        assert process.returncode == exit_codes.INTERRUPTED

    def test_a_progress_bar_on_a_terminal_only(self, home: Path, tmp_path: Path) -> None:
        import pty

        (tmp_path / "x.csv").write_text("a\n" + "1\n" * 100_000)
        terminal, slave = pty.openpty()
        done = subprocess.run(
            [*COMMAND, "--home", str(home), "load", "x.csv", "--into", "t"],
            stdout=subprocess.PIPE, stderr=slave, cwd=tmp_path, timeout=60, check=True,
        )  # fmt: skip
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(terminal, 65_536):
                shown += piece
        except OSError:
            pass  # how Linux reports that the other end is closed
        finally:
            os.close(terminal)
        assert b"100,000 rows" in shown
        assert done.stdout.startswith(b"Loaded t: version 2, 100,000 rows inserted")
