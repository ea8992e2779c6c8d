"""Runs the examples of a document in order, as a reader types them, in this process where that is possible."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from supertable.entrypoints.cli.main import run

ADDRESS = "http://127.0.0.1:8051"
_BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PREPARING = frozenset({"python3", "pip", "make", "kill", "git"})
"""Commands of the machine, not of SuperTable."""


def examples(text: str) -> Iterator[tuple[str, str]]:
    """The language and the content of each block, in order. Blocks with `…` are no commands to type as they are."""
    for found in _BLOCK.finditer(text):
        if "…" not in found[2]:
            yield found[1], found[2]


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
                for line in text.replace("\\\n", " ").splitlines():
                    self._type(line)

    def _type(self, line: str) -> None:
        words = shlex.split(line, comments=True)
        if not words or words[0] in _PREPARING:
            return
        words = [os.path.expandvars(word) for word in words]
        self.commands += 1
        if words[0] == "export":
            for pair in words[1:]:
                name, _, value = pair.partition("=")
                os.environ[name] = str(Path(value).expanduser()) if value.startswith("~") else value
        elif words[0] == "curl":
            answer = self._ask(words)
            assert answer.returncode == 0, (line, answer.stdout, answer.stderr)
        elif words[:2] == ["supertable", "serve"]:
            assert run([*words[1:-1], "--help"]) == 0, line  # without it, the service would keep running
        else:
            assert words[0] == "supertable", line
            assert run(words[1:]) == 0, line

    def _ask(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        command = [word.replace(ADDRESS, self._url) for word in words]
        return subprocess.run([*command, "--fail-with-body"], capture_output=True, text=True, timeout=60, check=False)
