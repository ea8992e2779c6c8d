"""Long output, one screen at a time."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from typing import TextIO

from supertable.entrypoints.cli.terminal.output.result_grid import write_lines
from supertable.entrypoints.cli.terminal.output.styles import terminal_height

_PAGER = "less -RS"


def show(lines: Sequence[str], out: TextIO, paged: bool) -> None:
    """Print the lines; if `paged` and they are more than a screen, by $PAGER. An empty PAGER pages nothing."""
    command = shlex.split(os.environ.get("PAGER", _PAGER))
    if not paged or len(lines) < terminal_height() or not command or shutil.which(command[0]) is None:
        write_lines(lines, out)
        return
    text = "".join(f"{line}\n" for line in lines)
    subprocess.run(command, input=text, text=True, encoding="utf-8", check=False)  # noqa: S603 - the user's own pager
