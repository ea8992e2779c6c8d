"""Key predicates of URLs: `(1)`, `('x')` and `(a=1,b='x')`."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.expressions.parser import Parser
from supertable.entrypoints.odata.expressions.syntax import Literal


def parse_key(text: str, key: tuple[str, ...], aliases: Mapping[str, str] | None = None) -> dict[str, Literal]:
    """The value of each property of `key`, from the text between the parentheses of `Orders(…)`.

    A single value without a name is that of a key of one property. Raises `InvalidInput` if a property is missing,
    named twice, or not of the key.
    """
    parser = Parser(text, "The key", aliases)
    values: dict[str, Literal] = {}
    while True:
        name = _name(parser, key)
        if name in values or name not in key:
            raise parser.tokens.error(f"{name[:80]!r} is named twice, or not of the key ({', '.join(key)})")
        values[name] = _value(parser)
        if not parser.tokens.take(","):
            break
    parser.tokens.end()
    if missing := [name for name in key if name not in values]:
        raise InvalidInput(f"The key needs {', '.join(missing)} too: ({','.join(f'{name}=…' for name in key)}).")
    return values


def _name(parser: Parser, key: tuple[str, ...]) -> str:
    token = parser.tokens.current
    after = parser.tokens.text[parser.tokens.position :].lstrip()[:1]
    if token.kind == "name" and after == "=":
        parser.tokens.next()
        parser.tokens.expect("=")
        return token.text
    if len(key) != 1:
        raise parser.tokens.error(f"a key of {len(key)} properties names each of them, as in {key[0]}=…")
    return key[0]


def _value(parser: Parser) -> Literal:
    token = parser.tokens.current
    found = parser.operand()
    if not isinstance(found, Literal) or found.kind == "null":
        raise parser.tokens.error("expected the value of a key", token.at)
    return found
