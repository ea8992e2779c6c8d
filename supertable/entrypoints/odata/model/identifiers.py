"""Names that OData allows, for names that it does not.

Source: OData CSDL 4.01, 17.2: an identifier is a letter or `_`, then letters, digits and some marks, 128 in all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_MOST_CHARACTERS = 128
_FIRST = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl"})
_LATER = _FIRST | {"Nd", "Mn", "Mc", "Pc", "Cf"}
_LITERALS = frozenset({"null", "true", "false", "inf", "nan"})
"""An expression could not tell a property of such a name from the value."""


def identifiers(names: Iterable[str]) -> list[str]:
    """An identifier for each name: the name itself where it is one, else the nearest that no other name has.

    They depend on the names and their order alone.
    """
    given = list(names)
    taken = {name.lower() for name in given if is_identifier(name)}
    return [name if is_identifier(name) else _free(_nearest(name), taken) for name in given]


def free_identifier(wanted: str, taken: Iterable[str]) -> str:
    """`wanted`, or with a number after it, so that it differs from all that are taken, also without case."""
    return _free(wanted, {name.lower() for name in taken})


def is_identifier(name: str) -> bool:
    return 0 < len(name) <= _MOST_CHARACTERS and name == _allowed(name) and name.lower() not in _LITERALS


def _nearest(name: str) -> str:
    found = _allowed(name)[:_MOST_CHARACTERS] or "_"
    return f"{found}_" if found.lower() in _LITERALS else found


def _allowed(name: str) -> str:
    kept = "".join(letter if unicodedata.category(letter) in _LATER else "_" for letter in name)
    return kept if not kept or kept[0] == "_" or unicodedata.category(kept[0]) in _FIRST else f"_{kept}"


def _free(wanted: str, taken: set[str]) -> str:
    found, number = wanted, 2
    while found.lower() in taken:
        end = f"_{number}"
        found, number = wanted[: _MOST_CHARACTERS - len(end)] + end, number + 1
    taken.add(found.lower())
    return found
