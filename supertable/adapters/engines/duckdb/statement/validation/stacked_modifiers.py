"""Queries in parentheses with further clauses after them: `(SELECT … LIMIT 5) ORDER BY a`.

DuckDB keeps the clauses of both in one list, which its rendering cannot write. So the first ones stay with the query,
which becomes a subquery of `SELECT * … ORDER BY a`. Of two columns with one name, the second is renamed there: `a_1`.
"""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, star_over, subquery

_PLACES = {"DISTINCT_MODIFIER": 0, "ORDER_MODIFIER": 1, "LIMIT_MODIFIER": 2}


def nest_modifiers(query: Node) -> None:
    """Changes the query in place, so that it has its clauses in the order of SQL, and each once."""
    groups = _groups(query.get("modifiers") or [])
    if len(groups) < 2:
        return
    ctes = query["cte_map"]
    nested = {**query, "modifiers": groups[0], "cte_map": {"map": []}}
    for group in groups[1:]:
        nested = {**star_over(subquery(nested)), "modifiers": group}
    query.clear()
    query.update(nested, cte_map=ctes)


def _groups(modifiers: list[Node]) -> list[list[Node]]:
    groups: list[list[Node]] = []
    before = -1
    for modifier in modifiers:
        place = _PLACES.get(modifier["type"], -1)
        if not groups or place <= before:
            groups.append([])
        groups[-1].append(modifier)
        before = place
    return groups
