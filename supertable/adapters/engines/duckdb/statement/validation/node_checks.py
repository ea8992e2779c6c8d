"""The content of single nodes of a parse tree, compared with the allowed grammar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, argument, column, name_parts, set_name
from supertable.adapters.engines.duckdb.statement.validation.allowed_grammar import NAMED_BY, RECORDS
from supertable.adapters.engines.duckdb.statement.validation.contents import (
    Child,
    Children,
    Content,
    Empty,
    Keys,
    Leaf,
    Texts,
)
from supertable.adapters.engines.duckdb.statement.validation.literal_lists import LiteralList
from supertable.domain.errors import StatementRefused


def keys_of(kind: str, node: Node) -> Keys:
    """The keys that the node may have. Raises `StatementRefused` where it has others, or two names."""
    if kind in RECORDS:
        keys: Keys | None = RECORDS[kind]
    else:
        tag, known = NAMED_BY[kind]
        keys = known.get(node[tag])
    if keys is None or not node.keys() <= keys.keys():
        raise StatementRefused(f"This statement has a part that is not supported ({_described(kind, node)}).")
    if "qualified_name" in keys:
        _check_name(node)
    return keys


def contents_of(kind: str, key: str, value: Any, content: Content) -> Iterator[tuple[str, Node]]:
    """The nodes in `value`. Raises `StatementRefused` where the value does not match `content`."""
    match content:
        case Leaf(allowed):
            matches = not isinstance(value, dict | list) and (allowed is None or value in allowed)
        case Texts():
            matches = isinstance(value, list) and all(isinstance(text, str) for text in value)
        case Empty():
            matches = value == []
        case Child(below):
            matches = value is None or isinstance(value, dict | LiteralList)
            if value and isinstance(value, dict):
                yield below, value
        case Children(below, depth):
            matches = isinstance(value, list)
            for item in value if depth == 1 else [item for row in value for item in row]:
                if not isinstance(item, LiteralList):
                    yield below, item
        case _:
            matches = True
    if not matches:
        raise StatementRefused(f"This statement has a part that is not supported ({kind}: {key}).")


def _described(kind: str, node: Node) -> str:
    name = node.get(NAMED_BY[kind][0]) if kind in NAMED_BY else None
    return f"{kind} {str(name).lower().replace('_', ' ')}" if name else kind


def _check_name(node: Node) -> None:
    """Refuses a name of more than three parts, which DuckDB keeps in the `qualified_name` alone."""
    if node["qualified_name"] == {"path": name_parts(node)}:
        return
    path = [str(part) for part in node["qualified_name"]["path"]]
    if len(path) <= 3 or path[-1] != name_parts(node)[-1]:
        raise StatementRefused("A name in this statement has an unknown form.")
    if node.get("class") != "FUNCTION":
        raise StatementRefused(f"{'.'.join(path)!r} has more than three parts.")
    method_to_function(node, path)


def method_to_function(node: Node, path: list[str]) -> None:
    """Turns `column.function(…)` into `function(column, …)`, as DuckDB does where no schema has that name."""
    set_name(node, path[-1])
    node["arguments"] = [argument(column(*path[:-1])), *node["arguments"]]
