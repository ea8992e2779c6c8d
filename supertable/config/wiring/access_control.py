"""Roles, users and tokens."""

from __future__ import annotations

from supertable.application.access_control.access_changes import AccessChanges
from supertable.application.access_control.accounts_log import AccountsLog
from supertable.application.access_control.clone_grants import CloneGrants
from supertable.application.access_control.manage_roles import ManageRoles
from supertable.application.access_control.manage_tokens import ManageTokens
from supertable.application.access_control.manage_users import ManageUsers
from supertable.application.access_control.role_descriptions import RoleDescriptions
from supertable.application.access_control.table_grants import TableGrants
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.engines.in_process import row_filter_parser
from supertable.config.wiring.foundation.audit_recorder import audit
from supertable.config.wiring.foundation.storage import clock, identifiers
from supertable.config.wiring.foundation.transaction_log import accesses, commit_clock, heads
from supertable.config.wiring.tables import tables

access_log = singleton(
    AccountsLog,
    heads=provided(heads),
    accesses=provided(accesses),
    clock=provided(clock),
    commit_clock=provided(commit_clock),
    identifiers=provided(identifiers),
)
access_changes = singleton(AccessChanges, log=provided(access_log), audit=provided(audit), clock=provided(clock))
table_grants = singleton(TableGrants, tables=provided(tables), filters=provided(row_filter_parser))
role_descriptions = singleton(RoleDescriptions, tables=provided(tables), filters=provided(row_filter_parser))
manage_roles = singleton(
    ManageRoles,
    changes=provided(access_changes),
    tables=provided(tables),
    rules=provided(table_grants),
    infos=provided(role_descriptions),
)
manage_users = singleton(ManageUsers, changes=provided(access_changes), identifiers=provided(identifiers))
manage_tokens = singleton(
    ManageTokens, changes=provided(access_changes), clock=provided(clock), identifiers=provided(identifiers)
)
clone_grants = singleton(CloneGrants, changes=provided(access_changes), tables=provided(tables))
