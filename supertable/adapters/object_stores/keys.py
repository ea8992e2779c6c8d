"""The syntax of object keys, checked again at the edge of every store (defence in depth)."""

from __future__ import annotations

import re

_SIGNS = r"[A-Za-z0-9._=-]+"
_NAME = rf"(?!\.\.?(?:/|\Z)){_SIGNS}"
_SEGMENT, _KEY, _START = map(re.compile, (_NAME, f"{_NAME}(?:/{_NAME})*", _SIGNS))


def is_segment(name: str) -> bool:
    """Whether `name` is valid as one segment of a key, between two slashes."""
    return _SEGMENT.fullmatch(name) is not None


def is_key(name: str) -> bool:
    """Whether `name` consists of `/`-separated segments of `A-Z a-z 0-9 . _ = -`."""
    return _KEY.fullmatch(name) is not None


def check_key(key: str) -> str:
    """The key itself. Raises ValueError unless it is valid."""
    if not is_key(key):
        raise ValueError(f"not an object key: {key!r}")
    return key


def check_prefix(prefix: str) -> str:
    """The prefix itself. Raises ValueError if no valid key starts with it."""
    folder, name = split_prefix(prefix)
    segments = folder[:-1].split("/") if folder else []
    if not all(map(is_segment, segments)) or (name and not _START.fullmatch(name)):
        raise ValueError(f"not the start of an object key: {prefix!r}")
    return prefix


def check_folder_prefix(prefix: str) -> str:
    """The prefix itself. Raises ValueError unless it is empty or names a folder, ending with `/`."""
    if prefix and not prefix.endswith("/"):
        raise ValueError(f"not a folder (it does not end with '/'): {prefix!r}")
    return check_prefix(prefix)


def split_prefix(prefix: str) -> tuple[str, str]:
    """The folder of a prefix (empty, or ending with `/`), and the beginning of a name after it."""
    end = prefix.rfind("/") + 1
    return prefix[:end], prefix[end:]
