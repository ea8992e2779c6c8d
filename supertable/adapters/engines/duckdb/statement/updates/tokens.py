"""The text of a statement as DuckDB's tokens, and its division at words outside of parentheses and CASE."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import duckdb

from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.domain.errors import InvalidStatement, StatementRefused

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_WORDS = (duckdb.token_type.keyword, duckdb.token_type.identifier)


@dataclass(frozen=True, slots=True)
class Token:
    """`word`: the text in lower case, of a keyword or a name without quotes; else empty. `depth`: how many parentheses
    and CASEs are open around it."""

    text: str
    start: int
    end: int
    word: str
    is_name: bool
    depth: int

    @property
    def name(self) -> str:
        """The name that the token stands for."""
        return self.text[1:-1].replace('""', '"') if self.text.startswith('"') else self.text


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a statement without the comments around it. `raw`: the whole statement, in UTF-8."""

    raw: bytes
    tokens: tuple[Token, ...]

    def __bool__(self) -> bool:
        return bool(self.tokens)

    @property
    def text(self) -> str:
        return self.raw[self.tokens[0].start : self.tokens[-1].end].decode() if self.tokens else ""

    @property
    def words(self) -> tuple[str, ...]:
        """The words outside of parentheses; empty texts stand for everything else."""
        return tuple(token.word if self._is_outside(token) else "" for token in self.tokens)

    def find(self, words: Collection[str], start: int = 0) -> int:
        """The index of the first such word outside of parentheses, or the number of tokens."""
        for number in range(start, len(self.tokens)):
            token = self.tokens[number]
            if token.word in words and self._is_outside(token) and not self._is_comparison(number):
                return number
        return len(self.tokens)

    def part(self, start: int, end: int | None = None) -> Piece:
        return Piece(self.raw, self.tokens[start:end])

    def split(self, separator: str) -> list[Piece]:
        """The parts between separators outside of parentheses."""
        ends = [n for n, token in enumerate(self.tokens) if token.text == separator and self._is_outside(token)]
        starts = [0, *(end + 1 for end in ends)]
        return [self.part(start, end) for start, end in zip(starts, [*ends, len(self.tokens)], strict=True)]

    def within_parentheses(self) -> Piece | None:
        """What the one pair of parentheses around the piece holds; None if there is no such pair."""
        if len(self.tokens) < 2 or self.tokens[0].text != "(" or self.tokens[-1].text != ")":
            return None
        if any(self._is_outside(token) for token in self.tokens[1:-1]):
            return None
        return self.part(1, -1)

    def _is_outside(self, token: Token) -> bool:
        return token.depth == self.tokens[0].depth

    def _is_comparison(self, number: int) -> bool:
        """Whether the word is the FROM of IS [NOT] DISTINCT FROM."""
        return self.tokens[number].word == "from" and number > 0 and self.tokens[number - 1].word == "distinct"


def tokenized(sql: str) -> Piece:
    """The one statement in `sql`, with numbers for its parameters `?`. Raises `InvalidStatement`."""
    numbered = _with_numbers(sql)
    piece = Piece(numbered.encode(), tuple(_tokens(numbered)))
    while piece and piece.tokens[-1].text == ";":
        piece = piece.part(0, -1)
    if any(token.text == ";" for token in piece.tokens):
        raise StatementRefused("One statement at a time.")
    return piece


def _with_numbers(sql: str) -> str:
    """`?` becomes `$1`, `$2`, …, since the query has the parts of the statement in another order."""
    marks = [token.start for token in _tokens(sql) if token.text == "?"]
    raw, parts, end = sql.encode(), [], 0
    for number, start in enumerate(marks, 1):
        is_numbered = raw[start + 1 : start + 2].isdigit()
        parts += [raw[end:start], b"$" if is_numbered else b"$%d" % number]
        end = start + 1
    return b"".join([*parts, raw[end:]]).decode()


def _tokens(sql: str) -> Iterator[Token]:
    raw, found = sql.encode(), duckdb.tokenize(sql)
    ends = [start for start, _ in found[1:]] + [len(raw)]
    open_ones: list[str] = []
    for (start, kind), end in zip(found, ends, strict=False):  # an empty text has an end but no token
        if kind == duckdb.token_type.comment:
            continue
        text = raw[start:end].decode().rstrip()
        is_name = kind in _WORDS and bool(text)
        word = ascii_lower(text) if is_name and not text.startswith('"') else ""
        if text in _CLOSING or (word == "end" and open_ones and open_ones[-1] == "case"):
            if not open_ones:
                raise InvalidStatement(f"syntax error at or near {text!r}.")
            open_ones.pop()
        yield Token(text, start, start + len(text.encode()), word, is_name, len(open_ones))
        if text in _OPENING or word == "case":
            open_ones.append(word or text)
