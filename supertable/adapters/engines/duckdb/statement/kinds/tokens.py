"""Reads a statement token by token. DuckDB's own tokenizer decides where texts, comments and names end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import duckdb

from supertable.domain.errors import InvalidStatement
from supertable.domain.schema.types import DataType

_RESERVED_TEXT = """
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
    default deferrable desc describe distinct do else end except false fetch for foreign from group having in
    initially intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer
    pivot_wider placing primary qualify references returning select show some summarize symmetric table then to
    trailing true union unique unpivot using variadic when where window with
"""
_RESERVED = frozenset(_RESERVED_TEXT.split())
"""DuckDB's reserved words, which are names in quotes only."""
_QUERY_STARTS = ("select", "values", "from", "with", "table", "pivot", "unpivot", "(")
_DEPTHS = {**dict.fromkeys("([{", 1), **dict.fromkeys(")]}", -1)}
_BEFORE_NAMES = frozenset({".", "$", "as"})
_KIND = duckdb.token_type
_BLANK = bytes(byte if byte in b"\r\n" else 0x20 for byte in range(256))
_COMMENTS = (b"--", b"/*")
_WORDS = (_KIND.keyword, _KIND.identifier)


class Token(NamedTuple):
    """`start` and `end`: bytes of the statement, without the space after the token."""

    start: int
    end: int
    text: str
    kind: Any

    @property
    def word(self) -> str:
        """In lower case; empty for a quoted name and for what is no word."""
        return self.text.lower() if self.kind in _WORDS and not self.text.startswith('"') else ""


def tokens_of(sql: str) -> list[Token]:
    """All tokens but comments, of valid Unicode text."""
    raw, found = sql.encode(), duckdb.tokenize(sql)
    ends = [start for start, _ in found[1:]] + [len(raw)]
    return list(_tokens(raw, found, ends))


def _tokens(raw: bytes, found: list[tuple[int, Any]], ends: list[int]) -> Iterator[Token]:
    for (start, kind), end in zip(found, ends, strict=False):
        text = raw[start:end].rstrip()
        if not text.startswith(_COMMENTS) or kind != _KIND.comment:  # comparing kinds takes longer
            yield Token(start, start + len(text), text.decode(errors="replace"), kind)


class TokenReader:
    """The tokens of one statement, from the first to the last. `position` is the number of the next.

    `type_of` returns the type that a text names.
    """

    def __init__(self, sql: str, tokens: list[Token], type_of: Callable[[str], DataType]) -> None:
        self._raw = sql.encode()
        self._tokens = tokens
        self._ctes = 0
        self.type_of = type_of
        self.position = 0

    @property
    def has_ctes(self) -> bool:
        """Whether a WITH clause came before the first word."""
        return self._ctes > 0

    def pass_ctes(self, before: Sequence[str]) -> None:
        """Passes a WITH clause that is followed by one of the words. No-op if there is none."""
        if not self.at("with"):
            return
        self.skip_until(*((word,) for word in (*before, "select", "values", "from")))
        if any(self.at(word) for word in before):
            self._ctes = self.position
        else:
            self.position = 0

    def at(self, *words: str) -> bool:
        """Whether the next tokens are these words, or signs such as `(`."""
        following = self._tokens[self.position : self.position + len(words)]
        return len(following) == len(words) and all(map(_is, following, words))

    def take(self, *words: str) -> bool:
        """Passes these words if they come next. Returns whether they did."""
        found = self.at(*words)
        self.position += len(words) if found else 0
        return found

    def need(self, *words: str) -> None:
        if not self.take(*words):
            raise self.unexpected(" ".join(words).upper())

    @property
    def ended(self) -> bool:
        return self.position >= len(self._tokens)

    def need_end(self) -> None:
        if not self.ended:
            raise self.unexpected("the end of the statement")

    def name(self, what: str = "a name") -> str:
        """A name of one part, without its quotes."""
        token = self._tokens[self.position] if not self.ended else None
        quoted = token is not None and token.kind == _KIND.identifier and token.text.startswith('"')
        if token is None or not (quoted or (token.word and token.word not in _RESERVED)):
            raise self.unexpected(what)
        self.position += 1
        if not quoted:
            return token.text
        if len(token.text) < 2 or not token.text.endswith('"'):
            raise InvalidStatement("A quoted name has no end.")
        return token.text[1:-1].replace('""', '"')

    def dotted(self, what: str) -> tuple[str, ...]:
        """A name of one part or more."""
        parts = [self.name(what)]
        while self.take("."):
            parts.append(self.name(what))
        return tuple(parts)

    def names_in_parentheses(self, what: str) -> tuple[str, ...]:
        self.need("(")
        names = [self.name(what)]
        while self.take(","):
            names.append(self.name(what))
        self.need(")")
        return tuple(names)

    def text(self, what: str) -> str:
        """A literal text: `'it''s'`."""
        token = self._tokens[self.position] if not self.ended else None
        if token is None or token.kind != _KIND.string_const or not _is_plain_text(token.text):
            raise self.unexpected(what)
        self.position += 1
        return token.text[1:-1].replace("''", "'")

    def skip_until(self, *stops: tuple[str, ...]) -> None:
        """Passes all tokens before the first of the `stops`, each some words in a row, outside of parentheses.

        A word after one of `_BEFORE_NAMES` is a name.
        """
        tokens, depth = self._tokens, 0
        for number in range(self.position, len(tokens)):
            self.position = number
            if depth == 0 and self._stops(stops):
                return
            token = tokens[number]
            if token.kind == _KIND.operator:
                depth += _DEPTHS.get(token.text, 0)
                if depth < 0:
                    return
        self.position = len(tokens)

    def _stops(self, stops: Sequence[tuple[str, ...]]) -> bool:
        is_name = self.position > 0 and self._tokens[self.position - 1].text.lower() in _BEFORE_NAMES
        return not is_name and any(self.at(*words) for words in stops)

    def piece(self, first: int, last: int) -> str:
        """The statement with nothing but the tokens from `first` to before `last`.

        Spaces stand for what is left out, so that lines and columns stay the same.
        """
        return self._pieces((first, last))

    def query(self, *ends: tuple[str, ...]) -> str:
        """The query that comes next, up to one of the `ends`, with the WITH clause before the statement."""
        if not any(self.at(word) for word in _QUERY_STARTS):
            raise self.unexpected("VALUES or SELECT")
        start = self.position
        self.skip_until(*ends)
        return self._pieces((0, self._ctes), (start, self.position))

    def _pieces(self, *ranges: tuple[int, int]) -> str:
        text = bytearray(self._raw.translate(_BLANK))
        for first, last in ranges:
            if first < last:
                place = slice(self._tokens[first].start, self._tokens[last - 1].end)
                text[place] = self._raw[place]
        return text.decode().rstrip()

    def words(self, first: int, last: int) -> set[str]:
        """The words among the tokens from `first` to before `last`."""
        return {token.word for token in self._tokens[first:last]}

    def unexpected(self, expected: str) -> InvalidStatement:
        """The error that something else than the next token was expected."""
        if self.ended:
            return InvalidStatement(f"syntax error at end of input: {expected} is expected.")
        token = self._tokens[self.position]
        before = self._raw[: token.start].decode()
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        found = token.text if len(token.text) <= 40 else token.text[:39] + "…"
        return InvalidStatement(
            f'syntax error at or near "{found}", at line {line}, column {column}: {expected} is expected.'
        )


def statements_in(tokens: list[Token]) -> Iterator[list[Token]]:
    """The tokens of each statement. Empty statements are left out."""
    places = [number for number, token in enumerate(tokens) if token.kind == _KIND.operator and ";" in token.text]
    for start, end in zip([-1, *places], [*places, len(tokens)], strict=True):
        if end - start > 1:
            yield tokens[start + 1 : end]


def _is(token: Token, word: str) -> bool:
    return (token.word or token.text) == word and token.kind != _KIND.string_const


def _is_plain_text(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] == "'"
