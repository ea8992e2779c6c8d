"""The files that the given sources name."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from supertable.domain.errors import UnreadableInput

STANDARD_INPUT = "-"


def expanded(sources: Iterable[str]) -> list[str]:
    """The paths of the files, those of one pattern sorted. A file whose own name looks like a pattern is that file.

    Raises `UnreadableInput` for a file that does not exist and a pattern without a match.
    """
    paths = [path for source in sources for path in _expanded(source)]
    if not paths:
        raise UnreadableInput("files", "no file is named. Name at least one, or - for standard input.")
    if paths.count(STANDARD_INPUT) > 1:
        raise UnreadableInput("standard input", "it can be read only once.")
    return paths


def _expanded(source: str) -> list[str]:
    if source == STANDARD_INPUT:
        return [source]
    if "\0" in source:
        raise UnreadableInput(repr(source), "a file name cannot contain the NUL character.")
    path = Path(source).expanduser()
    if path.is_dir():
        raise UnreadableInput(source, f"it is a folder. Name its files, for example '{source.rstrip('/')}/*.csv'.")
    if path.exists():
        return [str(path)]
    if not glob.has_magic(source):
        raise UnreadableInput(source, "there is no such file. Check the path.")
    return _matching(source, path)


def _matching(source: str, pattern: Path) -> list[str]:
    found = sorted(name for name in glob.glob(str(pattern), recursive=True) if not Path(name).is_dir())  # noqa: PTH207
    if not found:
        raise UnreadableInput(source, "no file matches this pattern. Check the path.")
    return found
