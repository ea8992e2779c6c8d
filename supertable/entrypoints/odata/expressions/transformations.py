"""`$apply`: the transformations of OData's extension for data aggregation 4.0."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from supertable.domain.errors import InvalidInput
from supertable.domain.names import did_you_mean
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.expressions.literals import literal_of
from supertable.entrypoints.odata.expressions.options import alias_of, computed_values, order_items
from supertable.entrypoints.odata.expressions.parser import Parser
from supertable.entrypoints.odata.expressions.search import SearchParser
from supertable.entrypoints.odata.expressions.syntax import (
    Aggregate,
    Aggregated,
    Compute,
    Cut,
    Filter,
    GroupBy,
    Identity,
    Leading,
    Ordered,
    Path,
    Search,
    Transformation,
)

METHODS = ("sum", "min", "max", "average", "countdistinct")
_LEADING = frozenset({"topcount", "bottomcount", "topsum", "bottomsum", "toppercent", "bottompercent"})
_NOT_SUPPORTED = frozenset(
    {"concat", "expand", "nest", "addnested", "join", "outerjoin", "ancestors", "descendants", "traverse"}
)
_MOST_STEPS = 30
_MOST_VALUES = 100


def parse_apply(text: str, aliases: Mapping[str, str] | None = None) -> tuple[Transformation, ...]:
    """The transformations in their order. Raises `InvalidInput`, and `NotSupported` for those that have no SQL here."""
    parser = Parser(text, "$apply", aliases)
    steps = _steps(parser)
    parser.tokens.end()
    return steps


def _steps(parser: Parser) -> tuple[Transformation, ...]:
    steps = [_step(parser)]
    while parser.tokens.take("/"):
        steps.append(_step(parser))
    if len(steps) > _MOST_STEPS:
        raise InvalidInput(f"$apply has more than {_MOST_STEPS} transformations.")
    return tuple(steps)


def _step(parser: Parser) -> Transformation:
    token = parser.tokens.current
    name = token.text.lower()
    if token.kind == "name" and (name in _NOT_SUPPORTED or "." in name):
        raise NotSupported(f"$apply, position {token.at}: {token.text[:80]} is not supported.")
    if token.kind != "name" or (name not in _PARSERS and name not in _LEADING and name != "identity"):
        hint = did_you_mean(name, [*_PARSERS, *_LEADING, "identity"])
        raise parser.tokens.error(f"expected a transformation{f'.{hint}' if hint else ''}")
    parser.tokens.next()
    if name == "identity":
        return Identity()
    if name == "search":
        return _search(parser)
    parser.tokens.expect("(")
    found = _leading(parser, name, token.at) if name in _LEADING else _PARSERS[name](parser, token.at)
    parser.tokens.expect(")")
    return found


def _search(parser: Parser) -> Search:
    """A search has words of its own, so another parser reads it."""
    if parser.tokens.current.text != "(":
        raise parser.tokens.error("expected `(`")
    inner = SearchParser(parser.tokens.text, parser.tokens.position)
    found = inner.expression()
    parser.tokens.restart(inner.position)
    parser.tokens.expect(")")
    return Search(found)


def _aggregate(parser: Parser, _: int) -> Aggregate:
    values = [_aggregated(parser)]
    while parser.tokens.take(","):
        values.append(_aggregated(parser))
    if len(values) > _MOST_VALUES:
        raise InvalidInput(f"$apply has more than {_MOST_VALUES} values in one `aggregate`.")
    return Aggregate(tuple(values))


def _aggregated(parser: Parser) -> Aggregated:
    at = parser.tokens.current.at
    if parser.tokens.current.text == "$count":
        parser.tokens.next()
        return Aggregated(None, "$count", alias_of(parser), at)
    expression = parser.expression()
    if not parser.tokens.word("with"):
        raise NotSupported(f"$apply, position {at}: custom aggregates are not supported. Write `with` and a method.")
    parser.tokens.next()
    method = parser.tokens.next()
    if "." in method.text or parser.tokens.word("from"):
        raise NotSupported(f"$apply, position {method.at}: custom methods and `from` are not supported.")
    if method.text.lower() not in METHODS:
        hint = did_you_mean(method.text, METHODS)
        raise parser.tokens.error(f"the methods are {', '.join(METHODS)}{f'.{hint}' if hint else ''}", method.at)
    alias = alias_of(parser)
    if parser.tokens.word("from"):
        raise NotSupported(f"$apply, position {at}: `from` is not supported.")
    return Aggregated(expression, method.text.lower(), alias, at)


def _groupby(parser: Parser, at: int) -> GroupBy:
    parser.tokens.expect("(")
    paths = [_group_path(parser)]
    while parser.tokens.take(","):
        paths.append(_group_path(parser))
    parser.tokens.expect(")")
    steps = _steps(parser) if parser.tokens.take(",") else ()
    if len(paths) > _MOST_VALUES:
        raise InvalidInput(f"$apply groups by more than {_MOST_VALUES} properties.")
    return GroupBy(tuple(paths), steps, at)


def _group_path(parser: Parser) -> Path:
    token = parser.tokens.current
    if token.text.lower() in ("rollup", "rolluprecursive"):
        raise NotSupported(f"$apply, position {token.at}: {token.text} is not supported.")
    return parser.path()


def _leading(parser: Parser, name: str, at: int) -> Leading:
    amount = literal_of(parser.tokens)
    if amount is None or amount.kind not in ("Edm.Int64", "Edm.Decimal", "Edm.Double"):
        raise NotSupported(f"$apply, position {at}: {name} takes a number, and then an expression.")
    parser.tokens.expect(",")
    return Leading(name, amount, parser.expression(), at)


def _cut(name: str) -> Callable[[Parser, int], Cut]:
    def parse(parser: Parser, at: int) -> Cut:
        found = literal_of(parser.tokens)
        if found is None or not isinstance(found.value, int) or not 0 <= found.value < 2**53:
            raise parser.tokens.error(f"{name} takes a whole number", at)
        return Cut(name, found.value)

    return parse


def _filter(parser: Parser, _: int) -> Filter:
    return Filter(parser.expression())


_PARSERS: dict[str, Callable[[Parser, int], Transformation]] = {
    "aggregate": _aggregate,
    "groupby": _groupby,
    "filter": _filter,
    "compute": lambda parser, _: Compute(computed_values(parser)),
    "orderby": lambda parser, _: Ordered(order_items(parser)),
    "top": _cut("top"),
    "skip": _cut("skip"),
    "search": lambda parser, _: _search(parser),
}
