"""A supertable of an organization, as one session uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from supertable.application.ports.local_rows import LocalRows
from supertable.domain.access.sessions import Session, owner
from supertable.domain.errors import InvalidName, StatementRefused, TableNotFound
from supertable.domain.names import checked_name, name_key
from supertable.domain.storage_layout import registry_log, table_log, tables_folder
from supertable.domain.system_tables import SYSTEM


@dataclass(frozen=True, slots=True)
class Namespace:
    """A supertable of an organization, by checked names, and the session that uses it.

    `self_table`: the table that statements may name `self`; None: there is none. `local`: what else they may name on
    the caller's machine; None: nothing.
    """

    organization: str
    supertable: str
    session: Session
    self_table: str | None = None
    local: LocalRows | None = field(default=None, compare=False, repr=False)

    @property
    def registry(self) -> str:
        return registry_log(self.organization, self.supertable)

    @property
    def tables_folder(self) -> str:
        return tables_folder(self.organization, self.supertable)

    def folder(self, table_id: str) -> str:
        return table_log(self.organization, self.supertable, table_id)

    def named(self, parts: Sequence[str]) -> tuple[Namespace, str]:
        """The supertable and the name of a table that a statement names by one to three parts.

        Raises `StatementRefused` for parts that are no names, and `TableNotFound` for other organizations.
        """
        if self.self_table is not None and [name_key(part) for part in parts] == ["self"]:
            return self, self.self_table
        *qualifiers, name = parts
        try:
            for part in parts:
                checked_name("table", part)
        except InvalidName:
            raise StatementRefused(
                f"{'.'.join(parts)!r} is not a valid table name. Files cannot be read by their path."
            ) from None
        if len(qualifiers) == 2 and name_key(qualifiers[0]) != name_key(self.organization):
            raise TableNotFound(".".join(parts))
        return Namespace(self.organization, qualifiers[-1], self.session) if qualifiers else self, name


def audit_namespace(organization: str) -> Namespace:
    """The supertable of the audit log, with the session of SuperTable itself."""
    return Namespace(organization, SYSTEM, owner(organization))
