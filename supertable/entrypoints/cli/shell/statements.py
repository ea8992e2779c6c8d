"""What the shell does with each line: it collects statements, runs them, and shows their results."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from supertable.domain.errors import InvalidInput, InvalidStatement
from supertable.entrypoints.cli.shell.commands import HELP, Settings, changed
from supertable.entrypoints.cli.shell.pager import show
from supertable.entrypoints.cli.terminal.interruption import cancelled_on_interrupt
from supertable.entrypoints.cli.terminal.output.result_grid import grid_text, look_of
from supertable.entrypoints.cli.terminal.output.write_reports import write_summary
from supertable.entrypoints.cli.terminal.waiting import waiting

if TYPE_CHECKING:
    from supertable.entrypoints.sdk.lakes.lake import Lake
    from supertable.entrypoints.sdk.results.result import Result

_SENTINEL = "\nSELECT 1"
_MOST_READS = 16


class Shell:
    """The state of a shell: the lake, the settings, and the lines of a statement that has not ended yet.

    `is_typed`: a person types the lines: long output is paged, and what runs for long says so.
    """

    def __init__(self, lake: Lake, as_json: bool, out: TextIO | None = None) -> None:
        self.lake = lake
        self.settings = Settings(mode="json" if as_json else "table")
        self.is_over = False
        self.is_typed = False
        self._out = out or sys.stdout
        self._pending = ""
        self._reads = 0
        self._commands: dict[str, Callable[[str], None]] = {
            ".help": lambda _: self._print(HELP),
            ".quit": self._quit,
            ".exit": self._quit,
            ".tables": self._show_tables,
            ".schema": self._show_schema,
            ".read": self._read,
        }

    @property
    def is_waiting(self) -> bool:
        """Whether a statement has begun and not ended."""
        return bool(self._pending.strip())

    def forget(self) -> None:
        """Forget the statement that has begun."""
        self._pending = ""

    def feed(self, line: str) -> None:
        """One more line. Runs the statements that it ends. Raises what they raise; the statement is forgotten then."""
        if line.lstrip().startswith(".") and not self._has_begun():
            self._pending = ""
            self._command(line.strip())
            return
        self._pending += f"{line}\n"
        if line.rstrip().endswith(";") and self._is_complete():
            self._run_pending()

    def run_script(self, text: str) -> None:
        """Run all lines. The first error ends the script. The last statement needs no `;`."""
        for line in text.splitlines():
            if self.is_over:
                return
            self.feed(line)
        if self.is_waiting:
            self._run_pending()

    def _has_begun(self) -> bool:
        """Whether the lines so far have more than comments."""
        try:
            return self.is_waiting and bool(self.lake.split(self._pending))
        except InvalidStatement:
            return True

    def _is_complete(self) -> bool:
        """Whether the last `;` ends a statement: it is not part of a text or of a comment."""
        try:
            return len(self.lake.split(self._pending + _SENTINEL)) > len(self.lake.split(self._pending))
        except InvalidStatement:
            return False

    def _run_pending(self) -> None:
        text, self._pending = self._pending, ""
        for part in self.lake.split(text):
            started = time.perf_counter()
            with waiting(quiet=not self.is_typed):
                result = self.lake.sql(part.sql, stream=True, engine=self.settings.engine)
            with result:
                self._show_result(result, started)

    def _show_result(self, result: Result, started: float) -> None:
        if result.write is not None and not result.has_rows and self.settings.mode in ("table", "line"):
            self._print(f"{result.verb} {result.write.table}: {write_summary(result.write)}{self._elapsed(started)}")
            return
        if self.settings.mode not in ("table", "line"):
            self._encode(result, started)
            return
        look = look_of(self._out)
        timed = started if self.settings.timer else None
        with cancelled_on_interrupt(result.cancel), waiting(quiet=not self.is_typed):
            is_line = self.settings.mode == "line"
            lines = grid_text(result.batches(), self.settings.rows, timed, look, is_line, result.engine)
        show(lines, self._out, paged=self.is_typed)

    def _encode(self, result: Result, started: float) -> None:
        from supertable.entrypoints.encoding.results import Encoding, encode_result

        with cancelled_on_interrupt(result.cancel):
            for piece in encode_result(result.batches(), Encoding(self.settings.mode)):
                self._out.flush()
                self._out.buffer.writelines(piece)
        if self.settings.timer and self.is_typed:
            self._print(f"({self._elapsed(started).lstrip(', ')})")

    def _elapsed(self, started: float) -> str:
        return f", {time.perf_counter() - started:.2f} s" if self.settings.timer else ""

    def _command(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        command = self._commands.get(word)
        if command is not None:
            command(rest.strip())
        else:
            self.settings = changed(self.settings, word, rest.strip())

    def _quit(self, _rest: str) -> None:
        self.is_over = True

    def _show_tables(self, pattern: str) -> None:
        from fnmatch import fnmatch

        found = [table.name for table in self.lake.tables() if fnmatch(table.name.lower(), (pattern or "*").lower())]
        show(found or ["No tables."], self._out, paged=self.is_typed)

    def _show_schema(self, name: str) -> None:
        lines = []
        for table in [name] if name else [info.name for info in self.lake.tables()]:
            found = self.lake.table(table)
            keys = f"  keys: {', '.join(keys)}" if (keys := found.info().keys) else ""
            lines += [f"{found.name}{keys}", *(f"  {column.name}  {column.type}" for column in found.columns())]
        show(lines or ["No tables."], self._out, paged=self.is_typed)

    def _read(self, name: str) -> None:
        if self._reads >= _MOST_READS:
            raise InvalidInput(f"Scripts read scripts more than {_MOST_READS} deep. {name} was not read.")
        self._reads += 1
        try:
            self.run_script(script_text(Path(name).expanduser()))
        finally:
            self._reads -= 1

    def _print(self, text: str) -> None:
        self._out.write(f"{text}\n")
        self._out.flush()


def script_text(path: Path) -> str:
    """The content of a script. Raises `InvalidInput` if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInput(f"Cannot read {path}: {reason}.") from None
