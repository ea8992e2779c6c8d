"""Finds the relations of which a statement needs the first rows alone: `ORDER BY column LIMIT n` over one table.

Everything else in the SELECT must be columns and operators on them, which neither drop nor add rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, literal_text, nodes
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.domain.scan.first_rows import MOST_FIRST_ROWS, FirstRows
from supertable.domain.schema.schemas import Schema

_CLAUSES = ("where_clause", "group_expressions", "group_sets", "having", "sample", "qualify")
_PLAIN = frozenset({"COLUMN_REF", "CONSTANT", "CAST", "TYPE", "COMPARISON", "CONJUNCTION", "CASE", "BETWEEN"})
_STAR_PARTS = ("exclude_list", "replace_list", "rename_list", "qualified_exclude_list", "expr", "relation_name")


def first_rows_of(tree: Node, token: str, schema: Schema) -> FirstRows | None:
    """`token`: the relation's generated name. None: all its rows matter."""
    for node in nodes(tree):
        if node.get("type") == "SELECT_NODE" and node["from_table"].get("table_name") == token:
            return _first_rows(node, schema)
    return None


def _first_rows(select: Node, schema: Schema) -> FirstRows | None:
    table = select["from_table"]
    plain = table["type"] == "BASE_TABLE" and not table["sample"] and not table["column_name_alias"]
    if not plain or any(select[clause] for clause in _CLAUSES) or not all(map(_keeps_rows, select["select_list"])):
        return None
    if [each["type"] for each in select["modifiers"]] != ["ORDER_MODIFIER", "LIMIT_MODIFIER"]:
        return None
    (first, *_), limit = select["modifiers"][0]["orders"], select["modifiers"][1]
    column, count = _column(first["expression"], select["select_list"], table["alias"]), _count(limit)
    if column is None or count is None or schema.find(column) is None:
        return None
    return FirstRows(column, count, first["type"] == "DESCENDING", first["null_order"] == "NULLS FIRST")


def _keeps_rows(item: Node) -> bool:
    if item["class"] == "STAR":
        return not item["columns"] and not any(item[part] for part in _STAR_PARTS)
    return all(
        node["class"] in _PLAIN or (node["class"] == "FUNCTION" and node["is_operator"])
        for node in nodes(item)
        if "class" in node
    )


def _column(expression: Node, items: Sequence[Node], table: str) -> str | None:
    """The column of the table that the expression names, which may be the alias or the number of an item."""
    number = literal_text(expression, "INTEGER")
    if number is not None:
        before = items[: int(number)]
        is_item = 0 < int(number) == len(before) and all(item["class"] != "STAR" for item in before)
        return _column_name(before[-1], table) if is_item else None
    name = _column_name(expression, table)
    if name is None or len(expression["column_names"]) == 2:
        return name
    named = [item for item in items if ascii_lower(item["alias"]) == ascii_lower(name)]
    return _column_name(named[0], table) if len(named) == 1 else None if named else name


def _column_name(expression: Node, table: str) -> str | None:
    if expression["class"] != "COLUMN_REF":
        return None
    *qualifier, name = expression["column_names"]
    known = not qualifier or (len(qualifier) == 1 and table and ascii_lower(qualifier[0]) == ascii_lower(table))
    return str(name) if known else None


def _count(limit: Node) -> int | None:
    if limit["limit_type"] != "ROW_COUNT" or not limit["limit"]:
        return None
    texts = [literal_text(each, "INTEGER") for each in (limit["limit"], limit["offset"]) if each]
    if not all(text and text.isdigit() for text in texts):
        return None
    count = sum(map(int, filter(None, texts)))
    return count if 0 < count <= MOST_FIRST_ROWS else None
