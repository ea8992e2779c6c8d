"""`$search`: words, "phrases", AND, OR, NOT and parentheses (OData 4.01, URL conventions, 5.1.8)."""

from __future__ import annotations

import re

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.expressions.lexer import MOST_CHARACTERS
from supertable.entrypoints.odata.expressions.syntax import SearchExpression, SearchJunction, SearchNot, SearchTerm

_TOKEN = re.compile(r'[ \t]*(?:(?P<mark>[()])|"(?P<phrase>(?:[^"\\]|\\["\\])*)"|(?P<word>[^\s()"]+))')
_MOST_LEVELS = 30
_MOST_TERMS = 200


class SearchParser:
    """Parses a search from a position of a text on; it ends with the text, or before a `)` that it has not opened."""

    def __init__(self, text: str, position: int = 0) -> None:
        if len(text) > MOST_CHARACTERS:
            raise InvalidInput(f"$search has more than {MOST_CHARACTERS:,} characters.")
        self._text, self.position = text, position
        self._levels = self._terms = 0

    def expression(self) -> SearchExpression:
        """Raises `InvalidInput`."""
        return self._joined("OR", lambda: self._joined("AND", self._factor))

    def _joined(self, word: str, part: object) -> SearchExpression:
        assert callable(part)
        operands = [part()]
        while True:
            kind, text = self._peek()
            if kind == "word" and text == word:
                self._next()
            elif word == "OR" or not kind or text == "OR" or (kind == "mark" and text == ")"):
                break
            operands.append(part())
        return operands[0] if len(operands) == 1 else SearchJunction(word.lower(), tuple(operands))

    def _factor(self) -> SearchExpression:
        at = self.position
        kind, text = self._next()
        if kind == "word" and text == "NOT":
            return self._deeper(lambda: SearchNot(self._factor()))
        if kind == "mark" and text == "(":
            inner = self._deeper(self.expression)
            if self._next() != ("mark", ")"):
                raise self._error("expected `)`", self.position)
            return inner
        self._terms += 1
        if kind not in ("word", "phrase") or not text or (kind == "word" and text in ("AND", "OR")):
            raise self._error("expected a word or a phrase in double quotes", at)
        if self._terms > _MOST_TERMS:
            raise self._error(f"more than {_MOST_TERMS} words", at)
        return SearchTerm(re.sub(r'\\(["\\])', r"\1", text) if kind == "phrase" else text)

    def _deeper(self, parse: object) -> SearchExpression:
        assert callable(parse)
        self._levels += 1
        if self._levels > _MOST_LEVELS:
            raise self._error(f"more than {_MOST_LEVELS} levels", self.position)
        found: SearchExpression = parse()
        self._levels -= 1
        return found

    def _peek(self) -> tuple[str, str]:
        before = self.position
        found = self._next()
        self.position = before
        return found

    def _next(self) -> tuple[str, str]:
        """The kind and the text of the next token; empty at the end."""
        found = _TOKEN.match(self._text, self.position)
        if found is None:
            if self._text[self.position :].strip():
                raise self._error("a phrase that does not end", self.position)
            return "", ""
        self.position = found.end()
        return str(found.lastgroup), found[str(found.lastgroup)]

    def _error(self, what: str, at: int) -> InvalidInput:
        return InvalidInput(f"$search, position {at}: {what}.")


def parse_search(text: str) -> SearchExpression:
    """The tree of a whole text. Raises `InvalidInput`."""
    parser = SearchParser(text)
    found = parser.expression()
    if text[parser.position :].strip():
        raise InvalidInput(f"$search, position {parser.position}: a `)` without a `(`.")
    return found
