"""A supertable of an organization, as one session uses it."""

from __future__ import annotations

from dataclasses import dataclass

from supertable.domain.access.sessions import Session, owner
from supertable.domain.storage_layout import registry_log, table_log, tables_folder
from supertable.domain.system_tables import SYSTEM


@dataclass(frozen=True, slots=True)
class Namespace:
    """A supertable of an organization, by checked names, and the session that uses it."""

    organization: str
    supertable: str
    session: Session

    @property
    def registry(self) -> str:
        return registry_log(self.organization, self.supertable)

    @property
    def tables_folder(self) -> str:
        return tables_folder(self.organization, self.supertable)

    def folder(self, table_id: str) -> str:
        return table_log(self.organization, self.supertable, table_id)


def audit_namespace(organization: str) -> Namespace:
    """The supertable of the audit log, with the session of SuperTable itself."""
    return Namespace(organization, SYSTEM, owner(organization))
