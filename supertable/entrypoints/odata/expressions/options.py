"""`$orderby`, `$select` and `$compute`."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.parser import Parser
from supertable.entrypoints.odata.expressions.syntax import Computed, OrderItem, Path

_MOST_ORDERS = 32


def parse_orderby(text: str, aliases: Mapping[str, str] | None = None) -> tuple[OrderItem, ...]:
    """The expressions of an order, the first one deciding first. Raises `InvalidInput` and `NotSupported`."""
    parser = Parser(text, "$orderby", aliases)
    found = order_items(parser)
    parser.tokens.end()
    return found


def order_items(parser: Parser) -> tuple[OrderItem, ...]:
    """The items that begin at the parser's place."""
    items = [_order_item(parser)]
    while parser.tokens.take(","):
        items.append(_order_item(parser))
    if len(items) > _MOST_ORDERS:
        raise InvalidInput(f"$orderby has more than {_MOST_ORDERS} expressions.")
    return tuple(items)


def _order_item(parser: Parser) -> OrderItem:
    expression = parser.expression()
    direction = parser.tokens.word("asc", "desc")
    if direction:
        parser.tokens.next()
    return OrderItem(expression, direction == "desc")


def parse_select(text: str) -> tuple[Path, ...]:
    """The paths of a selection; `*` is a path of this one name. Raises `InvalidInput` and `NotSupported`."""
    parser = Parser(text, "$select")
    paths = [_selected(parser)]
    while parser.tokens.take(","):
        paths.append(_selected(parser))
    if parser.tokens.current.text == "(":
        raise NotSupported(f"$select, position {parser.tokens.current.at}: options in parentheses are not supported.")
    parser.tokens.end()
    return tuple(paths)


def _selected(parser: Parser) -> Path:
    token = parser.tokens.current
    if parser.tokens.take("*"):
        return Path(("*",), token.at)
    names = [_segment(parser)]
    while parser.tokens.take("/"):
        names.append(_segment(parser))
    return Path(tuple(names), token.at)


def _segment(parser: Parser) -> str:
    token = parser.tokens.current
    if token.kind == "special" or (token.kind == "name" and "." in token.text) or token.kind == "alias":
        raise NotSupported(f"$select, position {token.at}: {token.text[:80]} is not supported.")
    return parser.name("the name of a property").text


def parse_compute(text: str, aliases: Mapping[str, str] | None = None) -> tuple[Computed, ...]:
    """The values with their names. Raises `InvalidInput` and `NotSupported`."""
    parser = Parser(text, "$compute", aliases)
    found = computed_values(parser)
    parser.tokens.end()
    return found


def computed_values(parser: Parser) -> tuple[Computed, ...]:
    """The values that begin at the parser's place."""
    values = [_computed(parser)]
    while parser.tokens.take(","):
        values.append(_computed(parser))
    return tuple(values)


def _computed(parser: Parser) -> Computed:
    at = parser.tokens.current.at
    expression = parser.expression()
    return Computed(expression, alias_of(parser), at)


def alias_of(parser: Parser) -> str:
    """The name after `as`."""
    if not parser.tokens.word("as"):
        raise parser.tokens.error("expected `as` and a name")
    parser.tokens.next()
    return parser.name("a name").text
