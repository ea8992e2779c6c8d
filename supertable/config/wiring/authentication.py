"""Signing in."""

from __future__ import annotations

from supertable.adapters.codecs.json_documents import JsonDocument
from supertable.application.access_control.accounts_log import AccountsLog
from supertable.application.audit_recorder import AuditRecorder
from supertable.application.authentication.first_token import FirstToken
from supertable.application.authentication.sign_in import SignIn
from supertable.application.authentication.sign_in_events import SignInEvents
from supertable.application.authentication.tickets import Ticket, Tickets
from supertable.application.authentication.token_last_use import TokenLastUse
from supertable.application.authentication.who_am_i import WhoAmI
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.ports.object_stores import ObjectStore
from supertable.config.backends import sign_in_methods
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.access_control import access_changes, access_log
from supertable.config.wiring.foundation.audit_recorder import audit
from supertable.config.wiring.foundation.storage import clock, identifiers, settings, store
from supertable.config.wiring.tables import tables


def _sign_in_events(
    *, audit: AuditRecorder, access_log: AccountsLog, token_last_use: TokenLastUse, settings: Settings
) -> SignInEvents:
    return SignInEvents(
        audit=audit, access_log=access_log, token_last_use=token_last_use, organization=settings.organization
    )


sign_in_rules = singleton(sign_in_methods.sign_in_rules, settings=provided(settings))
token_verifier = singleton(sign_in_methods.token_verifier, settings=provided(settings), clock=provided(clock))
token_last_use = singleton(TokenLastUse, access_log=provided(access_log), clock=provided(clock))
sign_in_events = singleton(
    _sign_in_events,
    audit=provided(audit),
    access_log=provided(access_log),
    token_last_use=provided(token_last_use),
    settings=provided(settings),
)
sign_in = singleton(
    SignIn,
    rules=provided(sign_in_rules),
    access_log=provided(access_log),
    verifier=provided(token_verifier),
    observer=provided(sign_in_events),
    clock=provided(clock),
)
first_token = singleton(
    FirstToken,
    rules=provided(sign_in_rules),
    changes=provided(access_changes),
    clock=provided(clock),
    identifiers=provided(identifiers),
)
who_am_i = singleton(WhoAmI, tables=provided(tables))


def _tickets(*, store: ObjectStore, clock: Clock, identifiers: Identifiers, sign_in_events: SignInEvents) -> Tickets:
    return Tickets(
        store=store, codec=JsonDocument(Ticket), clock=clock, identifiers=identifiers, observer=sign_in_events
    )


tickets = singleton(
    _tickets,
    store=provided(store),
    clock=provided(clock),
    identifiers=provided(identifiers),
    sign_in_events=provided(sign_in_events),
)
