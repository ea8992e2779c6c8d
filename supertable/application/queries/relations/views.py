"""Views in statements: their queries are read with the caller's rights, at the same cut as everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pyarrow as pa

from supertable.application.ports.engines.engine import CheckingEngine
from supertable.application.ports.engines.parsed_statements import Known, Relation, Statement, ViewText
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.queries.relations.bound_relations import Bound, Relations
from supertable.application.queries.relations.listings import ViewColumns, no_columns
from supertable.application.queries.targets import Target
from supertable.application.storage.arrow.arrow_schemas import fields_of
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import (
    AccessDenied,
    CatalogUnavailable,
    InvalidInput,
    InvalidStatement,
    NotFound,
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    StatementRefused,
    SupertableError,
)
from supertable.domain.schema.types import Field

_MOST_ROUNDS = 8
MOST_FOUND = 200
"""More views are not read: the engine refuses half as many."""

Parts = tuple[str, ...]


class Expanded(NamedTuple):
    """A statement without views, its bound relations, and what its text does not say."""

    statement: Statement
    bound: Bound
    known: Known


class _Used(NamedTuple):
    """A view that a name stands for, and its query."""

    target: Target
    text: ViewText


class Views:
    def __init__(self, tables: Tables, relations: Relations, engine: CheckingEngine) -> None:
        self._tables = tables
        self._relations = relations
        self._engine = engine

    def expand(
        self,
        namespace: Namespace,
        sql: str,
        statement: Statement,
        columns: ViewColumns | None = None,
        given: tuple[tuple[Parts, ViewText], ...] = (),
        only_tables: bool = False,
    ) -> Expanded:
        """The statement with the queries of its views, bound at one cut.

        Raises what binding raises; `AccessDenied` where the caller may not read what a view reads, which it does not
        name; and `InvalidStatement` for a view that no longer fits its tables. `columns`: see `Listings`.
        `given`: views that the catalog does not have. `only_tables`: raise `StatementRefused` for views.
        """
        named = dict.fromkeys(relation.parts for relation in statement.relations)
        bound = self._bound(namespace, statement, {}, columns or self.columns)
        if not bound.views and not given:
            return Expanded(statement, bound, Known())
        if only_tables:
            names = " and ".join(view.name for view in bound.views.values())
            raise StatementRefused(
                f"UPDATE, MERGE and DELETE read tables, and {names} is a view. Nothing was changed. INSERT and CREATE "
                "TABLE AS read views."
            )
        for _ in range(_MOST_ROUNDS):
            found = self._found(namespace, self._targets(namespace, statement), given)
            known = Known(views=(*((parts, one.text) for parts, one in sorted(found.items())), *given))
            expanded = self._engine.parse(sql, known)
            bound = self._bound(namespace, expanded, found, columns or self.columns)
            if _used(expanded.relations, bound, found) == found:
                self._check(namespace, bound, known, [parts for parts in named if parts in found])
                return Expanded(expanded, bound, known)
        raise CatalogUnavailable("views changed during every attempt to read them")

    def columns(self, namespace: Namespace, view: OpenTable) -> tuple[Field, ...]:
        """The columns of a view as the caller sees them; empty if the caller cannot read it."""
        sql = _probe((namespace.supertable, view.name))
        try:
            # a view of `information_schema` would ask for its own columns again
            statement, bound, _ = self.expand(namespace, sql, self._engine.parse(sql), no_columns)
            return tuple(fields_of(self._schema(namespace, statement, bound)))
        except (InvalidInput, QueryFailed, NotFound, AccessDenied):
            return ()

    def _targets(self, namespace: Namespace, statement: Statement) -> dict[Parts, Target]:
        targets = self._relations.targets(namespace, statement.relations)
        return {each.parts: targets[each.id] for each in statement.relations if each.id in targets}

    def _found(
        self, namespace: Namespace, named: Mapping[Parts, Target], given: tuple[tuple[Parts, ViewText], ...]
    ) -> dict[Parts, _Used]:
        """The views that names stand for, and those that the queries of these name, as far as the caller may know."""
        found: dict[Parts, _Used] = {}
        texts = [text for _, text in given]
        while True:
            views = self._relations.views(named.values())
            fresh = {parts: _Used(one, view_text(views[one])) for parts, one in named.items() if one in views}
            found |= fresh
            texts += [one.text for one in fresh.values()]
            if not texts or len(found) > MOST_FOUND:
                return {parts: one for parts, one in found.items() if parts not in dict(given)}
            inside = (pair for text in texts for pair in self._named_in(namespace, text).items())
            named = {parts: one for parts, one in inside if parts not in found}
            texts = []

    def _named_in(self, namespace: Namespace, text: ViewText) -> dict[Parts, Target]:
        inside = Namespace(namespace.organization, text.supertable, namespace.session)
        targets = self._targets(inside, self._engine.parse(text.sql))
        return {(parts if len(parts) > 1 else (text.supertable, *parts)): one for parts, one in targets.items()}

    def check_text(self, namespace: Namespace, name: str, sql: str) -> None:
        """Raises `StatementRefused` for a text that cannot be the query of a view, and what `expand` raises."""
        parts = (namespace.supertable, name)
        given = ((parts, ViewText(namespace.supertable, sql)),)
        probe = _probe(parts)
        self.expand(namespace, probe, self._engine.parse(probe, Known(views=given)), no_columns, given)

    def _bound(
        self, namespace: Namespace, statement: Statement, found: Mapping[Parts, _Used], columns: ViewColumns
    ) -> Bound:
        """The relations, and the views found before, all at one cut."""
        targets = self._relations.targets(namespace, statement.relations)
        views = {one.target for one in found.values()}
        try:
            return self._relations.bind(namespace, statement.relations, targets, views, columns)
        except (NotFound, AccessDenied) as error:
            written = [relation for relation in statement.relations if not relation.view]
            if len(written) == len(statement.relations):
                raise
            self._relations.bind(namespace, written, {one.id: targets[one.id] for one in written if one.id in targets})
            names = dict.fromkeys(relation.view for relation in statement.relations if relation.view)
            raise self._told(namespace, " or ".join(names), error) from None

    def _check(self, namespace: Namespace, bound: Bound, known: Known, named: Iterable[Parts]) -> None:
        """Raises `InvalidStatement` for a view whose query cannot run, before its errors become the statement's."""
        for parts in named:
            try:
                statement = self._engine.parse(_probe(parts), known)
                self._schema(namespace, statement, bound.of_part(statement))
            except (QueryCancelled, QueryTimeout):
                raise
            except (InvalidStatement, QueryFailed) as error:
                raise self._told(namespace, parts[-1], error) from None

    def _schema(self, namespace: Namespace, statement: Statement, bound: Bound) -> pa.Schema:
        sources = self._relations.sources(statement, bound, ())
        running = self._engine.run(statement, sources, (), Limits(user=namespace.session.user))
        try:
            return running.reader.schema
        finally:
            running.close()

    def _told(self, namespace: Namespace, name: str, error: SupertableError) -> SupertableError:
        """The error for the caller, who learns what the view reads only where the role reaches everything."""
        if self._tables.authorization(namespace.session).role.reaches_all:
            return InvalidStatement(
                f"View {name} does not fit what it reads: {error} Define it anew with CREATE OR REPLACE VIEW."
            )
        return AccessDenied(
            f"View {name} cannot be read under this role: it reads something that the role does not see, or that no "
            "longer exists."
        )


def view_text(view: OpenTable) -> ViewText:
    assert view.namespace is not None
    return ViewText(view.namespace.supertable, view.snapshot.definition.view)


def _used(relations: Iterable[Relation], bound: Bound, found: Mapping[Parts, _Used]) -> dict[Parts, _Used]:
    """The views that names stand for, as they are at this cut."""
    named = {parts: one.target for parts, one in found.items()}
    named |= {each.parts: bound.targets[each.id] for each in relations if each.id in bound.targets}
    views = bound.views
    return {parts: _Used(target, view_text(views[target])) for parts, target in named.items() if target in views}


def _probe(parts: Parts) -> str:
    """A query of a view's columns that needs no row."""
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in parts)
    return f"SELECT * FROM {quoted} LIMIT 0"
