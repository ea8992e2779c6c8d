"""The processes that another one started."""

from __future__ import annotations

from contextlib import suppress

import psutil  # type: ignore[import-untyped]


def children_with(word: str, of: int) -> list[int]:
    """The ids of the direct children of process `of` that have the word in their command, sorted."""
    found = []
    for child in psutil.Process(of).children():
        with suppress(psutil.NoSuchProcess):  # it has ended
            if word in " ".join(child.cmdline()):
                found.append(child.pid)
    return sorted(found)
