"""What the name of a relation means: a table of a supertable, or the union of its tables."""

from __future__ import annotations

from typing import NamedTuple

from supertable.application.ports.engines.parsed_statements import Relation, TagAt, VersionAt
from supertable.application.tables.namespace import Namespace
from supertable.domain.errors import StatementRefused
from supertable.domain.names import name_key


class Target(NamedTuple):
    """A table in a supertable; None: the union of all its tables."""

    namespace: Namespace
    table: str | None


def target_of(namespace: Namespace, relation: Relation) -> Target:
    """Raises `StatementRefused` for text that is no name, and `TableNotFound` for another organization."""
    where, name = namespace.named(relation.parts)
    if len(relation.parts) > 1 or name_key(name) != name_key(namespace.supertable):
        return Target(where, name)
    if isinstance(relation.at, VersionAt | TagAt) or relation.changes:
        raise StatementRefused(
            f"{name} is the union of its tables, which have no version in common. Use AT (TIMESTAMP => ...) instead."
        )
    return Target(namespace, None)
