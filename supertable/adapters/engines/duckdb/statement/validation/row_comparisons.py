"""Comparisons of rows as in standard SQL: column by column, so that a null may make the comparison null.

DuckDB compares rows as structs, within which a null is a value: there, `(NULL, 2) NOT IN ((1, 2))` is true.
- `(a, b) = (c, d)` becomes `a = c AND b = d`, and `(a, b) <> (c, d)` becomes `a <> c OR b <> d`.
- `(a, b) < (c, d)` becomes `a < c OR a = c AND b < d`; `<=`, `>`, `>=` and BETWEEN alike.
- `(a, b) IN ((c, d), (e, f))` becomes `a = c AND b = d OR a = e AND b = f`.
- Long lists of constants become `(a, b) IN (VALUES …)`, which DuckDB answers as standard SQL does. It is faster, but
  does not convert texts to the types of the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from itertools import islice
from typing import Any

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, arguments, nodes, star_over
from supertable.domain.errors import StatementRefused

LONGEST = 50
"""Longer lists are not written out: the time that takes grows with the square of the length."""

_AND, _OR = "CONJUNCTION_AND", "CONJUNCTION_OR"
_JOINED_BY = {"COMPARE_EQUAL": _AND, "COMPARE_NOTEQUAL": _OR}
_STRICT = {
    "COMPARE_LESSTHAN": "COMPARE_LESSTHAN",
    "COMPARE_LESSTHANOREQUALTO": "COMPARE_LESSTHAN",
    "COMPARE_GREATERTHAN": "COMPARE_GREATERTHAN",
    "COMPARE_GREATERTHANOREQUALTO": "COMPARE_GREATERTHAN",
}
_MOST_PARTS = 100
"""Of a row that is written several times, counting the dictionaries of its tree."""
_VOLATILE = frozenset({"gen_random_uuid", "random", "uuid", "uuidv4", "uuidv7"})
_NOT_CONSTANT = frozenset({"COLUMN_REF", "LAMBDA", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "WINDOW"})
_ANYWHERE = {"query_location": 18446744073709551615, "query_location_length": 0}
"""The location of what nobody wrote."""


def compare_columns(node: Node) -> None:
    """Changes a comparison of rows, or a conjunction of such, in place. Raises `StatementRefused`.

    Other expressions stay as they are.
    """
    if node["class"] == "CONJUNCTION":
        node["children"] = [part for child in node["children"] for part in _parts(child, node["type"])]
    elif found := _by_columns(node):
        kept = {key: node[key] for key in ("alias", *_ANYWHERE)}
        node.clear()
        node.update({**found, **kept})


def _parts(node: Node, conjunction: str) -> list[Node]:
    """What takes the place of one part of a conjunction. DuckDB has no conjunction within another of its kind."""
    found = _by_columns(node)
    if found is None:
        return [node]
    return found["children"] if found["type"] == conjunction else [found]


def _by_columns(node: Node) -> Node | None:
    """The comparison by columns; None if the node does not compare rows."""
    if node["class"] == "COMPARISON":
        return _compared(node["type"], node["left"], node["right"])
    if node["class"] == "BETWEEN":
        lower = _compared("COMPARE_GREATERTHANOREQUALTO", node["input"], node["lower"])
        upper = _compared("COMPARE_LESSTHANOREQUALTO", node["input"], node["upper"])
        return _joined(_AND, [lower, upper]) if lower and upper else None
    if node["class"] == "OPERATOR" and node["type"] == "COMPARE_IN":
        first, *values = node["children"]
        rows = [row for value in values if (row := _row(value))] if _row(first) else []
        return _listed(first, rows) if rows and len(rows) == len(values) else None
    return None


def _row(node: Any) -> list[Node] | None:
    """The columns of a row constructor; None: the node is something else."""
    if not isinstance(node, dict) or node["class"] != "FUNCTION" or str(node["function_name"]).lower() != "row":
        return None
    columns = arguments(node)
    if any(column["class"] == "STAR" for column in columns):
        raise StatementRefused("A row made of * cannot be compared. Name its columns.")
    return columns


def _compared(type_: str, left: Node, right: Node) -> Node | None:
    """None unless both are rows and the comparison is one that nulls matter for."""
    one, other = _row(left), _row(right)
    if not one or not other:
        return None
    if type_ in _JOINED_BY:
        return _joined(_JOINED_BY[type_], [_comparison(type_, *pair) for pair in _pairs(one, other)])
    if type_ not in _STRICT:
        return None
    if not (_may_be_repeated(left) and _may_be_repeated(right)):
        raise StatementRefused("These rows are too complex to order. Compare their columns: a < c OR a = c AND b < d …")
    return _ordered(type_, _pairs(one, other))


def _ordered(type_: str, pairs: Sequence[tuple[Node, Node]]) -> Node:
    ways = []
    for last in range(len(pairs)):
        types = [*["COMPARE_EQUAL"] * last, type_ if last == len(pairs) - 1 else _STRICT[type_]]
        columns = [_comparison(each, *deepcopy(pair)) for each, pair in zip(types, pairs, strict=False)]
        ways.append(_joined(_AND, columns))
    return _joined(_OR, ways)


def _comparison(type_: str, left: Node, right: Node) -> Node:
    return {"class": "COMPARISON", "type": type_, "alias": "", **_ANYWHERE, "left": left, "right": right}


def _pairs(left: Sequence[Node], right: Sequence[Node]) -> list[tuple[Node, Node]]:
    """The columns to compare, with those of rows within the rows."""
    pairs, found = _zipped(left, right), []
    while pairs:
        one, other = pairs.pop(0)
        inner = _row(one), _row(other)
        if inner[0] and inner[1]:
            pairs = [*_zipped(inner[0], inner[1]), *pairs]
        else:
            found.append((one, other))
    return found


def _zipped(left: Sequence[Node], right: Sequence[Node]) -> list[tuple[Node, Node]]:
    if len(left) != len(right):
        raise StatementRefused(f"A row of {len(left)} columns cannot be compared with a row of {len(right)}.")
    return list(zip(left, right, strict=True))


def _joined(conjunction: str, parts: list[Node]) -> Node:
    if len(parts) == 1:
        return parts[0]
    return {"class": "CONJUNCTION", "type": conjunction, "alias": "", **_ANYWHERE, "children": parts}


def _listed(first: Node, rows: Sequence[list[Node]]) -> Node:
    if len(rows) == 1:
        return _equal(first, rows[0])
    if len(rows) <= LONGEST and _may_be_repeated(first):
        return _joined(_OR, [_equal(deepcopy(first), row) for row in rows])
    if not all(_is_constant(value) for row in rows for value in row):
        raise StatementRefused(
            "This list of rows is too long or too complex to compare. Give constants only, or compare the columns: "
            "a = c AND b = d OR …"
        )
    for row in rows:
        _zipped(arguments(first), row)
    return _in_values(first, rows)


def _equal(row: Node, columns: list[Node]) -> Node:
    return _joined(_AND, [_comparison("COMPARE_EQUAL", *pair) for pair in _pairs(arguments(row), columns)])


def _may_be_repeated(row: Node) -> bool:
    parts = list(islice(nodes(row), _MOST_PARTS + 1))
    harmless = not any(part.get("class") == "SUBQUERY" or part.get("function_name") in _VOLATILE for part in parts)
    return harmless and len(parts) <= _MOST_PARTS


def _is_constant(value: Node) -> bool:
    return not any(part.get("class") in _NOT_CONSTANT or part.get("function_name") == "row" for part in nodes(value))


def _in_values(row: Node, rows: Sequence[list[Node]]) -> Node:
    listed = {"type": "EXPRESSION_LIST", "alias": "valueslist", "sample": None, **_ANYWHERE}
    query = star_over({**listed, "expected_names": [], "expected_types": [], "values": list(rows)})
    query["select_list"][0].update(_ANYWHERE)
    return {
        "class": "SUBQUERY",
        "type": "SUBQUERY",
        "alias": "",
        **_ANYWHERE,
        "subquery_type": "ANY",
        "subquery": {"node": query, "named_param_map": []},
        "child": row,
        "comparison_type": "COMPARE_EQUAL",
    }
