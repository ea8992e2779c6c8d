"""PIVOTs that name no values: DuckDB reads the values first, by a statement of its own, and so do we.

Such a statement cannot be parsed alone. A marker stands for the values of each column until they are known.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import duckdb

from supertable.adapters.engines.duckdb.statement.parse_tree import (
    Node,
    call,
    cast,
    column,
    constant,
    literal_text,
    nodes,
    select_of,
    star_over,
    subquery,
)
from supertable.domain.errors import StatementRefused

_PIVOT = frozenset({"pivot", "pivot_wider"})
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_AFTER = frozenset({"using", "group", "order", "limit", "offset", "union", "except", "intersect"})


class _Token(NamedTuple):
    """A token in lower case, its place in the bytes of the statement, and how many brackets are open around it."""

    text: str
    start: int
    end: int
    depth: int


class _Unknown(NamedTuple):
    """A PIVOT, its column without values, and the common table expressions around it, the outermost first."""

    pivot: Node
    column: Node
    visible: tuple[list[Node], ...]


def with_markers(sql: str) -> tuple[str, str]:
    """The statement with a marker as the value of each PIVOT that names none, and the marker."""
    marker = "st_pivot"
    while marker in sql.lower():
        marker += "q"
    raw = sql.encode()
    for start, end in sorted(_columns(_tokens(sql)), reverse=True):
        raw = raw[:start] + b"(" + raw[start:end] + f") IN ('{marker}')".encode() + raw[end:]
    return raw.decode(), marker


def fill(tree: Node, marker: str, values: Sequence[Sequence[str]]) -> Node | None:
    """Puts the values in the place of markers. Returns the query for those of the next; None: all are known."""
    remaining = list(values)
    for unknown in list(_unknown(tree, marker, ())):
        if not remaining:
            return _values_query(unknown)
        found = remaining.pop(0)
        if found:
            unknown.column["entries"] = [_entry(value) for value in found]
        else:
            _leave_out(unknown.pivot, marker)
    return None


def _leave_out(pivot: Node, marker: str) -> None:
    """Makes the PIVOT a query without the columns of the marker, which stays as the only value: there are none."""
    inner = dict(pivot)
    query = star_over(inner)
    named = {"class": "OPERATOR", "type": "OPERATOR_NOT", "alias": ""}
    condition = {**named, "children": [call("contains", column("c"), constant("STRING", marker))]}
    kind = {"class": "LAMBDA", "type": "LAMBDA", "alias": "", "syntax_type": "LAMBDA_KEYWORD"}
    chosen = call("list_filter", query["select_list"][0], {**kind, "lhs": column("c"), "expr": condition})
    query["select_list"] = [{**query["select_list"][0], "columns": True, "expr": chosen}]
    pivot.clear()
    pivot.update(subquery(query), alias=inner["alias"])
    inner["alias"] = ""


def _columns(tokens: Sequence[_Token]) -> Iterator[tuple[int, int]]:
    """Where the columns of PIVOTs without values start and end."""
    for start, token in enumerate(tokens):
        if token.text in _PIVOT and not _is_clause(tokens, start):
            yield from _of_pivot(tokens, start)


def _is_clause(tokens: Sequence[_Token], start: int) -> bool:
    """Whether it is `table PIVOT (… FOR …)`, which always has values."""
    inside = _until_closed(tokens, start + 1, tokens[start].depth + 1)
    return any(token.text == "for" and token.depth == tokens[start].depth + 1 for token in inside)


def _until_closed(tokens: Sequence[_Token], start: int, depth: int) -> list[_Token]:
    """The tokens in the brackets that open at `start`; empty if none do."""
    if start >= len(tokens) or tokens[start].text != "(":
        return []
    found = []
    for token in tokens[start + 1 :]:
        if token.depth < depth:
            break
        found.append(token)
    return found


def _of_pivot(tokens: Sequence[_Token], start: int) -> Iterator[tuple[int, int]]:
    depth = tokens[start].depth
    body: list[_Token] = []
    for token in tokens[start + 1 :]:
        if token.depth < depth or token.text == ";":
            break
        body.append(token)
    on = [place for place, token in enumerate(body) if token.depth == depth and token.text == "on"]
    if not on:
        return
    first = next((at for at in on if _ends(body[at + 1 :], depth)), on[-1])
    for part in _split(_list(body[first + 1 :], depth), depth):
        if part and not any(one.text == "in" and one.depth == depth for one in part):
            yield part[0].start, part[-1].end


def _split(tokens: Sequence[_Token], depth: int) -> list[list[_Token]]:
    """The tokens between commas."""
    found: list[list[_Token]] = [[]]
    for token in tokens:
        if token.depth == depth and token.text == ",":
            found.append([])
        else:
            found[-1].append(token)
    return found


def _ends(tokens: Sequence[_Token], depth: int) -> bool:
    """Whether no further ON comes before the clause after the columns: the ON is not that of a join."""
    return not any(token.text == "on" and token.depth == depth for token in _list(tokens, depth))


def _list(tokens: Sequence[_Token], depth: int) -> list[_Token]:
    found = []
    for token in tokens:
        if token.depth == depth and token.text in _AFTER:
            break
        found.append(token)
    return found


def _tokens(sql: str) -> list[_Token]:
    """All tokens but comments. A bracket has the depth around it."""
    raw = sql.encode()
    starts = duckdb.tokenize(sql)
    ends = [start for start, _ in starts[1:]] + [len(raw)]
    found, depth = [], 0
    for (start, kind), end in zip(starts, ends, strict=False):
        if kind == duckdb.token_type.comment:
            continue
        text = raw[start:end].rstrip()
        word = text.decode().lower()
        depth -= word in _CLOSING
        found.append(_Token(word, start, start + len(text), depth))
        depth += word in _OPENING
    return found


def _unknown(node: Any, marker: str, visible: tuple[list[Node], ...]) -> Iterator[_Unknown]:
    """The columns without values in the order in which their values can be read: sources come before their PIVOTs."""
    if isinstance(node, list):
        for item in node:
            yield from _unknown(item, marker, visible)
        return
    if not isinstance(node, dict):
        return
    entries: list[Node] = node["cte_map"]["map"] if "cte_map" in node else []
    for number, entry in enumerate(entries):
        yield from _unknown(entry["value"], marker, (*visible, entries[:number]))
    inner = (*visible, entries) if entries else visible
    for key, value in node.items():
        if key != "cte_map" and not (node.get("type") == "PIVOT" and key == "pivots"):
            yield from _unknown(value, marker, inner)
    for pivoted in node["pivots"] if node.get("type") == "PIVOT" else ():
        if any(literal_text(one["star_expr"], "STRING") == marker for one in pivoted["entries"] if one["star_expr"]):
            yield _Unknown(node, pivoted, inner)


def _values_query(unknown: _Unknown) -> Node:
    """The statement of the distinct values, as text."""
    expressions = unknown.column["pivot_expressions"]
    if len(expressions) != 1 or any(node.get("class") == "PARAMETER" for node in nodes(unknown.pivot)):
        raise StatementRefused("This PIVOT needs its values. Use PIVOT … ON column IN (…).")
    expression = expressions[0]
    query = select_of({**cast(copy.deepcopy(expression), "VARCHAR"), "alias": "value"})
    query["from_table"] = copy.deepcopy(unknown.pivot["source"])
    query["where_clause"] = {"class": "OPERATOR", "type": "OPERATOR_IS_NOT_NULL", "alias": "", "children": [expression]}
    query["modifiers"] = [{"type": "DISTINCT_MODIFIER", "distinct_on_targets": []}]
    for entries in reversed(unknown.visible):
        if entries:
            query = {**star_over(subquery(query)), "cte_map": {"map": copy.deepcopy(entries)}}
    return {"node": query, "named_param_map": []}


def _entry(value: str) -> Node:
    return {"values": [], "star_expr": constant("STRING", value), "alias": ""}
