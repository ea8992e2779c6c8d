"""Redacted statements for the audit log, without values, which may be secrets or parts of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

MOST_CHARACTERS = 10_000
_VALUE = "?"
_PLAIN_NAME = re.compile(r'"[^\W\d][\w .-]*"')
_PLAIN_OPERATOR = re.compile(r"\W{1,4}|\$\w+")
_KEPT = (duckdb.token_type.keyword, duckdb.token_type.identifier, duckdb.token_type.operator)


def shape_of(rendered: str, names: Mapping[str, str]) -> str:
    """A statement that DuckDB rendered, with `?` for each literal, cut to a bounded length.

    `names`: what its generated names stand for. Quoted names that are more than words become `?` too, since DuckDB
    names a column by its expression, including values.
    """
    text = "".join(_shown(token, kind, names) for token, kind in _tokens(rendered))
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def first_word(sql: str) -> str:
    """The first keyword of a statement that cannot be rendered: `ATTACH …`. Empty if it starts with none."""
    for token, kind in _tokens(sql):
        return f"{token.split()[0].upper()} …" if kind == duckdb.token_type.keyword else ""
    return ""


def _shown(token: str, kind: Any, names: Mapping[str, str]) -> str:
    word = token.rstrip()
    space = token[len(word) :]
    if word in names:
        return (names[word] if re.fullmatch(r"\w+", names[word]) else _VALUE) + space
    return (word if kind in _KEPT and _is_plain(word, kind) else _VALUE) + space


def _is_plain(word: str, kind: Any) -> bool:
    """Whether the token really is of its kind: where DuckDB's tokenizer fails, it returns the rest as one operator."""
    if kind == duckdb.token_type.operator:
        return _PLAIN_OPERATOR.fullmatch(word) is not None
    return word.isidentifier() or _PLAIN_NAME.fullmatch(word) is not None


def _tokens(sql: str) -> Iterator[tuple[str, Any]]:
    """The tokens, each with the whitespace after it."""
    raw, found = sql.encode(), duckdb.tokenize(sql)
    ends = [start for start, _ in found[1:]] + [len(raw)]
    for (start, kind), end in zip(found, ends, strict=False):  # an empty text has an end but no token
        yield raw[start:end].decode(errors="replace"), kind
