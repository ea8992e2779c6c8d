"""Verification of tokens that another system signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a valid token. `subject` is the permanent id of the user within `issuer`; `name` is for display.

    `organization`: the only one for which the token is valid. `roles`: the roles it claims; the first is the default.
    `expires_at_us`: microseconds since 1970 UTC. `attributes`: (name, value) pairs that row filters may use.
    """

    issuer: str
    subject: str
    name: str
    organization: str
    expires_at_us: int
    roles: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


class TokenVerifier(Protocol):
    def claims(self, token: str) -> Claims | None:
        """The token's claims; None if the token is not valid, for whatever reason.

        Raises `Unavailable` if that cannot be decided, because the issuer's keys cannot be fetched.
        """
