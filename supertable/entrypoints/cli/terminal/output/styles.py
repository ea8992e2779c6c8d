"""Colours and the width of the terminal."""

from __future__ import annotations

import os
import shutil
from typing import TextIO


def is_coloured(file: TextIO) -> bool:
    """Whether text written there may be styled: on a terminal, unless NO_COLOR or TERM=dumb says otherwise."""
    return file.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width() -> int:
    return shutil.get_terminal_size().columns


def terminal_height() -> int:
    return shutil.get_terminal_size().lines


def bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


def dim(text: str) -> str:
    return f"\x1b[2m{text}\x1b[0m"
