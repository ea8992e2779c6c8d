"""Signing in: from a credential to a session.

There are three kinds of credentials: the super token of the settings, stored tokens, and tokens that another system
signs (JWTs).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from enum import IntFlag
from typing import Protocol

from supertable.application.ports.clocks import Clock
from supertable.application.ports.token_verifiers import Claims, TokenVerifier
from supertable.domain.access.accounts import TOKEN_PREFIX, Access, Token, authorization, token_digest
from supertable.domain.access.roles import SUPERADMIN, RoleType
from supertable.domain.access.sessions import Session, external_user_hash, superuser_hash
from supertable.domain.errors import AccessDenied, NotSignedIn
from supertable.domain.names import checked_name, name_key

MOST_CREDENTIAL_CHARACTERS = 16_384
_REFUSED = "This token is not valid here: it is unknown, was revoked or has expired. Nothing was done; get a new token."


class LoginMask(IntFlag):
    """Which kinds of users may sign in."""

    SUPERUSER = 1
    REGULAR = 2


@dataclass(frozen=True, slots=True)
class SignInRules:
    """`super_token`: None: none is set. `superuser`: the superuser's hash; None: the organization's default.

    `external_superadmins`: whether JWTs may give roles of the type superadmin. `external_roles`: those of users who are
    not stored and whose JWT names no role; the first is their default.
    """

    super_token: str | None = field(default=None, repr=False)
    superuser: str | None = None
    mask: LoginMask = LoginMask.SUPERUSER | LoginMask.REGULAR
    external_superadmins: bool = False
    external_roles: tuple[str, ...] = ()

    def superuser_of(self, organization: str, role: str | None = None, token: str = "") -> Session:
        """The superuser's session under a role. `token`: the id of the stored token used, if one was."""
        user = self.superuser or superuser_hash(organization)
        return Session(organization, user, "superuser", role or SUPERADMIN.name, superuser=True, token=token)


@dataclass(frozen=True, slots=True)
class _Caller:
    """An authenticated caller. Whether they may use the role of the session is not checked yet.

    `roles`: the only ones that the credential permits; None: the owner's stored roles decide. `access`: the state in
    which the credential was looked up; None: it was not.
    """

    session: Session
    access: Access | None = None
    roles: tuple[str, ...] | None = None
    token: Token | None = None
    claims: Claims | None = None


class Accounts(Protocol):
    def newest(self, organization: str) -> Access:
        """The newest state, with every change that was acknowledged before the call."""


class _ReadOnce:
    """Accounts as they were when each organization was first asked for."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._found: dict[str, Access] = {}

    def newest(self, organization: str) -> Access:
        if organization not in self._found:
            self._found[organization] = self._accounts.newest(organization)
        return self._found[organization]


class SignInObserver(Protocol):
    """Called with the result of every sign-in, never with the credential. Raises only `AuditUnavailable`."""

    def signed_in(self, session: Session, token: Token | None) -> None:
        """`token`: the stored token used; None: another credential."""

    def refused(self, session: Session, error: AccessDenied) -> None:
        """The caller is known, but may not sign in under this role."""

    def unknown(self, organization: str, error: NotSignedIn) -> None:
        """The credential is not valid."""


class SignIn:
    """Reads the stored users and tokens at every sign-in, so that revoking one takes effect at once."""

    def __init__(
        self,
        rules: SignInRules,
        access_log: Accounts,
        verifier: TokenVerifier | None,
        observer: SignInObserver,
        clock: Clock,
    ) -> None:
        self._rules = rules
        self._access_log = access_log
        self._verifier = verifier
        self._observer = observer
        self._clock = clock

    def __call__(self, organization: str, credential: str, role: str | None = None) -> Session:
        """The session of the credential's owner, under `role` (None: their default role).

        Raises `NotSignedIn`, which never says what is wrong with the credential; `AccessDenied` if the owner may not
        use the role; `InvalidName` for the organization or the role; and `Unavailable`.
        """
        checked_name("organization", organization)
        if role:
            checked_name("role", role)
        try:
            caller = self._authenticate(organization, credential, role or None)
        except NotSignedIn as error:
            self._observer.unknown(organization, error)
            raise
        try:
            session = self._authorize(caller)
        except AccessDenied as error:
            self._observer.refused(caller.session, error)
            raise
        self._observer.signed_in(session, caller.token)
        return session

    def for_user(self, organization: str, user_hash: str) -> Session:
        """The session of a stored user under their default role, for whom a trusted application vouches.

        The caller checks that the application may. It never is a superuser, and the rights are those of the user when
        they act. Raises `AccessDenied` if there is no such user, or the user is disabled or has no role.
        """
        checked_name("organization", organization)
        access = self._access_log.newest(organization)
        user = access.users.get(user_hash)
        if user is None or not user.enabled or user.hash == self._rules.superuser_of(organization).user:
            raise AccessDenied("There is no such user, or the user is disabled. Nothing was done.")
        caller = _Caller(Session(organization, user.hash, user.name, _first(user.roles)), access)
        try:
            session = self._authorize(caller)
        except AccessDenied as error:
            self._observer.refused(caller.session, error)
            raise
        self._observer.signed_in(session, None)
        return session

    def reading_once(self) -> SignIn:
        """The same for callers who already wait: it reads each organization's users and tokens once for all of them."""
        return SignIn(self._rules, _ReadOnce(self._access_log), self._verifier, self._observer, self._clock)

    def is_issued_here(self, credential: str) -> bool:
        """Whether the credential is the super token or looks like a stored one, so that nobody else is asked."""
        return credential.startswith(TOKEN_PREFIX) or self._is_super_token(credential)

    def _authenticate(self, organization: str, credential: str, role: str | None) -> _Caller:
        if not 0 < len(credential) <= MOST_CREDENTIAL_CHARACTERS:
            raise NotSignedIn(_REFUSED)
        if self._is_super_token(credential):
            return _Caller(self._rules.superuser_of(organization, role))
        if credential.startswith(TOKEN_PREFIX):
            return self._by_stored_token(organization, credential, role)
        return self._by_signed_token(organization, credential, role)

    def _is_super_token(self, credential: str) -> bool:
        expected = self._rules.super_token
        return expected is not None and hmac.compare_digest(token_digest(credential), token_digest(expected))

    def _by_stored_token(self, organization: str, credential: str, role: str | None) -> _Caller:
        access = self._access_log.newest(organization)
        token = access.token_of(token_digest(credential))
        if token is None or (token.expires_at_us is not None and self._clock.now_us() >= token.expires_at_us):
            raise NotSignedIn(_REFUSED)
        wanted = role or token.role
        session = self._rules.superuser_of(organization, wanted, token.id)
        if token.user != session.user:
            user = access.users.get(token.user)
            if user is None or not user.enabled:
                raise NotSignedIn(_REFUSED)
            session = Session(organization, user.hash, user.name, wanted or _first(user.roles), token=token.id)
        return _Caller(session, access, (token.role,) if token.role else None, token)

    def _by_signed_token(self, organization: str, credential: str, role: str | None) -> _Caller:
        """A stored user has the stored roles and attributes; for other users they are those of the token.

        If the token names no role, any of a stored user's roles may be used, and for other users those of the rules.
        """
        claims = self._verifier.claims(credential) if self._verifier else None
        if claims is None or name_key(claims.organization) != name_key(organization):
            raise NotSignedIn(_REFUSED)
        access = self._access_log.newest(organization)
        hashed = external_user_hash(claims.issuer, claims.subject)
        user = access.users.get(hashed) or access.user_named(claims.name)
        if user is None:
            roles = claims.roles or self._rules.external_roles
            wanted = role or _first(roles)
            session = Session(organization, hashed, claims.name, wanted, external=True, attributes=claims.attributes)
            return _Caller(replace(session, until_us=claims.expires_at_us), access, roles, claims=claims)
        if not user.enabled:
            raise NotSignedIn(_REFUSED)
        session = Session(organization, user.hash, user.name, role or _first(claims.roles or user.roles))
        until = replace(session, until_us=claims.expires_at_us)
        return _Caller(until, access, claims.roles or None, claims=claims)

    def _authorize(self, caller: _Caller) -> Session:
        """The session, with its role's name as stored. Raises `AccessDenied`."""
        session = caller.session
        mask = LoginMask.SUPERUSER if session.superuser else LoginMask.REGULAR
        if mask not in self._rules.mask:
            who = "superusers" if session.superuser else "users other than the superuser"
            raise AccessDenied(f"Sign-in is disabled for {who} (SUPERTABLE_LOGIN_MASK).")
        if not session.role or caller.roles == ():
            raise AccessDenied("This user has no role, and so no permissions. Ask an administrator to grant one.")
        if caller.roles and name_key(session.role) not in map(name_key, caller.roles):
            raise AccessDenied(f"This token does not permit the role {session.role!r}, only {', '.join(caller.roles)}.")
        if session.superuser and name_key(session.role) == SUPERADMIN.name:
            return replace(session, role=SUPERADMIN.name)
        access = caller.access or self._access_log.newest(session.organization)
        role = authorization(access, session, self._clock.now_us()).role
        if caller.claims and role.type is RoleType.SUPERADMIN and not self._rules.external_superadmins:
            raise AccessDenied("Tokens of another system cannot use superadmin roles here (SUPERTABLE_JWT_SUPERADMIN).")
        return replace(session, role=role.name)


def _first(roles: tuple[str, ...]) -> str:
    return roles[0] if roles else ""
