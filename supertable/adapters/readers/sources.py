"""Which files the user means."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from supertable.domain.errors import UnreadableInput

STANDARD_INPUT = "-"


def expanded(sources: Iterable[str]) -> list[str]:
    """The paths meant, each pattern's sorted. A file whose name is a pattern is itself, not the pattern."""
    paths = [path for source in sources for path in _expanded(source)]
    if not paths:
        raise UnreadableInput("nothing", "no file was named.")
    if paths.count(STANDARD_INPUT) > 1:
        raise UnreadableInput("standard input", "it can be read only once.")
    return paths


def _expanded(source: str) -> list[str]:
    if source == STANDARD_INPUT:
        return [source]
    if "\0" in source:
        raise UnreadableInput(repr(source), "a file name has no NUL character.")
    path = Path(source).expanduser()
    if path.is_dir():
        raise UnreadableInput(source, f"it is a folder. Name its files, for example '{source.rstrip('/')}/*.csv'.")
    if path.exists():
        return [str(path)]
    if not glob.has_magic(source):
        raise UnreadableInput(source, "there is no such file.")
    return _matching(source, path)


def _matching(source: str, pattern: Path) -> list[str]:
    found = sorted(name for name in glob.glob(str(pattern), recursive=True) if not Path(name).is_dir())  # noqa: PTH207
    if not found:
        raise UnreadableInput(source, "no file matches this pattern.")
    return found
