"""JSON Web Tokens (RFC 7519), verified as RFC 8725 recommends."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import jwt

from supertable.adapters.token_verifiers.key_sources import Keys
from supertable.application.ports.token_verifiers import Claims

_LOG = logging.getLogger(__name__)
_LONGEST_TEXT = 1024
_MOST_ROLES = 64
_LATEST_SECONDS = 253_402_300_799
"""The last second of the year 9999, since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class JwtRules:
    """What a token must contain, and which claims are used.

    `organization_claim`: None: every token is for `organization`. `role_claims`: the first that a token has is used.
    `attribute_claims`: each is a string, integer or boolean, or an object of those.
    """

    issuer: str
    audience: str
    organization: str
    organization_claim: str | None = None
    user_claim: str = "sub"
    role_claims: tuple[str, ...] = ("role", "roles")
    attribute_claims: tuple[str, ...] = ()
    leeway_seconds: float = 0


class _InvalidClaim(Exception):
    """A token with a valid signature has a claim that cannot be used, or no key is known for it."""


class JwtVerifier:
    """The token's `kid` selects the key among those of the issuer; nothing else of its header is used."""

    def __init__(self, rules: JwtRules, keys: Keys) -> None:
        self._rules = rules
        self._keys = keys

    def claims(self, token: str) -> Claims | None:
        try:
            kid = jwt.get_unverified_header(token).get("kid")  # PyJWT refuses one that is not a string
            key = self._keys.find(kid)
            if key is None:
                raise _InvalidClaim("no key has the id of its header")
            return self._claims(
                jwt.decode(
                    token,
                    key.material,
                    algorithms=[key.algorithm],
                    audience=self._rules.audience,
                    issuer=self._rules.issuer,
                    leeway=self._rules.leeway_seconds,
                    options={"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
                )
            )
        except (jwt.PyJWTError, _InvalidClaim, ValueError, TypeError, OverflowError, RecursionError) as error:
            _LOG.info("a signed token was refused: %s", error)
            return None

    def _claims(self, given: dict[str, Any]) -> Claims:
        rules = self._rules
        for claim in ("exp", "nbf", "iat"):
            if claim in given:
                _require_time(given[claim], claim)
        organization = rules.organization
        if rules.organization_claim:
            organization = _text(given.get(rules.organization_claim), rules.organization_claim)
        return Claims(
            issuer=rules.issuer,
            subject=_text(given["sub"], "sub"),
            name=_text(given.get(rules.user_claim), rules.user_claim),
            organization=organization,
            expires_at_us=int((int(given["exp"]) + rules.leeway_seconds) * 1_000_000),
            roles=self._roles(given),
            attributes=tuple(sorted(self._attributes(given).items())),
        )

    def _roles(self, given: dict[str, Any]) -> tuple[str, ...]:
        claim = next((claim for claim in self._rules.role_claims if claim in given), None)
        if claim is None:
            return ()
        listed = given[claim] if isinstance(given[claim], list) else [given[claim]]
        if len(listed) > _MOST_ROLES:
            raise _InvalidClaim(f"claim {claim!r} has more than {_MOST_ROLES} entries")
        return tuple(_text(role, claim) for role in listed)

    def _attributes(self, given: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for claim in self._rules.attribute_claims:
            value = given.get(claim)
            if isinstance(value, dict):
                found |= {_text(name, claim): _scalar(each, claim) for name, each in value.items()}
            elif value is not None:
                found[claim] = _scalar(value, claim)
        return found


def _require_time(value: object, claim: str) -> None:
    """PyJWT alone accepts text."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST_SECONDS:
        raise _InvalidClaim(f"claim {claim!r} is not a number of seconds since 1970")


def _scalar(value: object, claim: str) -> str:
    """The value as text: numbers and booleans as in JSON; a string may be empty."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == "":
        return ""
    return str(value) if isinstance(value, int) else _text(value, claim)


def _text(value: object, claim: str) -> str:
    if not isinstance(value, str) or not value or len(value) > _LONGEST_TEXT or not value.isprintable():
        raise _InvalidClaim(
            f"claim {claim!r} is missing, or is not a printable string of 1 to {_LONGEST_TEXT:,} characters"
        )
    return value
