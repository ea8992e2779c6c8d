"""Running command lines within the test process, and the command to run them in a process of their own."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from supertable.entrypoints.cli.main import run

COMMAND = [sys.executable, "-m", "supertable.entrypoints.cli.main"]
FRUIT = "id,name,kg\n1,fig,1.5\n2,plum,2.0\n3,,\n"


@dataclass(frozen=True)
class Done:
    """A command line that has ended: its exit code, and what it wrote to standard output and standard error."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Done]


class _Input(io.TextIOWrapper):
    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")


def command_line(monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A function that runs one command line, given its arguments and, as `stdin`, its standard input."""

    def call(*arguments: str | Path, stdin: bytes | str = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", _Input(stdin.encode() if isinstance(stdin, str) else stdin))
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", out)
            patched.setattr(sys, "stderr", err)
            try:
                code = run([str(argument) for argument in arguments])
            except SystemExit as exit_:
                code = int(exit_.code or 0)
        return Done(code, _content(out), _content(err))

    return call


def rows(cli: Cli, sql: str) -> Any:
    """The rows of a query, as `--format json` writes them."""
    done = cli("query", sql, "--format", "json")
    assert done.code == 0, done.err
    return done.json()


def _content(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8", errors="surrogateescape")
