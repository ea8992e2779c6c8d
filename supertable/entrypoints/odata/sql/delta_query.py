"""The entities that changed between two versions, as one query over the change feed, in the order of their keys.

Whether an entity matched before and matches now decides what a client hears of it: one that matches now is sent as it
is, one that only matched before is removed, and of others it hears nothing. All relations are those of the caller's
role, so rows that come into its sight or leave it are like others that are made or removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from supertable.application.queries.row_pages.row_filters import Parameters
from supertable.domain.names import quoted
from supertable.domain.schema.types import Field
from supertable.entrypoints.odata.model.entity_types import EntityType, Property
from supertable.entrypoints.odata.sql.entity_query import EntityQuery

EXISTS, MATCHES = "entity exists", "entity matches"
"""Columns of the query before those of the key and of the entity: booleans."""


@dataclass(frozen=True, slots=True)
class DeltaQuery:
    """`columns`: of the entities. A row has `EXISTS`, `MATCHES`, the values of the key, then those of the entity."""

    sql: str
    parameters: dict[str, Any]
    key: tuple[Property, ...]
    columns: tuple[Property, ...]

    @property
    def position_columns(self) -> tuple[str, ...]:
        return ()


def delta_query(
    entity: EntityType,
    before: EntityQuery,
    now: EntityQuery,
    versions: tuple[int, int],
    after: Sequence[str] | None,
    rows: int,
) -> DeltaQuery:
    """`before`, `now`: the entities that match at the two `versions`, whole and unordered; their columns begin with
    those of the key. `after`: the key, as texts, of the last entity that was sent. `rows`: at most so many."""
    key = tuple(each for name in entity.key if (each := entity.property_of(name)))
    names = [f"k{number}" for number in range(len(key))]
    columns = [f"c{number}" for number in range(len(now.columns))]
    parameters = Parameters()
    table = f"{quoted(entity.supertable)}.{quoted(entity.table)}"
    feed = f"table_changes('{entity.supertable}.{entity.table}', {versions[0]}, {versions[1]})"
    changed = ", ".join(f"{quoted(each.column)} AS {name}" for each, name in zip(key, names, strict=True))
    real = ", ".join(quoted(each.column) for each in key)
    place = f" WHERE {_after(key, names, after, parameters)}" if after is not None else ""
    shown = ", ".join(f"n.{name}" for name in columns)
    sql = (
        f"SELECT e.k0 IS NOT NULL AS {quoted(EXISTS)}, n.c0 IS NOT NULL AS {quoted(MATCHES)}, "
        f"{', '.join(f'd.{name}' for name in names)}, {shown} "
        f"FROM (SELECT DISTINCT {changed} FROM {feed}) AS d "
        f"LEFT JOIN ({now.sql}) AS n({', '.join(columns)}) ON {_equal(names, 'n', columns)} "
        f"LEFT JOIN ({before.sql}) AS b({', '.join(_of(before))}) ON {_equal(names, 'b', _of(before))} "
        f"LEFT JOIN (SELECT {real} FROM {table} AT (VERSION => {versions[1]})) AS e({', '.join(names)}) "
        f"ON {_equal(names, 'e', names)} "
        f"{place}{' AND' if place else ' WHERE'} (n.c0 IS NOT NULL OR b.c0 IS NOT NULL) "
        f"ORDER BY {', '.join(f'd.{name}' for name in names)} LIMIT {rows}"
    )
    return DeltaQuery(sql, {**before.parameters, **now.parameters, **parameters.values}, key, tuple(now.columns))


def _of(query: EntityQuery) -> list[str]:
    return [f"c{number}" for number in range(len(query.columns))]


def _equal(names: Sequence[str], other: str, columns: Sequence[str]) -> str:
    return " AND ".join(f"d.{name} = {other}.{column}" for name, column in zip(names, columns, strict=False))


def _after(key: Sequence[Property], names: Sequence[str], after: Sequence[str], parameters: Parameters) -> str:
    """The condition that an entity comes after the one with the key `after`."""
    bound = parameters.add(Field(0, key[0].column, key[0].stored), after[0])
    rest = f" OR (d.{names[0]} = {bound} AND {_after(key[1:], names[1:], after[1:], parameters)})" if key[1:] else ""
    return f"(d.{names[0]} > {bound}{rest})"
