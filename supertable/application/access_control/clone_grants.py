"""What roles see of a clone: what they see of its origin, from the moment that it has a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from supertable.application.access_control.access_changes import AccessChanges
from supertable.application.tables.lookup import Tables
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.place import Place
from supertable.domain.access.accounts import Access, AccessAction, AccessChange, Acting
from supertable.domain.access.role_changes import ruled
from supertable.domain.access.roles import Permission, Role


class CloneRules:
    """Done for whoever may clone, who need not be one who may grant: nobody sees more by it."""

    def __init__(self, changes: AccessChanges, tables: Tables) -> None:
        self._changes = changes
        self._tables = tables

    def copy(self, place: Place, origin: OpenTable, clone: OpenTable) -> None:
        """Every role that has a rule for the origin gets the same one for the clone, which nobody knows yet."""
        there = self._tables.registry(place).entries.keys()

        def likewise(role: Role) -> Role:
            rule = role.rule_for(place.supertable, origin.entry.table_id, origin.name)
            if rule is None:
                return role
            return ruled(role, replace(rule, table_id=clone.entry.table_id, name=clone.name), there)

        self._change(place, likewise)

    def forget(self, place: Place, clone: OpenTable) -> None:
        """For a clone that did not come to be, whose rules would close another table of its name."""
        table_id = clone.entry.table_id

        def without(role: Role) -> Role:
            return replace(role, rules={known: rule for known, rule in role.rules.items() if known != table_id})

        self._change(place, without)

    def _change(self, place: Place, edit: Callable[[Role], Role]) -> None:
        def propose(access: Access, _: Acting) -> list[AccessChange]:
            edited = [(role, edit(role)) for role in access.roles.values()]
            return [AccessChange(AccessAction.PUT_ROLE, role=made) for role, made in edited if made != role]

        self._changes.change(place.session, propose, Permission.CONTROL)
