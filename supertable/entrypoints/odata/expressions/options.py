"""`$orderby`, `$select` and `$compute`."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.parser import Parser
from supertable.entrypoints.odata.expressions.syntax import Computed, OrderItem, Path

_MOST_ORDERS, _MOST_NESTED = 32, 32


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
    """The paths of a selection; `*` is a path of this one name. `s($select=a,b)` is `s/a,s/b`.

    Raises `InvalidInput` and `NotSupported`.
    """
    parser = Parser(text, "$select")
    found = _selected(parser, ())
    parser.tokens.end()
    return found


def _selected(parser: Parser, within: tuple[str, ...]) -> tuple[Path, ...]:
    """The paths that begin at the parser's place. `within`: the struct whose members they name."""
    if len(within) > _MOST_NESTED:
        raise parser.tokens.error(f"more than {_MOST_NESTED} levels of selections")
    paths = [*_selected_item(parser, within)]
    while parser.tokens.take(","):
        paths += _selected_item(parser, within)
    return tuple(paths)


def _selected_item(parser: Parser, within: tuple[str, ...]) -> tuple[Path, ...]:
    token = parser.tokens.current
    if parser.tokens.take("*"):
        return (Path(within or ("*",), token.at),)
    names = [*within, _segment(parser)]
    while parser.tokens.take("/"):
        names.append(_segment(parser))
    if not parser.tokens.take("("):
        return (Path(tuple(names), token.at),)
    option = parser.tokens.next()
    if option.text.lower().removeprefix("$") != "select":
        raise NotSupported(f"$select, position {option.at}: {option.text[:80]} within $select is not supported.")
    parser.tokens.expect("=")
    found = _selected(parser, tuple(names))
    if parser.tokens.current.text == ";":
        raise NotSupported(f"$select, position {parser.tokens.current.at}: one option within $select is supported.")
    parser.tokens.expect(")")
    return found


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
