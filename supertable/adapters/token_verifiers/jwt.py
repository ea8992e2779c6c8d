"""JSON Web Tokens (RFC 7519), checked as RFC 8725 wants it."""

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


@dataclass(frozen=True, slots=True)
class JwtRules:
    """`organization_claim`: None: tokens are for `organization` and no other. `role_claims`: the first that is there.

    `attribute_claims`: each a text, number or truth value, or an object of such.
    """

    issuer: str
    audience: str
    organization: str
    organization_claim: str | None = None
    user_claim: str = "sub"
    role_claims: tuple[str, ...] = ("role", "roles")
    attribute_claims: tuple[str, ...] = ()
    leeway_seconds: float = 0


class _Refused(Exception):
    """A token with a sound signature says something that is not to be used."""


class JwtVerifier:
    """The key is chosen by the token's `kid` among those that are configured; nothing else of its header is used."""

    def __init__(self, rules: JwtRules, keys: Keys) -> None:
        self._rules = rules
        self._keys = keys

    def claims(self, token: str) -> Claims | None:
        try:
            kid = jwt.get_unverified_header(token).get("kid")  # PyJWT refuses one that is not text
            key = self._keys.find(kid)
            if key is None:
                raise _Refused("no key has its id")
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
        except (jwt.PyJWTError, _Refused, ValueError, TypeError, OverflowError, RecursionError) as error:
            _LOG.info("a signed token was refused: %s", error)
            return None

    def _claims(self, said: dict[str, Any]) -> Claims:
        rules = self._rules
        organization = rules.organization
        if rules.organization_claim:
            organization = _text(said.get(rules.organization_claim), rules.organization_claim)
        return Claims(
            issuer=rules.issuer,
            subject=_text(said["sub"], "sub"),
            name=_text(said.get(rules.user_claim), rules.user_claim),
            organization=organization,
            expires_at_us=int((int(said["exp"]) + rules.leeway_seconds) * 1_000_000),
            roles=self._roles(said),
            attributes=tuple(sorted(self._attributes(said).items())),
        )

    def _roles(self, said: dict[str, Any]) -> tuple[str, ...]:
        claim = next((claim for claim in self._rules.role_claims if claim in said), None)
        if claim is None:
            return ()
        listed = said[claim] if isinstance(said[claim], list) else [said[claim]]
        if len(listed) > _MOST_ROLES:
            raise _Refused(f"claim {claim!r} has more than {_MOST_ROLES} entries")
        return tuple(_text(role, claim) for role in listed)

    def _attributes(self, said: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for claim in self._rules.attribute_claims:
            value = said.get(claim)
            if isinstance(value, dict):
                found |= {_text(name, claim): _scalar(each, claim) for name, each in value.items()}
            elif value is not None:
                found[claim] = _scalar(value, claim)
        return found


def _scalar(value: object, claim: str) -> str:
    """Numbers and truth values are written as in JSON; text may be empty."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == "":
        return ""
    return str(value) if isinstance(value, int) else _text(value, claim)


def _text(value: object, claim: str) -> str:
    if not isinstance(value, str) or not value or len(value) > _LONGEST_TEXT or not value.isprintable():
        raise _Refused(f"claim {claim!r} is missing, or is not such text as can be used")
    return value
