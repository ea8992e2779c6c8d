"""LIKE, and the regular expressions that RE2 and Java read alike: a small language, written anew in Java's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from supertable.adapters.engines.spark.translation.constants import text
from supertable.adapters.engines.spark.translation.functions.calls import Call, Rule
from supertable.adapters.engines.spark.translation.functions.letters import folded
from supertable.adapters.engines.spark.translation.refusals import refused

_ESCAPES = "~!@^|"
_CLASSES = {"d": "[0-9]", "D": "[^0-9]", "w": "[0-9A-Za-z_]", "W": "[^0-9A-Za-z_]", "s": r"[\t\n\f\r ]",
            "S": r"[^\t\n\f\r ]"}  # fmt: skip
_TOKEN = re.compile(
    r"(?P<class>\[\^?(?:[A-Za-z0-9 _.,:;@#/%+*=<>!?|()~-]|\\[dwsDWS.\\-])+\])|"
    r"(?P<escape>\\[dDwWsS])|(?P<literal>\\[][.*+?^$|(){}\\/-])|"
    r"(?P<count>\{\d{1,3}(?:,\d{0,3})?\}\??)|(?P<repeat>[*+?]\??)|(?P<group>\(\?:|\(|\)|\|)|(?P<any>\.)|(?P<start>\^)|(?P<end>\$)|"
    r"(?P<plain>[^\\\[\](){}|*+?^$.])"
)
_REPEATS = frozenset({"count", "repeat"})
_ATOMS = frozenset({"class", "escape", "literal", "any", "plain"})
_NESTED_CLASS = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}


def _like(pattern: str) -> str:
    """The pattern and the escape character of a LIKE in Spark, where `\\` is none in `pattern`."""
    escape = next((sign for sign in _ESCAPES if sign not in pattern), None)
    if escape is None:
        raise refused("LIKE with such a pattern")
    return f"{text(pattern)} ESCAPE '{escape}'"


def _escaped(pattern: str, escape: str) -> str:
    """Like `_like`, for a pattern with an escape character of its own."""
    own = next((sign for sign in _ESCAPES if sign not in pattern), None)
    if len(escape) != 1 or own is None:
        raise refused("LIKE with such a pattern")
    pieces, at = [], 0
    while at < len(pattern):
        quoted = pattern[at] == escape
        sign = pattern[at + 1 : at + 2] if quoted else pattern[at]
        if not sign:
            raise refused("LIKE with such a pattern")
        pieces.append(own + sign if quoted and sign in "%_" else sign)
        at += 2 if quoted else 1
    return f"{text(''.join(pieces))} ESCAPE '{own}'"


def _likes(negated: bool, folds: bool) -> Rule:
    def rule(call: Call) -> str:
        value, pattern = call[0], call.constant_text(1)
        if folds:
            if not pattern.isascii():
                raise call.refusal
            value, pattern = folded("lower", value), pattern.lower()
        found = f"({value} LIKE {_like(pattern)})"
        return f"(NOT {found})" if negated else found

    return rule


def _like_escape(negated: bool) -> Rule:
    def rule(call: Call) -> str:
        found = f"({call[0]} LIKE {_escaped(call.constant_text(1), call.constant_text(2))})"
        return f"(NOT {found})" if negated else found

    return rule


def java(pattern: str) -> str:
    """The regular expression in Java's language. Raises `NotOnSpark` for what RE2 and Java may read otherwise."""
    pieces, at, can_repeat = [], 0, False
    while at < len(pattern):
        found = _TOKEN.match(pattern, at)
        if found is None or (found.lastgroup in _REPEATS and not can_repeat):
            raise refused("such a regular expression")
        can_repeat = found.lastgroup in _ATOMS or found[0] == ")"
        pieces.append(_WRITTEN[str(found.lastgroup)](found[0]))
        at = found.end()
    return "".join(pieces)


def _class(written: str) -> str:
    if re.search(r"\\[DWS]|&&", written):
        raise refused("such a regular expression")
    return re.sub(r"\\([dws])", lambda found: _NESTED_CLASS[found[1]], written).replace(" ", "\\x20")


_WRITTEN: Mapping[str, Callable[[str], str]] = {
    "class": _class,
    "escape": lambda written: _CLASSES[written[1]],
    "literal": lambda written: written,
    "count": lambda written: written,
    "repeat": lambda written: written,
    "group": lambda written: written,
    "any": lambda written: r"[^\n]",
    "start": lambda written: r"\A",
    "end": lambda written: r"\z",
    "plain": lambda written: re.escape(written),
}


def _matches(whole: bool) -> Rule:
    def rule(call: Call) -> str:
        if len(call.kinds) != 2:
            raise call.refusal
        pattern = java(call.constant_text(1))
        pattern = rf"\A(?:{pattern})\z" if whole else pattern
        return f"({call[0]} RLIKE {text(pattern)})"

    return rule


def _extracted(call: Call) -> str:
    group = call.constant_integer(2) if len(call.kinds) > 2 else 0
    pattern = java(call.constant_text(1))
    if not 0 <= group <= len(re.findall(r"(?<!\\)\((?!\?)", pattern)):
        raise call.refusal
    return f"regexp_extract({call[0]}, {text(pattern)}, {group})"


RULES: Mapping[str, Rule] = {
    "~~": _likes(negated=False, folds=False),
    "!~~": _likes(negated=True, folds=False),
    "~~*": _likes(negated=False, folds=True),
    "!~~*": _likes(negated=True, folds=True),
    "like_escape": _like_escape(negated=False),
    "not_like_escape": _like_escape(negated=True),
    "regexp_matches": _matches(whole=False),
    "regexp_full_match": _matches(whole=True),
    "regexp_extract": _extracted,
}
