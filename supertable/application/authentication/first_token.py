"""The first token of an organization, by which the superuser signs in."""

from __future__ import annotations

from supertable.application.access_control.access_changes import AccessChanges
from supertable.application.authentication.sign_in import LoginMask, SignInRules
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.domain.access.accounts import (
    TOKEN_PREFIX,
    Access,
    AccessAction,
    AccessChange,
    Authorization,
    Token,
    token_digest,
)

FIRST_TOKEN_DAYS = 30
"""Long enough to create other tokens with it. Later, the superuser can sign in with SUPERTABLE_SUPERTOKEN."""
_DAY_US = 24 * 3_600_000_000


class FirstToken:
    """Called at the start of a service. If several start at once, only one of them gets a token."""

    def __init__(self, rules: SignInRules, changes: AccessChanges, clock: Clock, identifiers: Identifiers) -> None:
        self._rules = rules
        self._changes = changes
        self._clock = clock
        self._identifiers = identifiers

    def __call__(self, organization: str) -> str | None:
        """The token, to be shown to the operator: only its digest is stored.

        None if a super token is set, if the organization has a user or a token already, or if the superuser may not
        sign in.
        """
        if self._rules.super_token is not None or LoginMask.SUPERUSER not in self._rules.mask:
            return None
        secret = TOKEN_PREFIX + self._identifiers.secret()
        superuser = self._rules.superuser_of(organization)
        now = self._clock.now_us()
        token = Token(
            id=self._identifiers.new(),
            user=superuser.user,
            name="first token",
            digest=token_digest(secret),
            created_at_us=now,
            expires_at_us=now + FIRST_TOKEN_DAYS * _DAY_US,
        )

        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            return [] if access.users or access.tokens else [AccessChange(AccessAction.PUT_TOKEN, token=token)]

        return secret if token.id in self._changes.change(superuser, propose).tokens else None
