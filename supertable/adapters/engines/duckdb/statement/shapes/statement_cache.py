"""Keeps checked statements by their text, and by their shape: the text without the literals that may differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from supertable.adapters.engines.duckdb.recently_used import RecentlyUsed
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.statement.parse_tree import Node
from supertable.adapters.engines.duckdb.statement.parser import checked_text
from supertable.adapters.engines.duckdb.statement.shapes.literal_tokens import LiteralToken, literal_tokens, with_marks
from supertable.adapters.engines.duckdb.statement.shapes.template import Template, same, template_of
from supertable.application.ports.engines.parsed_statements import NOTHING_KNOWN, Known, TimestampAt

_MOST, _MOST_TEXT = 256, 10_000
_MOST_CHARACTERS = 1_000_000
_GENERATED = re.compile("st_q", re.IGNORECASE)
"""What generated names start with. They differ where a text, or a literal in it, has this."""

Parse = Callable[[str, Known], DuckDBStatement]
Reparse = Callable[[str], Node]


@dataclass(slots=True)
class _Shape:
    """`template`: None where texts of this shape must be parsed. `agreed`: whether a second text, filled in, was what
    its parse gave. Only then are texts filled in without a parse."""

    template: Template | None
    agreed: bool = False


class StatementCache:
    """Up to 256 texts and 256 shapes, of 10,000 characters each and a million together. Thread-safe.

    Statements that read the version at a timestamp may depend on the clock, so that they are not kept. Those with
    views are kept by their text and these views.
    """

    def __init__(self, parse: Parse, reparse: Reparse) -> None:
        """`reparse`: see `template_of`."""
        self._parse = parse
        self._reparse = reparse
        self._texts: RecentlyUsed[DuckDBStatement] = RecentlyUsed(_MOST, _MOST_CHARACTERS)
        self._fixed: RecentlyUsed[frozenset[int]] = RecentlyUsed(_MOST, _MOST_CHARACTERS)
        self._shapes: RecentlyUsed[_Shape] = RecentlyUsed(_MOST, _MOST_CHARACTERS)

    def get(self, sql: str, known: Known) -> DuckDBStatement:
        """The checked statement. Raises what its parse raises."""
        if len(sql) > _MOST_TEXT:
            return self._parse(sql, known)
        kept = self._texts.get((sql, known))
        if kept is not None:
            return kept
        has_shape = known == NOTHING_KNOWN and "\0" not in sql and not _GENERATED.search(sql)
        return self._by_shape(sql) if has_shape else self._by_text(sql, known)

    def _by_text(self, sql: str, known: Known) -> DuckDBStatement:
        statement = self._parse(sql, known)
        if not any(isinstance(one.at, TimestampAt) for one in statement.relations):
            self._texts.keep((sql, known), statement, len(sql))
        return statement

    def _by_shape(self, sql: str) -> DuckDBStatement:
        tokens = literal_tokens(sql)
        marked = with_marks(sql, tokens)
        places = self._fixed.get(marked)
        shape = None if places is None else self._shapes.get(_key(sql, tokens, marked, places))
        if shape is None:
            return self._learned(sql, tokens, marked)
        template = shape.template
        if template is None:
            return self._by_text(sql, NOTHING_KNOWN)
        filled = template.filled(checked_text(sql), tokens)
        if shape.agreed:
            return filled
        statement = self._by_text(sql, NOTHING_KNOWN)
        if same(statement, filled):
            shape.agreed = True
        else:
            shape.template = None
        return statement

    def _learned(self, sql: str, tokens: list[LiteralToken], marked: str) -> DuckDBStatement:
        statement = self._by_text(sql, NOTHING_KNOWN)
        template = template_of(sql, tokens, statement, self._reparse) if tokens else None
        if tokens:
            places = template.tokens if template else frozenset()
            self._fixed.keep(marked, places, len(sql))
            self._shapes.keep(_key(sql, tokens, marked, places), _Shape(template), len(sql))
        return statement


def _key(sql: str, tokens: list[LiteralToken], marked: str, places: frozenset[int]) -> Hashable:
    """What texts of one shape have in common: all but the literals at these places."""
    fixed = (sql[token.start : token.end] for number, token in enumerate(tokens) if number not in places)
    return (marked, places, *fixed)
