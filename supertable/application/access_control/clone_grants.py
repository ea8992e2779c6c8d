"""Copies the rules of a clone's origin to the clone, so that no role sees more of it."""

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
    """Requires CONTROL, the permission to clone, not RBAC: no role sees more rows or columns by it."""

    def __init__(self, changes: AccessChanges, tables: Tables) -> None:
        self._changes = changes
        self._tables = tables

    def copy(self, namespace: Namespace, origin: OpenTable, clone: OpenTable) -> None:
        """Give every role with a rule for `origin` the same rule for `clone`, which must not be registered yet."""
        existing = self._tables.registry(namespace).entries.keys()

        def with_copied_rule(role: Role) -> Role:
            rule = role.rule_for(namespace.supertable, origin.entry.table_id, origin.name)
            if rule is None:
                return role
            return with_rule(role, replace(rule, table_id=clone.entry.table_id, name=clone.name), existing)

        self._change(namespace, with_copied_rule)

    def forget(self, namespace: Namespace, clone: OpenTable) -> None:
        """Remove the rules of a clone that was not created: they would close another table of its name."""
        table_id = clone.entry.table_id

        def without_rule(role: Role) -> Role:
            return replace(role, rules={known: rule for known, rule in role.rules.items() if known != table_id})

        self._change(namespace, without_rule)

    def _change(self, namespace: Namespace, edit: Callable[[Role], Role]) -> None:
        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            pairs = [(role, edit(role)) for role in access.roles.values()]
            return [AccessChange(AccessAction.PUT_ROLE, role=edited) for role, edited in pairs if edited != role]

        self._changes.change(namespace.session, propose, Permission.CONTROL)
