"""Parsed and checked statements, and what their text does not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from supertable.domain.scan.first_rows import FirstRows
from supertable.domain.scan.predicates import Predicate
from supertable.domain.scan.summaries import Summary
from supertable.domain.schema.schemas import Schema

Parameters = Sequence[Any] | Mapping[str, Any]
"""Values, by position or by name: see `queries.parameters`."""


@dataclass(frozen=True, slots=True)
class VersionAt:
    """`AT (VERSION => n)`."""

    version: int


@dataclass(frozen=True, slots=True)
class TagAt:
    """`AT (VERSION => 'name')`: the version that a tag names."""

    tag: str


@dataclass(frozen=True, slots=True)
class TimestampAt:
    """`AT (TIMESTAMP => t)`: the newest version committed at or before `at_us`, microseconds since 1970 UTC."""

    at_us: int


@dataclass(frozen=True, slots=True)
class ChangesRequest:
    """A range of versions: from the one after `after` (0: from the first) to `up_to`, inclusive (None: the newest)."""

    after: int
    up_to: int | None


class Show(StrEnum):
    """What a SHOW statement lists. `VERSIONS`: of the table that the relation names, as `table_versions` does."""

    TABLES = "tables"
    ALL_TABLES = "all tables"
    SCHEMAS = "schemas"
    DATABASES = "databases"
    VERSIONS = "versions"


@dataclass(frozen=True, slots=True)
class Relation:
    """One reference to a catalog table in a statement. `id` is unique in the statement.

    `parts` is the name as written, one to three parts: table; supertable.table; organization.supertable.table.
    `at`: the version to read; None: the newest. `changes`: set for `table_changes('name', after, up_to)`, which stands
    for the changes of the table's rows; None: the reference stands for the rows themselves. `show`: set where it stands
    for a listing; then `parts` names a supertable or, for versions, a table. `view`: the view in whose
    query it stands, the outermost of several; empty: it stands in the statement itself.
    """

    id: int
    parts: tuple[str, ...]
    at: VersionAt | TagAt | TimestampAt | None
    changes: ChangesRequest | None = None
    show: Show | None = None
    view: str = ""


class Statement(Protocol):
    """A checked statement of one engine. Immutable; may be bound and run many times."""

    @property
    def relations(self) -> Sequence[Relation]: ...

    @property
    def explain(self) -> bool:
        """Whether the statement is an EXPLAIN: its result is the plan, not rows."""

    @property
    def analyze(self) -> bool:
        """Whether the plan is that of a run, with the rows and times of operators: EXPLAIN ANALYZE."""

    @property
    def shape(self) -> str:
        """The statement with placeholders in place of values, for the audit log."""

    @property
    def repeatable(self) -> bool:
        """Whether the same data give the same rows at any time: no part of the statement depends on time or chance."""

    @property
    def values_query(self) -> str:
        """The query of the first values of a PIVOT that are not known, one text column; empty: all are known.

        Until then the statement cannot run: it is parsed again with these values too.
        """

    @property
    def summaries(self) -> Sequence[Summary]:
        """Its items, if all are aggregates over the whole of its one relation; else empty."""

    def predicate(
        self,
        relation_id: int,
        schemas: Mapping[int, Schema],
        parameters: Sequence[Any] | Mapping[str, Any] = (),
    ) -> Predicate:
        """The necessary condition on one relation's rows that follows from the statement's WHERE, for file pruning.

        `schemas`: by relation id, of all relations; one that is missing (a union of tables) has unknown columns.
        `parameters`: values to use in comparisons with parameters; without them, these comparisons prune nothing.
        """

    def is_counted(self, relation_id: int) -> bool:
        """Whether of one relation only the number of its rows matters, so that an engine reads no file for it."""

    def first_rows(self, relation_id: int, schema: Schema) -> FirstRows | None:
        """The rows of one relation that matter, if these are its first by one column. `schema`: of the relation."""


@dataclass(frozen=True, slots=True)
class ViewText:
    """The query of a view. `supertable`: that of the names in it that have one part."""

    supertable: str
    sql: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a statement's text does not say.

    `pivots`: the values of PIVOTs that name none, in the order of their `Statement.values_query`. `views`: the names
    that stand for views, as in `Relation.parts`; their queries become parts of the statement.
    """

    pivots: tuple[tuple[str, ...], ...] = ()
    views: tuple[tuple[tuple[str, ...], ViewText], ...] = ()


NOTHING_KNOWN = Known()
