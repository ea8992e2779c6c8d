"""Long lists of constants, as in `IN (…)` and `VALUES …`: one object in the tree instead of a node for each constant.

Walking, rendering and comparing 10,000 nodes takes longer than DuckDB takes for the query. So the validator checks each
constant once and writes its SQL, which is put into the rendered statement in place of the list's generated name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, column
from supertable.adapters.engines.duckdb.statement.type_names import scalar_type
from supertable.adapters.engines.duckdb.statement.validation.allowed_grammar import EXPRESSION_CLASSES, TYPE_CLASSES
from supertable.adapters.engines.duckdb.types import literal

SHORTEST = 100
"""Shorter lists stay in the tree."""

_INTEGER = re.compile(r"-?\d[\d_]*")
_NUMERIC = re.compile(r"-?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?")
_FORMS = {"CONSTANT": "VALUE_CONSTANT", "CAST": "OPERATOR_CAST"}
_KEYS = {name: EXPRESSION_CLASSES[name].keys() for name in _FORMS}
_TYPE = TYPE_CLASSES["TYPE"].keys()
_LITERAL = {"kind", "text"}


@dataclass(frozen=True, slots=True, eq=False)
class LiteralList:
    """`name`: its generated name in the rendered statement. `sql`: the SQL to put there. `constants`: its nodes."""

    name: str
    sql: str
    constants: Sequence[Node]

    def reference(self) -> Node:
        """The node that stands for the list in the rendered statement."""
        return column(self.name)


def of_constants(name: str, constants: Sequence[Node]) -> LiteralList | None:
    """The list of these constants; None if one is anything else."""
    sql = _joined(constants)
    return None if sql is None else LiteralList(name, sql, constants)


def of_rows(name: str, rows: Sequence[Sequence[Node]]) -> LiteralList | None:
    """The list of these rows of constants, without the parentheses around all of them; None if one is not constant."""
    texts = [_joined(row) for row in rows]
    known = [text for text in texts if text is not None]
    return LiteralList(name, "), (".join(known), ()) if len(known) == len(rows) else None


def expanded(items: Sequence[Node | LiteralList]) -> Iterator[Node]:
    """The nodes, with those of lists."""
    for item in items:
        if isinstance(item, LiteralList):
            yield from item.constants
        else:
            yield item


def with_lists(sql: str, lists: Mapping[str, LiteralList]) -> str:
    """The SQL with the lists in place of their names."""
    if not lists:
        return sql
    names = "|".join(map(re.escape, sorted(lists, key=len, reverse=True)))
    return re.sub(names, lambda found: lists[found[0]].sql, sql)


def _joined(constants: Sequence[Node]) -> str | None:
    texts = []
    for node in constants:
        text = _sql(node)
        if text is None:
            return None
        texts.append(text)
    return ", ".join(texts)


def _sql(node: Any) -> str | None:
    """The SQL of a literal or a cast of a literal; None for other nodes, and for those with unknown parts."""
    kind = node["class"]
    if node["type"] != _FORMS.get(kind) or node.keys() != _KEYS[kind] or node["alias"] or not _is_located(node):
        return None
    if kind == "CAST":
        return _cast_sql(node)
    written = node["literal"]
    return _literal_sql(written["kind"], written["text"]) if written.keys() == _LITERAL else None


def _is_located(node: Node) -> bool:
    return type(node["query_location"]) is int and type(node["query_location_length"]) is int


def _literal_sql(kind: str, text: str) -> str | None:
    match kind:
        case "INTEGER":
            return text if _INTEGER.fullmatch(text) else None
        case "STRING":
            return literal(text) if "\0" not in text else None
        case "NUMERIC":
            return text if _NUMERIC.fullmatch(text) else None
        case "NULL_LITERAL":
            return "NULL"
        case "BOOLEAN":
            return text if text in ("true", "false") else None
    return None


def _cast_sql(node: Node) -> str | None:
    kind, child = node["type_expr"], _sql(node["child"])
    known = child is not None and kind.keys() == _TYPE and not kind["children"]
    name = scalar_type(kind) if known and kind["qualified_name"] == {"path": [kind["type_name"]]} else ""
    return f"{'TRY_CAST' if node['try_cast'] else 'CAST'}({child} AS {name})" if name else None
