"""`supertable shell`: scripts, modes, commands, completion, and a session on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import supertable
from supertable.entrypoints.cli.shell.completion import Completion
from supertable.entrypoints.cli.shell.statements import Shell
from supertable.entrypoints.cli.terminal import exit_codes
from supertable.entrypoints.encoding.text_widths import wrapped
from tests.support.command_line import COMMAND, Cli


def shown(text: str) -> str:
    """The output without the seconds that things took."""
    return re.sub(r", \d+\.\d\d s", "", text)


SCRIPT = """
-- a script; with a comment
.mode csv
SELECT id,
    name -- here; too
FROM fruit WHERE name = 'fig' OR name = 'a;b';
.mode line
.timer off
SELECT name, kg FROM fruit WHERE id = 2;
.mode table
INSERT INTO fruit VALUES (4, 'kiwi', 0.5); SELECT count(*) AS n FROM fruit;
.mode json
SELECT 'é' AS x"""
SHOWN = """\
"id","name"
1,"fig"
── row 1 ─────
name  plum
kg    2.0
(1 row, lite)
INSERT fruit: version 3, 1 row inserted, 1 file of SIZE
n
─
4
(1 row, lite)
[
{"x":"é"}
]
"""


@pytest.mark.parametrize("how", ["-c", "-f", "stdin", ".read"])
def test_a_script(fruit: Cli, how: str) -> None:
    Path("s.sql").write_text(SCRIPT, encoding="utf-8")
    arguments = {"-c": ["-c", SCRIPT], "-f": ["-f", "s.sql"], "stdin": [], ".read": ["-c", ".read s.sql"]}[how]
    done = fruit("shell", *arguments, stdin=SCRIPT if how == "stdin" else "")
    assert (done.code, done.err) == (0, "")
    assert re.sub(r"file of [\d.]+ k?B", "file of SIZE", done.out) == SHOWN


def test_the_first_error_ends_a_script(fruit: Cli) -> None:
    done = fruit("shell", "-c", "SELECT 1 AS a; SELECT nope FROM fruit; SELECT 2 AS b;")
    assert (done.code, shown(done.out)) == (exit_codes.WRONG_INPUT, "a\n─\n1\n(1 row, lite)\n")
    assert done.err == 'Error: There is no column "nope". The columns are id, name, kg.\n'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (".tabels", "Did you mean .tables?"),
        (".mode xml", "The modes are table, line, csv, tsv, json, ndjson."),
        (".timer maybe", "Write .timer on or .timer off."),
        (".rows 0", "a number from 1 to 1,000,000"),
        (".read absent.sql", "Cannot read absent.sql: No such file or directory."),
        (".schema nope", "There is no table 'nope'."),
        ("SELECT 'open", "unterminated string literal"),
    ],
    ids=["command", "mode", "timer", "rows", "file", "table", "text without an end"],
)
def test_mistakes(fruit: Cli, line: str, message: str) -> None:
    done = fruit("shell", "-c", f"{line}\nSELECT 1")
    assert done.code != 0
    assert message in done.err
    assert done.out == ""


def test_its_own_commands(fruit: Cli) -> None:
    assert fruit("shell", "-c", ".tables\n.tables x*\n.schema\n.quit\nSELECT 1").out == (
        "fruit\nNo tables.\nfruit  keys: id\n  id  int64\n  name  string\n  kg  float64\n"
    )
    assert shown(fruit("shell", "-c", ".engine LITE\nSELECT 1 AS a;\n.engine default\nSELECT 1 AS a").out) == (
        "a\n─\n1\n(1 row, lite)\n" * 2
    )
    assert fruit("shell", "-c", ".engine duckdb\nSELECT 1").code == exit_codes.WRONG_INPUT
    assert shown(fruit("shell", "-c", ".rows 1\nSELECT id FROM fruit ORDER BY id").out) == (
        "id\n──\n 1\n(3 rows, first 1 shown, lite)\n"
    )
    assert ".schema [TABLE]" in fruit("shell", "-c", ".help").out
    assert fruit("--json", "shell", "-c", "SELECT 1 AS a").json() == [{"a": 1}]
    assert fruit("shell", "-c", "SELECT 1", "-f", "x").code == exit_codes.WRONG_INPUT


def test_completion(fruit: Cli, home: Path) -> None:
    assert fruit("tables").code == 0
    with supertable.connect(home=home) as lake:
        completion = Completion(lake)
        assert completion.candidates("SELECT * FROM fr", "fr")[:2] == ["fruit", "from"]
        assert sorted(completion.candidates("SELECT fruit.", "fruit.")) == ["fruit.id", "fruit.kg", "fruit.name"]
        assert completion.candidates("SELECT NA", "NA")[0] == "name"
        assert "date_trunc(" in completion.candidates("SELECT date_tr", "date_tr")
        assert completion.candidates("SEL", "SEL")[0] == "SELECT"
        assert completion.candidates(".mo", ".mo") == [".mode"]
        assert completion.candidates(".mode js", "js") == ["json"]
        shell = Shell(lake, as_json=False)
        shell.feed("SELECT ';")
        assert shell.is_waiting
        shell.forget()
        assert not shell.is_waiting


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("a 日本語 b", 6, ["a", "日本語", "b"]),
        ("short", 10, ["short"]),
        ("", 5, [""]),
    ],
    ids=["words", "a long word", "wide characters", "fits", "empty"],
)
def test_cells_are_wrapped_between_words(text: str, width: int, lines: list[str]) -> None:
    assert wrapped(text, width) == lines


class Terminal:
    """The shell in a terminal of its own, 60 characters wide and 12 lines high.

    Typed lines fit into it with the prompt, which is written again where a line is wrapped.
    """

    def __init__(self, home: Path, **variables: str) -> None:
        self.process, self._file = pty.fork()
        if self.process == 0:
            environment = {**os.environ, "TERM": "xterm", "PAGER": "sed s/^/paged:/", **variables}
            environment = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 60, 0, 0))
            os.execve(COMMAND[0], [*COMMAND, "--home", str(home), "shell"], environment)
        self.output = ""
        self.is_closed = False

    def until(self, text: str, seconds: float = 60) -> str:
        """What was written since the last call, up to `text`."""
        end = time.monotonic() + seconds
        while text not in self.output:
            assert time.monotonic() < end, self.output
            if select.select([self._file], [], [], 0.2)[0]:
                self.output += os.read(self._file, 65_536).decode("utf-8", "replace").replace("\r\n", "\n")
        before, _, self.output = self.output.partition(text)
        return before

    def type(self, text: str) -> None:
        os.write(self._file, text.encode())

    def close(self) -> int:
        self.is_closed = True
        self.type("\x04")
        _, status = os.waitpid(self.process, 0)
        os.close(self._file)
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def terminal(fruit: Cli, home: Path) -> Iterator[Terminal]:
    assert fruit("tables").code == 0
    started = Terminal(home, NO_COLOR="1")
    yield started
    if not started.is_closed:
        os.kill(started.process, signal.SIGKILL)
        started.close()


def test_a_session_on_a_terminal(terminal: Terminal, home: Path) -> None:
    prompt = "supertable> "
    terminal.until(prompt)
    terminal.type("SELECT id,\n")
    terminal.until("...> ")
    terminal.type("name FROM fru\t WHERE id = 1;\n")
    assert " 1  fig\n" in terminal.until(prompt)
    terminal.type("SELECT sum(range) FROM range(9999999999999);\n")
    terminal.until("Ctrl+C cancels it.")
    terminal.type("\x03")
    assert "Cancelled." in terminal.until(prompt)
    terminal.type("\x1b[A\x1b[A\n")  # two statements back in the history
    assert " 1  fig\n" in terminal.until(prompt)
    terminal.type("SELECT broken ")
    terminal.until("broken ")
    time.sleep(0.3)  # until it waits for the next key: a signal before that is seen after the next key only
    terminal.type("\x03")
    terminal.until(prompt)
    terminal.type("SELECT nope FROM fruit;\n")
    assert "Error: There is no column" in terminal.until(prompt)
    terminal.type("SELECT repeat('word ', 30) AS w, 1 AS i;\n")
    wide = terminal.until(prompt)
    assert max(map(len, wide.split(";", 1)[1].splitlines())) <= 60
    assert "\x1b[1m" not in wide
    terminal.type("FROM range(30);\n")
    assert "paged:   29\n" in terminal.until(prompt)
    assert terminal.close() == 0
    history = (home / "shell_history").read_text().splitlines()
    assert history[:2] == [
        "SELECT id, name FROM fruit WHERE id = 1;",
        "SELECT sum(range) FROM range(9999999999999);",
    ]
    assert (home / "shell_history").stat().st_mode & 0o777 == 0o600
