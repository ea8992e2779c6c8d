"""Text on a terminal: how wide it is, how it is cut and wrapped, and which columns of a table fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import combining, east_asian_width

GAP = 2
"""Spaces between two columns."""
LEAST = 8
"""Text columns are not made narrower than this."""
_WORDS = re.compile(r"\S+\s*|\s+")


def display_width(text: str) -> int:
    """The number of terminal cells that the text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def printable(text: str, limit: int) -> str:
    """Escapes control characters, which could move the cursor or colour the terminal, and cuts after `limit`."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return short if short.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in short)


def cut(text: str, width: int) -> str:
    """The text in at most `width` cells, with a … where it was cut."""
    return text if display_width(text) <= width else _start(text, width - 1) + "…"


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, broken between words where a word fits."""
    if display_width(text) <= width:
        return [text]
    lines, line = [], ""
    for word in _WORDS.findall(text):
        while display_width(line + word.rstrip()) > width:
            if not line:
                line = _start(word, width)
                word = word[len(line) :]
            lines.append(line.rstrip())
            line = ""
        line += word
    return [*lines, line.rstrip()] if line.strip() else lines


def padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - display_width(text))
    return space + text if right else text + space


def fitted_widths(natural: Sequence[int], fixed: Sequence[bool], width: int | None) -> list[int] | None:
    """The widths of columns that fit into `width` cells (None: any number); None if they cannot be made to fit.

    `natural`: the widths that the columns need. Those that are `fixed` are not made narrower, the others share.
    """
    if width is None:
        return list(natural)
    room = width - GAP * (len(natural) - 1) - sum(size for size, keeps in zip(natural, fixed, strict=True) if keeps)
    widths = list(natural)
    flexible = sorted((i for i, keeps in enumerate(fixed) if not keeps), key=lambda i: natural[i])
    for position, i in enumerate(flexible):
        share = room // (len(flexible) - position)
        widths[i] = min(natural[i], share)
        if widths[i] < min(natural[i], LEAST):
            return None
        room -= widths[i]
    return widths if room >= 0 else None


def _start(text: str, width: int) -> str:
    """As many characters of the beginning as fit, at least one."""
    used = 0
    for position, char in enumerate(text):
        used += display_width(char)
        if used > width:
            return text[: max(position, 1)]
    return text
