"""Rows with named columns, as the FROM clause of a statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from supertable.domain.names import quoted
from supertable.entrypoints.odata.model.entity_types import EntityType, Property
from supertable.entrypoints.odata.sql.values.bindings import Bindings
from supertable.entrypoints.odata.sql.values.compiler import Compiler
from supertable.entrypoints.odata.sql.values.scopes import Scope

ALIAS = "t"


@dataclass(frozen=True, slots=True)
class Relation:
    """`source`: the FROM clause, whose columns have the alias `t`. `conditions`: what its rows must meet.

    `unique`: paths whose values no two rows share; empty: there is one row at most. None: a digest of the values of
    `identity` tells rows apart, and equal rows are counted; `row_identity` is the name of what is made of that.
    """

    source: str
    properties: tuple[Property, ...]
    unique: tuple[tuple[str, ...], ...] | None
    identity: tuple[Property, ...] = ()
    conditions: tuple[str, ...] = ()
    row_identity: str = ""

    @property
    def from_where(self) -> str:
        where = f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""
        return f"FROM {self.source}{where}"

    def compiler(self, bindings: Bindings, option: str) -> Compiler:
        return Compiler(bindings, Scope(self.properties, ALIAS, row_identity=self.row_identity), option)

    def filtered(self, condition: str) -> Relation:
        return replace(self, conditions=(*self.conditions, condition))

    def extended(self, columns: Sequence[tuple[str, Property]]) -> Relation:
        """With more columns, each with its SQL."""
        more = ", ".join(f"{sql} AS {quoted(each.column)}" for sql, each in columns)
        source = f"(SELECT {ALIAS}.*, {more} {self.from_where}) AS {ALIAS}"
        added = (*self.properties, *(each for _, each in columns))
        return Relation(source, added, self.unique, self.identity, row_identity=self.row_identity)

    def wrapped(self, rest: str, properties: Sequence[Property] | None = None) -> Relation:
        """The rows of `SELECT t.* FROM …` with more clauses, such as an order and a limit."""
        source = f"(SELECT {ALIAS}.* {self.from_where} {rest}) AS {ALIAS}"
        return replace(self, source=source, conditions=(), properties=tuple(properties or self.properties))


def table_relation(entity: EntityType, version: int | None) -> Relation:
    """All rows of the entity set. `version`: None for views."""
    at = f" AT (VERSION => {version})" if version is not None else ""
    source = f"{quoted(entity.supertable)}.{quoted(entity.table)} AS {ALIAS}{at}"
    unique = tuple((name,) for name in entity.key) if entity.key else None
    identity = "" if entity.key else entity.row_identity
    return Relation(source, entity.properties, unique, entity.properties, row_identity=identity)
