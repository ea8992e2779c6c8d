"""What roles see of a clone: what they see of its origin, from the moment that it has a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from supertable.application.access_control.access_changes import AccessChanges
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.accounts import Access, AccessAction, AccessChange, Authorization
from supertable.domain.access.role_changes import with_rule
from supertable.domain.access.roles import Permission, Role


class CloneGrants:
    """Done for whoever may clone, who need not be one who may grant: nobody sees more by it."""

    def __init__(self, changes: AccessChanges, tables: Tables) -> None:
        self._changes = changes
        self._tables = tables

    def copy(self, namespace: Namespace, origin: OpenTable, clone: OpenTable) -> None:
        """Every role that has a rule for the origin gets the same one for the clone, which nobody knows yet."""
        there = self._tables.registry(namespace).entries.keys()

        def likewise(role: Role) -> Role:
            rule = role.rule_for(namespace.supertable, origin.entry.table_id, origin.name)
            if rule is None:
                return role
            return with_rule(role, replace(rule, table_id=clone.entry.table_id, name=clone.name), there)

        self._change(namespace, likewise)

    def forget(self, namespace: Namespace, clone: OpenTable) -> None:
        """For a clone that did not come to be, whose rules would close another table of its name."""
        table_id = clone.entry.table_id

        def without(role: Role) -> Role:
            return replace(role, rules={known: rule for known, rule in role.rules.items() if known != table_id})

        self._change(namespace, without)

    def _change(self, namespace: Namespace, edit: Callable[[Role], Role]) -> None:
        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            edited = [(role, edit(role)) for role in access.roles.values()]
            return [AccessChange(AccessAction.PUT_ROLE, role=made) for role, made in edited if made != role]

        self._changes.change(namespace.session, propose, Permission.CONTROL)
