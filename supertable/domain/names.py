"""The rules for names: one for organizations, supertables, tables and roles; others for tags, users and columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from supertable.domain.errors import InvalidInput, InvalidName, InvalidSchema

DEFAULT_SUPERTABLE = "main"
"""The supertable of a caller that names none."""

MAX_NAME_LENGTH = 128
MAX_COLUMN_NAME_LENGTH = 255

RESERVED_COLUMNS = frozenset({"_table", "_change", "_version"})
"""Columns that queries over several tables or versions add to the result."""

_NAME = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{32}", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def checked_name(kind: str, name: object) -> str:
    """Returns `name` unchanged, or raises `InvalidName`. `kind`: organization, supertable, table or role.

    A name has 1 to 128 ASCII letters, digits or `_`. Case is kept; names that differ only in case are the same.
    """
    text = _bounded(kind, name)
    if not _NAME.fullmatch(text):
        raise InvalidName(kind, name, "only letters A to Z, digits and _ are allowed")
    return text


def checked_tag(name: object) -> str:
    """Returns `name` unchanged, or raises `InvalidName`.

    A tag is like other names, but may have `.` and `-` after its first character. Digits alone are not a tag, since
    they are a version number.
    """
    text = _bounded("tag", name)
    if not _TAG.fullmatch(text):
        raise InvalidName("tag", name, "only letters A to Z, digits and _ are allowed, and . and - after the first")
    if text.isdigit():
        raise InvalidName("tag", name, "digits alone are a version number")
    return text


def checked_version(version: object) -> int:
    """Returns a version number unchanged, or raises `InvalidInput` for anything but a whole number."""
    if isinstance(version, int) and not isinstance(version, bool):
        return version
    raise InvalidInput(f"A version is a whole number or the name of a tag, not {version!r:.80}.")


def version_or_tag(version: object) -> int | str:
    """A version as a number or as the name of a tag. Text of digits is a number. Raises `InvalidInput`."""
    if isinstance(version, str):
        return int(version) if _WHOLE.fullmatch(version) else version
    return checked_version(version)


def checked_user(name: object) -> str:
    """Returns `name` unchanged, or raises `InvalidName`. Mail addresses are allowed; 32 hex digits are not."""
    text = _bounded("user", name)
    if not _USER.fullmatch(text):
        raise InvalidName("user", name, "only letters A to Z, digits and _ are allowed, and . @ + - after the first")
    if _HASH.fullmatch(text):
        raise InvalidName("user", name, "32 hex digits are reserved for user hashes")
    return text


def checked_text(what: str, text: object, most: int) -> str:
    """Returns `text` unchanged: up to `most` characters, none of them a control character. Raises `InvalidInput`."""
    if not isinstance(text, str):
        raise InvalidInput(f"{what} must be text.")
    if len(text) > most:
        raise InvalidInput(f"{what} may have up to {most:,} characters, but has {len(text):,}.")
    if _CONTROL.search(text):
        raise InvalidInput(f"{what} has a control character.")
    require_unicode(what, text)
    return text


def require_unicode(what: str, text: object) -> None:
    """Raises `InvalidInput` for anything but text, and for half a surrogate, which cannot be stored."""
    if not isinstance(text, str):
        raise InvalidInput(f"{what} must be text.")
    if not _is_unicode(text):
        raise InvalidInput(f"{what} is not valid Unicode.")


def _bounded(kind: str, name: object) -> str:
    if not isinstance(name, str):
        raise InvalidName(kind, name, "it is not text")
    if not name:
        raise InvalidName(kind, name, "it is empty")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidName(kind, name, f"it has {len(name)} characters; up to {MAX_NAME_LENGTH} are allowed")
    return name


def name_key(name: str) -> str:
    """The form in which names are compared: names that differ only in case have the same key.

    Only ASCII letters have a case: the Kelvin sign is not a k, or a user of another system could be taken for one here.
    """
    return name.lower() if name.isascii() else name


def check_column_name(name: str) -> None:
    """Raises `InvalidSchema` for a name that no column may have."""
    check_member_name(name, name)
    if name.lower() in RESERVED_COLUMNS:
        raise InvalidSchema(name, "this name is reserved")


def check_member_name(name: str, path: str) -> None:
    """Raises `InvalidSchema` for a name that no column and no member of a struct may have. `path`: where it is."""
    if not name:
        raise InvalidSchema(path, "every column, and every member of a struct, needs a name")
    if len(name) > MAX_COLUMN_NAME_LENGTH:
        raise InvalidSchema(path, f"its name has {len(name)} characters; up to {MAX_COLUMN_NAME_LENGTH} are allowed")
    if _CONTROL.search(name):
        raise InvalidSchema(path, "its name has a control character")
    if not _is_unicode(name):
        raise InvalidSchema(path, "its name is not valid Unicode")


def require_distinct(names: Iterable[str], parent: str = "") -> None:
    """Raises `InvalidSchema` for names that are equal or differ only in case. `parent`: the path of their struct."""
    seen: dict[str, str] = {}
    for name in names:
        key = name.lower()
        if key in seen:
            path = f"{parent}.{name}" if parent else name
            raise InvalidSchema(
                path, f"there is also a column {seen[key]!r}; names that differ only in case are the same"
            )
        seen[key] = name


def _is_unicode(text: str) -> bool:
    """Whether the text can be encoded: it has no lone surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The names that are most like the given one, whatever their case; empty if none is like it."""
    by_key = {other.lower(): other for other in known}
    return [by_key[key] for key in get_close_matches(name.lower(), by_key, n=count)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean price?`, with the space; empty if no known name is like the given one."""
    near = nearest(name, known)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def quoted(name: str) -> str:
    """The name as an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'
