"""Lines that a person types: prompts, editing, history and completion."""

from __future__ import annotations

import contextlib
import importlib
import sys
from pathlib import Path
from typing import Any

from supertable.domain.errors import SupertableError
from supertable.entrypoints.cli.shell.completion import Completion
from supertable.entrypoints.cli.shell.statements import Shell
from supertable.entrypoints.cli.terminal.error_reports import report_error

readline: Any = None  # stays so in a Python that was built without it
with contextlib.suppress(ImportError):
    readline = importlib.import_module("readline")

_PROMPT, _CONTINUED = "supertable> ", "       ...> "
_HISTORY_LINES = 2_000
_WORD_ENDS = " \t\n\"'`@$><=;|&{(,+-*/%[]:"


class TypedLines:
    """Reads lines until the end. Errors are shown, and the next line is read. `history`: the file of earlier lines."""

    def __init__(self, shell: Shell, history: Path) -> None:
        self._shell = shell
        self._history = history
        self._completion = Completion(shell.lake)
        self._found: list[str] = []
        self._statement: list[str] = []
        shell.is_typed = True

    def run(self) -> None:
        self._print("Statements end with ;  .help lists commands.  Ctrl+D leaves.")
        self._begin()
        try:
            while not self._shell.is_over and self._next():
                pass
        finally:
            self._end()

    def _next(self) -> bool:
        """Reads and runs one line. Returns whether there may be more."""
        try:
            line = input(_CONTINUED if self._shell.is_waiting else _PROMPT)
        except EOFError:
            self._print("")
            return False
        except KeyboardInterrupt:
            self._shell.forget()
            self._statement.clear()
            self._print("")
            return True
        if line.strip():
            self._statement.append(line.strip())
        self._run(line)
        return True

    def _run(self, line: str) -> None:
        try:
            self._shell.feed(line)
        except KeyboardInterrupt:
            self._shell.forget()
            self._print("Cancelled.")
        except (SupertableError, OSError) as error:
            report_error(error, as_json=False, verbose=False)
        if not self._shell.is_waiting:
            self._remember()
            self._completion.forget()

    def _remember(self) -> None:
        """Adds a statement to the history: as one entry, unless a comment would then hide what follows it."""
        lines, self._statement = self._statement, []
        if readline is None or not lines:
            return
        for entry in lines if any("--" in line for line in lines[:-1]) else [" ".join(lines)]:
            readline.add_history(entry)

    def _begin(self) -> None:
        if readline is None:
            return
        with contextlib.suppress(OSError):
            readline.read_history_file(self._history)
        readline.set_history_length(_HISTORY_LINES)
        readline.set_auto_history(False)
        readline.set_completer(self._complete)
        readline.set_completer_delims(_WORD_ENDS)
        readline.parse_and_bind("tab: complete")

    def _end(self) -> None:
        if readline is None:
            return
        readline.set_completer(None)
        readline.set_auto_history(True)
        with contextlib.suppress(OSError):
            self._history.parent.mkdir(parents=True, exist_ok=True)
            self._history.touch(mode=0o600)  # statements may have secrets
            readline.write_history_file(self._history)

    def _complete(self, word: str, number: int) -> str | None:
        if number == 0:
            line = readline.get_line_buffer()[: readline.get_endidx()]
            self._found = self._completion.candidates(line, word)
        return self._found[number] if number < len(self._found) else None

    def _print(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
