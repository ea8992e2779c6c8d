"""Signing in: from a credential to a session.

Three kinds are known: the super token of the settings, tokens that are stored, and tokens that another system signs.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from enum import IntFlag
from typing import Protocol

from supertable.application.access_log import AccessLog
from supertable.application.ports.clocks import Clock
from supertable.application.ports.token_verifiers import Claims, TokenVerifier
from supertable.domain.access import TOKEN_PREFIX, Access, Token, acting, digest_of
from supertable.domain.errors import AccessDenied, NotSignedIn
from supertable.domain.names import checked_name, name_key
from supertable.domain.roles import SUPERADMIN, RoleType
from supertable.domain.sessions import Session, superuser_hash, vouched_hash

MOST_CREDENTIAL_CHARACTERS = 16_384
_REFUSED = "This token is not valid here: it is unknown, was revoked or has expired. Nothing was done; get a new one."


class LoginMask(IntFlag):
    """Who may sign in."""

    SUPERUSER = 1
    REGULAR = 2


@dataclass(frozen=True, slots=True)
class SignInRules:
    """`super_token`: None: there is none. `superuser`: the superuser's hash; None: the usual one."""

    super_token: str | None = field(default=None, repr=False)
    superuser: str | None = None
    mask: LoginMask = LoginMask.SUPERUSER | LoginMask.REGULAR
    vouched_superadmins: bool = False

    def superuser_of(self, organization: str) -> str:
        return self.superuser or superuser_hash(organization)


class TokenUse(Protocol):
    def note(self, organization: str, token: Token) -> None:
        """This token was used just now. Returns at once, and never fails."""


class SignIn:
    """What is stored is read anew each time, so that what was revoked is refused from that moment on."""

    def __init__(
        self,
        rules: SignInRules,
        access_log: AccessLog,
        verifier: TokenVerifier | None,
        token_use: TokenUse,
        clock: Clock,
    ) -> None:
        self._rules = rules
        self._access_log = access_log
        self._verifier = verifier
        self._token_use = token_use
        self._clock = clock

    def __call__(self, organization: str, credential: str, role: str | None = None) -> Session:
        """The session of whoever has the credential, under `role` or the one that is theirs by default.

        Raises `NotSignedIn`, which never says what was wrong with the credential; `AccessDenied` where the role is not
        theirs to take; `InvalidName` for the organization; and `Unavailable`.
        """
        checked_name("organization", organization)
        session = self._session(organization, credential, role or None)
        wanted = LoginMask.SUPERUSER if session.superuser else LoginMask.REGULAR
        if wanted not in self._rules.mask:
            who = "superusers" if session.superuser else "users other than the superuser"
            raise AccessDenied(f"Signing in is closed to {who} (SUPERTABLE_LOGIN_MASK).")
        return session

    def _session(self, organization: str, credential: str, role: str | None) -> Session:
        if not 0 < len(credential) <= MOST_CREDENTIAL_CHARACTERS:
            raise NotSignedIn(_REFUSED)
        if self._is_super_token(credential):
            return self._checked(self._superuser(organization, role))
        if credential.startswith(TOKEN_PREFIX):
            return self._stored(organization, credential, role)
        return self._vouched(organization, credential, role)

    def _is_super_token(self, credential: str) -> bool:
        expected = self._rules.super_token
        return expected is not None and hmac.compare_digest(digest_of(credential), digest_of(expected))

    def _superuser(self, organization: str, role: str | None, token: Token | None = None) -> Session:
        bound = token.role if token else None
        return Session(
            organization,
            self._rules.superuser_of(organization),
            "superuser",
            bound or role or SUPERADMIN.name,
            superuser=True,
            token=token.id if token else "",
        )

    def _stored(self, organization: str, credential: str, role: str | None) -> Session:
        access = self._access_log.newest(organization)
        token = access.token_of(digest_of(credential))
        if token is None or (token.expires_at_us is not None and self._clock.now_us() >= token.expires_at_us):
            raise NotSignedIn(_REFUSED)
        session = self._session_of(organization, access, token, role)
        if token.role and role and name_key(role) != name_key(token.role):
            raise AccessDenied(f"This token is for the role {token.role!r} only.")
        session = self._checked(session, access)
        self._token_use.note(organization, token)
        return session

    def _session_of(self, organization: str, access: Access, token: Token, role: str | None) -> Session:
        if token.user == self._rules.superuser_of(organization):
            return self._superuser(organization, role, token)
        user = access.users.get(token.user)
        if user is None or not user.enabled:
            raise NotSignedIn(_REFUSED)
        chosen = token.role or role or next(iter(user.roles), None)
        return Session(organization, user.hash, user.name, _some(chosen), token=token.id)

    def _vouched(self, organization: str, credential: str, role: str | None) -> Session:
        claims = self._verifier.claims(credential) if self._verifier else None
        if claims is None or name_key(claims.organization or organization) != name_key(organization):
            raise NotSignedIn(_REFUSED)
        access = self._access_log.newest(organization)
        session = self._session_by(organization, access, claims, role)
        if claims.roles and name_key(session.role) not in map(name_key, claims.roles):
            raise AccessDenied(f"This token does not claim the role {session.role!r}.")
        session = self._checked(session, access)
        role_type = acting(access, session, self._clock.now_us()).role.type
        if role_type is RoleType.SUPERADMIN and not self._rules.vouched_superadmins:
            raise AccessDenied("Tokens of another system give no superadmin here (SUPERTABLE_JWT_SUPERADMIN).")
        return session

    def _session_by(self, organization: str, access: Access, claims: Claims, role: str | None) -> Session:
        """A user that is stored has the roles and attributes that are stored; else they are those of the token."""
        hashed = vouched_hash(claims.issuer, claims.subject)
        user = access.users.get(hashed) or access.user_named(claims.name)
        chosen = role or next(iter(claims.roles), None)
        ends = claims.expires_at_us
        if user is None:
            return Session(
                organization,
                hashed,
                claims.name,
                _some(chosen),
                vouched=True,
                attributes=claims.attributes,
                until_us=ends,
            )
        if not user.enabled:
            raise NotSignedIn(_REFUSED)
        chosen = chosen or next(iter(user.roles), None)
        return Session(organization, user.hash, user.name, _some(chosen), until_us=ends)

    def _checked(self, session: Session, access: Access | None = None) -> Session:
        """The same under its role as that is written where it is kept. Raises `AccessDenied` without that role."""
        if session.superuser and name_key(session.role) == SUPERADMIN.name:
            return replace(session, role=SUPERADMIN.name)
        known = access or self._access_log.newest(session.organization)
        return replace(session, role=acting(known, session, self._clock.now_us()).role.name)


def _some(role: str | None) -> str:
    if role is None:
        raise AccessDenied("This user has no role, so that there is nothing it may do. Ask for one to be granted.")
    return role
