"""Tokens of expressions. Source: the ABNF construction rules of OData 4.01."""

from __future__ import annotations

import re
from dataclasses import dataclass

from supertable.domain.errors import InvalidInput

MOST_CHARACTERS = 100_000
"""In one option. It is what a browser or gateway would pass, many times over."""
_CLOCK = r"\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?"
_DATE = r"-?\d{4,6}-\d\d-\d\d"
_NAME = r"[^\W\d]\w*"
_TOKEN = re.compile(
    rf"""(?P<space>[ \t]+)
    |(?P<guid>[0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}(?!\w))
    |(?P<moment>{_DATE}[Tt]{_CLOCK}(?:[Zz]|[+-]\d\d:\d\d)?)
    |(?P<date>{_DATE})
    |(?P<clock>{_CLOCK})
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<typed>{_NAME}(?:\.{_NAME})*'(?:[^']|'')*')
    |(?P<string>'(?:[^']|'')*')
    |(?P<json>"(?:[^"\\]|\\.)*")
    |(?P<alias>@{_NAME}(?:\.{_NAME})*(?:\#{_NAME})?)
    |(?P<special>\${_NAME})
    |(?P<name>{_NAME}(?:\.{_NAME})*)
    |(?P<mark>[()/,:;\[\]{{}}*=+-])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: a group of the pattern above, or `end`. `spaced`: whether there is space before it."""

    kind: str
    text: str
    at: int
    spaced: bool


class Tokens:
    """The tokens of one text, one by one. `option`: what the text is, for messages."""

    def __init__(self, text: str, option: str) -> None:
        """Raises `InvalidInput` for a text that is too long."""
        if len(text) > MOST_CHARACTERS:
            raise InvalidInput(f"{option} has more than {MOST_CHARACTERS:,} characters. Filter by fewer values.")
        self.text = text
        self.option = option
        self.position = 0
        self.current = self._read()

    def next(self) -> Token:
        """The current token; the one after it becomes the current one."""
        token = self.current
        self.current = self._read()
        return token

    def take(self, text: str) -> bool:
        """Whether the current token is this mark; it is consumed then."""
        if self.current.kind != "mark" or self.current.text != text:
            return False
        self.next()
        return True

    def expect(self, text: str) -> Token:
        """Consume this mark. Raises `InvalidInput` if another token is there."""
        if self.current.kind != "mark" or self.current.text != text:
            raise self.error(f"expected `{text}`")
        return self.next()

    def word(self, *words: str) -> str:
        """The word among `words` that the current token is, in any case; empty: none. It is not consumed."""
        lower = self.current.text.lower()
        return lower if self.current.kind == "name" and lower in words else ""

    def end(self) -> None:
        """Raises `InvalidInput` if anything is left."""
        if self.current.kind != "end":
            raise self.error("expected an operator or the end")

    def restart(self, position: int) -> None:
        """Go on reading at a position, where another reader of the text has stopped."""
        self.position = position
        self.current = self._read()

    def error(self, what: str, at: int | None = None) -> InvalidInput:
        """An error at the current token, or where `at` says."""
        at = self.current.at if at is None else at
        near = self.text[at : at + 20]
        return InvalidInput(f"{self.option}, position {at}: {what}{f', near {near!r}' if near else ' at the end'}.")

    def _read(self) -> Token:
        found = _TOKEN.match(self.text, self.position)
        spaced = bool(found and found.lastgroup == "space")
        if found and spaced:
            self.position = found.end()
            found = _TOKEN.match(self.text, self.position)
        at = self.position
        if at >= len(self.text):
            return Token("end", "", at, spaced)
        if found is None:
            quote = "a text that does not end" if self.text[at] in "'\"" else "a character that is not allowed here"
            near = self.text[at : at + 20]
            raise InvalidInput(f"{self.option}, position {at}: {quote}, near {near!r}.")
        self.position = found.end()
        return Token(str(found.lastgroup), found.group(), at, spaced)
