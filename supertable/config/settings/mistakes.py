"""What is wrong with settings, in words: names that are almost a setting, and values that a setting cannot have.

Values are never repeated: a secret may have been given to the wrong setting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from functools import lru_cache
from typing import Any, get_args

from pydantic.fields import FieldInfo

OWN_PREFIX = "SUPERTABLE_"
OTHER_VARIABLES = frozenset({"DOTENV_PATH", "SUPERTABLE_DOMAIN"})
"""Variables of SuperTable that are no settings: where they are read from, and what compose files use."""
_FAMILIES = ("SU", "ST", "AZ", "GC", "RE", "LOC")
"""How names begin that are compared. Others, like AWS_REGION, mean something to other programs."""
_MOST_MISTAKES = 2
_NUMBERS = {"int": "a whole number", "float": "a number"}


class SettingWarning(UserWarning):
    """A variable is almost the name of a setting, and has no effect."""


def warnings_of(names: Iterable[str], known: frozenset[str]) -> list[str]:
    """A sentence for each name that is no setting, but was meant as one."""
    unknown = {name for name in names if name.upper() not in known and name.upper() not in OTHER_VARIABLES}
    meant = {name: _meant(name.upper(), known) for name in sorted(unknown) if name.upper().startswith(_FAMILIES)}
    return [f"{name} is no setting and has no effect.{hint}" for name, hint in meant.items() if hint is not None]


@lru_cache(maxsize=1_000)
def _meant(name: str, known: frozenset[str]) -> str | None:
    """The hint for a name; None: it was not meant as a setting."""
    near = [other for other in known if _may_be_near(name, other) and _mistakes(name, other) <= _MOST_MISTAKES]
    if not near and name.startswith(OWN_PREFIX):
        near = get_close_matches(name, known, n=1, cutoff=0.8)
    if near:
        return f" Did you mean {min(near, key=lambda other: _mistakes(name, other))}?"
    return " `supertable config` lists the settings." if name.startswith(OWN_PREFIX) else None


def _may_be_near(one: str, other: str) -> bool:
    """Each mistake makes one letter of each name superfluous at most; few names pass this, which takes less time."""
    if abs(len(one) - len(other)) > _MOST_MISTAKES:
        return False
    letters, others = Counter(one), Counter(other)
    return max((letters - others).total(), (others - letters).total()) <= _MOST_MISTAKES


def _mistakes(one: str, other: str) -> int:
    """The number of letters that are missing, superfluous, wrong or swapped with the next (Damerau, Levenshtein)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def what_is_right(field: FieldInfo, error: Mapping[str, Any]) -> str:
    """What a value of the setting must be, with an example. `error`: as pydantic describes it."""
    kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
    choices = [member.value for kind in kinds if issubclass(kind, Enum) for member in kind]
    if choices:
        return f"it must be one of {', '.join(choices)}"
    if bool in kinds:
        return "it must be true or false"
    number = next((name for name in _NUMBERS if name in {kind.__name__ for kind in kinds}), None)
    if number is not None:
        return f"it must be {_NUMBERS[number]}{_bounds(field)}, such as {_example(field)}"
    if error["type"] == "string_pattern_mismatch":
        return f"it must be like {_example(field)}"
    if error["type"].endswith("too_short"):
        return f"it must have at least {error['ctx']['min_length']} characters"
    return str(error["msg"]).removeprefix("Value error, ")


def _bounds(field: FieldInfo) -> str:
    found = {name: getattr(part, name) for part in field.metadata for name in ("ge", "gt", "le") if hasattr(part, name)}
    if "ge" in found and "le" in found:
        return f" from {found['ge']:,} to {found['le']:,}"
    if "ge" in found:
        return f" of at least {found['ge']:,}"
    return f" greater than {found['gt']:,}" if "gt" in found else ""


def _example(field: FieldInfo) -> str:
    if field.examples:
        return str(field.examples[0])
    return str(field.default) if field.default is not None else "4"
