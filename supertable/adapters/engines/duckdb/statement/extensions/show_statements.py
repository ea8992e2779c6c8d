"""SHOW statements. Those that list become references to listings, those of a table a DESCRIBE."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, replace_by_table, set_name, star_over, table
from supertable.application.ports.engines.parsed_statements import Show

_LISTS = {
    '"tables"': Show.TABLES,
    "__show_tables_expanded": Show.ALL_TABLES,
    '"schemas"': Show.SCHEMAS,
    '"databases"': Show.DATABASES,
}


def listed(node: Node) -> Show | None:
    """What the SHOW statement lists; None for other nodes."""
    if node.get("type") != "SHOW_REF":
        return None
    if node["show_type"] == "SHOW_FROM":
        return Show.TABLES
    return _LISTS.get(node["table_name"]) if node["show_type"] == "SHOW_SPECIAL" else None


def replace_list(node: Node, show: Show) -> tuple[str, ...]:
    """Turns the SHOW statement into a table reference, and returns the parts of the name of the supertable."""
    parts = tuple(part for part in (node["catalog_name"], node["schema_name"]) if part)
    replace_by_table(node)
    set_name(node, show.value.replace(" ", "_"))
    return parts


def describe_instead(node: Node) -> None:
    """Turns `SHOW table` into `DESCRIBE table`. No-op for other nodes."""
    if node.get("type") != "SHOW_REF" or node["show_type"] != "SHOW":
        return
    if node["query"] is None:
        node["query"] = star_over(table(node["table_name"]))
    node["show_type"] = "DESCRIBE"
    node.update(catalog_name="", schema_name="", table_name="", qualified_name={"path": []})
