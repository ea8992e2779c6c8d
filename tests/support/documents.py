"""Runs the examples of a document in order, as a reader types them, in this process where that is possible."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from supertable.entrypoints.cli.main import run

ADDRESS = "http://127.0.0.1:8051"
_BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PREPARING = frozenset({"python3", "pip", "make", "kill", "git", "sleep"})
"""Commands of the machine, not of SuperTable."""


def examples(text: str) -> Iterator[tuple[str, str]]:
    """The language and the content of each block, in order. Blocks with `…` are no commands to type as they are."""
    for found in _BLOCK.finditer(text):
        if "…" not in found[2]:
            yield found[1], found[2]


def _commands(text: str) -> Iterator[str]:
    """The commands of a block. One may have several lines: by a backslash, or within quotes."""
    command = ""
    for line in text.replace("\\\n", " ").splitlines():
        command = f"{command}\n{line}" if command else line
        try:
            shlex.split(command, comments=True)
        except ValueError:
            continue  # its quotes are not closed yet
        yield command
        command = ""
    assert not command, command


class Reader:
    """Somebody who reads a document and types its examples. `url`: of a service over the same lake."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._names: dict[str, object] = {}
        self.commands = 0

    def read(self, page: Path) -> None:
        for language, text in examples(page.read_text()):
            if language == "python":
                exec(compile(text, str(page), "exec"), self._names)
            else:
                for command in _commands(text):
                    self._type(command)

    def _type(self, line: str) -> None:
        words = [os.path.expandvars(word) for word in shlex.split(line, comments=True)]
        if not words or words[0] in _PREPARING:
            return
        self.commands += 1
        if words[0] == "export":
            self._export(line, words[1:])
        elif words[0] == "curl":
            answer = self._ask(words)
            assert answer.returncode == 0, (line, answer.stdout, answer.stderr)
        elif words[:2] == ["supertable", "serve"] or "--every" in words:
            assert run([words[1], "--help"]) == 0, line  # the command itself would keep running
        else:
            assert words[0] == "supertable", line
            assert run(words[1:]) == 0, line

    def _export(self, line: str, pairs: list[str]) -> None:
        computed = re.fullmatch(r"export (\w+)=\$\((.*)\)", line, re.DOTALL)
        if computed:
            done = _run(["bash", "-c", computed[2]])
            assert done.returncode == 0, (line, done.stdout, done.stderr)
            pairs = [f"{computed[1]}={done.stdout.strip()}"]
        for pair in pairs:
            name, _, value = pair.partition("=")
            value = value.replace(ADDRESS, self._url)
            os.environ[name] = str(Path(value).expanduser()) if value.startswith("~") else value

    def _ask(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        command = [word.replace(ADDRESS, self._url) for word in words]
        for _ in range(60):
            answer = _run([*command, "--fail-with-body"])
            if "/problems/job-not-over" not in answer.stdout:
                break
            time.sleep(0.25)
        return answer


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False)
