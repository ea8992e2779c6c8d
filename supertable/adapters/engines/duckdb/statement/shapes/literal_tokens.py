"""The literals of a text that may stand for another of their class.

What is no literal to DuckDB may be taken for one here, as in a comment. It does no harm: only what DuckDB's tree
confirms is ever replaced.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKENS = re.compile(
    r"""  "(?:[^"]|"")*+"                      # a name
        | (?P<text>'(?:[^']|'')*+')
        | (?P<number>\d[\w.]*)
        | \w+                                # with the E of E'…'
    """,
    re.VERBOSE,
)
_INTEGER = re.compile(r"[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"([1-9][0-9]*)\.([0-9]+)")
_MOST_OF_INTEGER = 2**31 - 1
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class LiteralToken:
    """`start` and `end`: in characters. `kind`: that of DuckDB's literal. `mark`: its class, as one word."""

    start: int
    end: int
    kind: str
    mark: str


def literal_tokens(sql: str) -> list[LiteralToken]:
    """The texts in plain quotes, and the numbers without signs, exponents and leading zeros."""
    return [token for found in _TOKENS.finditer(sql) if (token := _token(found))]


def value_of(sql: str, token: LiteralToken) -> str:
    """The text of DuckDB's literal."""
    written = sql[token.start : token.end]
    return written[1:-1].replace("''", "'") if token.kind == "STRING" else written


def with_marks(sql: str, tokens: Sequence[LiteralToken]) -> str:
    """The text with a mark in place of each token. Texts without NUL characters have the same only if they differ in
    nothing but these literals, within their classes."""
    parts, end = [], 0
    for token in tokens:
        parts += [sql[end : token.start], "\0", token.mark, "\0"]
        end = token.end
    return "".join([*parts, sql[end:]])


def _token(found: re.Match[str]) -> LiteralToken | None:
    start, end = found.span()
    if found["text"] is not None:
        return LiteralToken(start, end, "STRING", "text")
    number = found["number"]
    if number is None:
        return None
    if _INTEGER.fullmatch(number):
        return LiteralToken(start, end, "INTEGER", "short" if int(number) <= _MOST_OF_INTEGER else "long")
    decimal = _DECIMAL.fullmatch(number)
    if decimal is None or len(number) > _MOST_DIGITS:
        return None
    return LiteralToken(start, end, "NUMERIC", f"{len(decimal[1])}.{len(decimal[2])}")
