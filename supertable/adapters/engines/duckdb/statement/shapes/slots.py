"""The literals of a checked statement that another may replace without a change of anything else.

They are compared with columns in the conditions of WHERE and ON: `a = 5`, `a BETWEEN 1 AND 5`, `a IN (1, 5)`.
Everywhere else, the value of a literal may decide what a statement means, how its columns are called, or whether it
runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, nodes
from supertable.adapters.engines.duckdb.statement.shapes.literal_tokens import LiteralToken, value_of
from supertable.adapters.engines.duckdb.types import literal

Path = tuple[str | int, ...]
_LISTED = frozenset({"COMPARE_IN", "COMPARE_NOT_IN"})


@dataclass(frozen=True, slots=True)
class Slot:
    """A literal: the number of its token in the text, `-` if it is negative, and its places.

    `path`: of its node in the tree. `start` and `end`: in the rendered statement, in bytes.
    """

    token: int
    sign: str
    path: Path
    start: int
    end: int


def slots_of(sql: str, tokens: Sequence[LiteralToken], tree: Node, rendered: bytes, reparsed: Node) -> list[Slot]:
    """The slots, in the order of the rendered statement. `rendered`: the tree as SQL; `reparsed`: the tree of that."""
    starts = {len(sql[: token.start].encode()): number for number, token in enumerate(tokens)}
    compared = [(path, node) for path, node in _compared(tree["node"], ("node",)) if node["literal"]["kind"] != "NULL"]
    everywhere = Counter(node["query_location"] for node in nodes(tree) if node.get("class") == "CONSTANT")
    here = Counter(node["query_location"] for _, node in compared)
    slots = []
    for path, node in compared:
        place = node["query_location"]
        sign = "-" if str(node["literal"]["text"]).startswith("-") and node["literal"]["kind"] != "STRING" else ""
        number = starts.get(place + len(sign))
        span = _rendered_span(_at(reparsed, path), node, rendered)
        if number is not None and span and here[place] == everywhere[place] and _is(sql, tokens[number], sign, node):
            slots.append(Slot(number, sign, path, *span))
    return sorted(slots, key=lambda slot: slot.start)


def rendered_literal(kind: str, text: str) -> str:
    """The literal as DuckDB renders it."""
    return literal(text) if kind == "STRING" else text


def _is(sql: str, token: LiteralToken, sign: str, node: Node) -> bool:
    """Whether the token, with the sign before it, is the whole of the literal."""
    length = len(sql[token.start : token.end].encode()) + len(sign)
    written = {"kind": token.kind, "text": sign + value_of(sql, token)}
    return bool(node["literal"] == written and node["query_location_length"] == length)


def _rendered_span(other: Any, node: Node, rendered: bytes) -> tuple[int, int] | None:
    """Where the literal is in the rendered statement; None where that is not sure."""
    if not isinstance(other, dict) or other.get("class") != "CONSTANT" or other["literal"] != node["literal"]:
        return None
    start = other["query_location"]
    end = start + other["query_location_length"]
    text = rendered_literal(node["literal"]["kind"], node["literal"]["text"])
    return (start, end) if rendered[start:end] == text.encode() else None


def _at(tree: Any, path: Path) -> Any:
    """The part of the tree at the path; None: it has none."""
    try:
        for key in path:
            tree = tree[key]
    except (KeyError, IndexError, TypeError):
        return None
    return tree


def _compared(query: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    for number, entry in enumerate(query["cte_map"]["map"]):
        yield from _compared(entry["value"]["query_node"], (*path, "cte_map", "map", number, "value", "query_node"))
    if query["type"] == "SET_OPERATION_NODE":
        for number, child in enumerate(query["children"]):
            yield from _compared(child, (*path, "children", number))
    elif query["type"] == "SELECT_NODE":
        yield from _in_table(query["from_table"], (*path, "from_table"))
        yield from _in_condition(query["where_clause"], (*path, "where_clause"))


def _in_table(table: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    if table["type"] == "JOIN":
        for side in ("left", "right"):
            yield from _in_table(table[side], (*path, side))
        yield from _in_condition(table["condition"], (*path, "condition"))
    elif table["type"] == "SUBQUERY":
        yield from _compared(table["subquery"]["node"], (*path, "subquery", "node"))


def _in_condition(node: Node | None, path: Path) -> Iterator[tuple[Path, Node]]:
    if node is None:
        return
    match node["class"]:
        case "CONJUNCTION":
            for number, child in enumerate(node["children"]):
                yield from _in_condition(child, (*path, "children", number))
        case "COMPARISON":
            yield from _beside_column(node, ["left", "right"], path)
        case "BETWEEN":
            yield from _beside_column(node, ["input", "lower", "upper"], path)
        case "OPERATOR" if node["type"] in _LISTED:
            yield from _beside_column(node["children"], list(range(len(node["children"]))), (*path, "children"))
        case "OPERATOR" if node["type"] == "OPERATOR_NOT":
            yield from _in_condition(node["children"][0], (*path, "children", 0))


def _beside_column(operands: Any, keys: Sequence[str | int], path: Path) -> Iterator[tuple[Path, Node]]:
    """The constants among operands of which one is a column. Long lists of constants are left out."""
    if any(isinstance(operands[key], dict) and operands[key]["class"] == "COLUMN_REF" for key in keys):
        for key in keys:
            if isinstance(operands[key], dict) and operands[key]["class"] == "CONSTANT":
                yield (*path, key), operands[key]
