"""Conditions without the name of their table, and with values in place of their parameters.

A value becomes the tree that DuckDB parses from a literal of its type, so that a condition needs no parameters when it
runs, wherever that is, and is recorded with its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, expressions
from supertable.adapters.engines.duckdb.statement.parser import parse_tree
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.adapters.engines.duckdb.types import literal, quoted
from supertable.application.ports.engines.row_finders import ConditionScope
from supertable.domain.errors import InvalidStatement

_MICROSECOND = timedelta(microseconds=1)


def fill_scope(cursor: duckdb.DuckDBPyConnection, condition: Node, scope: ConditionScope) -> None:
    """Changes the condition. Raises `InvalidStatement` for parameters without a value, and values without one."""
    table = tuple(map(ascii_lower, scope.table))
    used: set[Any] = set()
    for node in expressions(condition):
        if node.get("class") == "COLUMN_REF":
            _shorten(node["column_names"], table)
        elif node.get("class") == "PARAMETER":
            key = _key(node["identifier"], scope.parameters)
            used.add(key)
            alias = node["alias"]
            node.clear()
            node.update(_tree_of(cursor, value_sql(scope.parameters[key])), alias=alias)
    left = [f"${key if isinstance(key, str) else key + 1}" for key in _keys(scope.parameters) if key not in used]
    if left:
        raise InvalidStatement(f"The statement has no parameter for these values: {', '.join(left)}.")


def value_sql(value: Any) -> str:
    """A SQL expression of the value's own type. Its kinds are those of `exact_parameters`."""
    return next(convert for kind, convert in _LITERALS if isinstance(value, kind))(value)


def _decimal_sql(value: Decimal) -> str:
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    return f"CAST('{value:f}' AS DECIMAL({max(len(digits), -exponent, 1)}, {-exponent}))"


def _struct_sql(value: Mapping[str, Any]) -> str:
    return f"struct_pack({', '.join(f'{quoted(name)} := {value_sql(part)}' for name, part in value.items())})"


def _shorten(column: list[str], table: Sequence[str]) -> None:
    """Leaves the table's name out, or the end of it."""
    for start in range(len(table)):
        parts = table[start:]
        if len(column) > len(parts) and tuple(map(ascii_lower, column[: len(parts)])) == tuple(parts):
            del column[: len(parts)]
            return


def _key(identifier: str, parameters: Sequence[Any] | Mapping[str, Any]) -> Any:
    """The key of the value in `parameters`."""
    if isinstance(parameters, Mapping):
        if identifier in parameters:
            return identifier
    elif identifier.isdecimal() and 1 <= int(identifier) <= len(parameters):
        return int(identifier) - 1
    raise InvalidStatement(f"There is no value for the parameter ${identifier}.")


def _keys(parameters: Sequence[Any] | Mapping[str, Any]) -> Iterator[Any]:
    yield from parameters if isinstance(parameters, Mapping) else range(len(parameters))


def _tree_of(cursor: duckdb.DuckDBPyConnection, sql: str) -> Node:
    tree, _ = parse_tree(cursor, f"SELECT {sql}")
    (item,) = tree["node"]["select_list"]
    found: Node = item
    return found


_LITERALS: Sequence[tuple[type | tuple[type, ...], Callable[[Any], str]]] = (
    (type(None), lambda _: "NULL"),
    (bool, lambda value: str(value).lower()),
    (int, str),
    (float, lambda value: f"CAST('{value!r}' AS DOUBLE)"),
    (str, lambda value: f"CAST({literal(value)} AS VARCHAR)"),
    (bytes, lambda value: f"CAST('{''.join(f'{chr(92)}x{byte:02X}' for byte in value)}' AS BLOB)"),
    (Decimal, _decimal_sql),
    (datetime, lambda value: f"CAST('{value.isoformat(' ')}' AS {'TIMESTAMPTZ' if value.tzinfo else 'TIMESTAMP'})"),
    ((date, time, UUID), lambda value: f"CAST('{value}' AS {type(value).__name__.upper()})"),
    (timedelta, lambda value: f"to_microseconds({value // _MICROSECOND})"),
    (list, lambda values: f"list_value({', '.join(map(value_sql, values))})"),
    (dict, _struct_sql),
)
